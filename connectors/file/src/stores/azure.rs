//! AzureFile: Azure Blob Storage.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::{Options, Secret};
use seatunnel_file_store::Store;
use seatunnel_file_store::object::{AzureAccess, AzureConfig, azure};

use super::{StoreOptions, needed, plugin, with_scheme, wrong_options};

plugin! {
    name: "AzureFile",
    options: AzureOptions,
    source: "Reads files of a container of Azure Blob Storage.",
    sink: "Writes files into a container of Azure Blob Storage. In one piece or not at all: files are sent as blocks, which become a file when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_UPLOADS,
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
    /// Where the store is, if it is another: `http://127.0.0.1:10000/devstoreaccount1`.
    endpoint: Option<String>,
}

impl StoreOptions for AzureOptions {
    const PLUGIN: &'static str = "AzureFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let account = needed(Self::PLUGIN, "account_name", &self.account_name)?;
        let container = needed(Self::PLUGIN, "container", &self.container)?;
        let shown = |secret: &Secret| secret.expose().to_owned();
        let access = match (&self.account_key, &self.sas_token, &self.client_secret) {
            (Some(key), ..) => AzureAccess::Key(shown(key)),
            (_, Some(signature), _) => AzureAccess::Signature(shown(signature)),
            (.., Some(secret)) => AzureAccess::Application {
                tenant: needed(Self::PLUGIN, "tenant_id", &self.tenant_id)?.clone(),
                client: needed(Self::PLUGIN, "client_id", &self.client_id)?.clone(),
                secret: shown(secret),
            },
            (None, None, None) => AzureAccess::Environment,
        };
        let endpoint = self.endpoint.as_deref();
        let config = AzureConfig {
            account: account.clone(),
            container: container.clone(),
            endpoint: endpoint.map(|endpoint| with_scheme(endpoint, true)),
            access,
        };
        azure(config).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}
