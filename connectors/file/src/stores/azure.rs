//! AzureFile: Azure Blob Storage.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::{OptionEnum, Options, Secret};
use seatunnel_file_store::Store;
use seatunnel_file_store::object::{AzureAccess, AzureConfig, azure};

use super::{StoreOptions, needed, plugin, with_scheme, wrong_options};

plugin! {
    name: "AzureFile",
    aliases: ["ADLSFile"],
    options: AzureOptions,
    source: "Reads files of a container of Azure Blob Storage.",
    sink: "Writes files into a container of Azure Blob Storage. In one piece or not at all: files are sent as blocks, which become a file when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_UPLOADS,
}

/// Which credentials there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum AuthType {
    /// The key of the account.
    SharedKey,
    /// An application of the directory.
    OauthClientCredentials,
}

/// Where a container is and who we are. Without a key, a signature or an application, the environment
/// and the machine are asked.
#[derive(Clone, Debug, PartialEq, Options)]
#[options(
    exclusive("account_key", "sas_token", "client_secret"),
    together("tenant_id", "client_id", "client_secret")
)]
struct AzureOptions {
    /// The storage account.
    account_name: Option<String>,
    /// The container.
    container: Option<String>,
    /// The key of the account.
    account_key: Option<Secret>,
    /// A shared access signature.
    sas_token: Option<Secret>,
    /// The tenant of an application.
    tenant_id: Option<String>,
    /// The application.
    client_id: Option<String>,
    /// The secret of the application.
    client_secret: Option<Secret>,
    /// Who is asked for tokens of an application, if it is not Azure's own directory.
    #[option(since = "3.1.0")]
    authority_host: Option<String>,
    /// Which credentials there must be: `SHARED_KEY` stands for `account_key`, `OAUTH_CLIENT_CREDENTIALS` for an application. Those that are given are used.
    #[option(since = "3.1.0")]
    auth_type: Option<AuthType>,
    /// What stands behind the name of the account in the address of a store, if it is not `dfs.core.windows.net`: of the clouds for countries.
    #[option(since = "3.1.0")]
    endpoint_suffix: Option<String>,
    /// Where the store is, if it is another: `http://127.0.0.1:10000/devstoreaccount1`.
    endpoint: Option<String>,
}

impl StoreOptions for AzureOptions {
    const PLUGIN: &'static str = "AzureFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let account = needed(Self::PLUGIN, "account_name", &self.account_name)?;
        let container = needed(Self::PLUGIN, "container", &self.container)?;
        match self.auth_type {
            Some(AuthType::SharedKey) => {
                needed(Self::PLUGIN, "account_key", &self.account_key)?;
            }
            Some(AuthType::OauthClientCredentials) => {
                needed(Self::PLUGIN, "client_secret", &self.client_secret)?;
            }
            None => {}
        }
        let shown = |secret: &Secret| secret.expose().to_owned();
        let access = match (&self.account_key, &self.sas_token, &self.client_secret) {
            (Some(key), ..) => AzureAccess::Key(shown(key)),
            (_, Some(signature), _) => AzureAccess::Signature(shown(signature)),
            (.., Some(secret)) => AzureAccess::Application {
                tenant: needed(Self::PLUGIN, "tenant_id", &self.tenant_id)?.clone(),
                client: needed(Self::PLUGIN, "client_id", &self.client_id)?.clone(),
                secret: shown(secret),
                authority: self.authority_host.clone(),
            },
            (None, None, None) => AzureAccess::Environment,
        };
        let endpoint = match (&self.endpoint, &self.endpoint_suffix) {
            (Some(endpoint), _) => Some(endpoint.clone()),
            (None, Some(suffix)) => Some(host_of(account, suffix)),
            (None, None) => None,
        };
        let config = AzureConfig {
            account: account.clone(),
            container: container.clone(),
            endpoint: endpoint.map(|endpoint| with_scheme(&endpoint, true)),
            access,
        };
        azure(config).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}

/// The host of an account. Files are blobs, also where the suffix is that of the data lake.
fn host_of(account: &str, suffix: &str) -> String {
    let suffix = suffix.trim_start_matches('.');
    match suffix.strip_prefix("dfs.") {
        Some(cloud) => format!("{account}.blob.{cloud}"),
        None => format!("{account}.{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_those_of_blobs() {
        let host = host_of("lake", "dfs.core.chinacloudapi.cn");
        assert_eq!(host, "lake.blob.core.chinacloudapi.cn");
        let host = host_of("lake", ".blob.core.windows.net");
        assert_eq!(host, "lake.blob.core.windows.net");
    }
}
