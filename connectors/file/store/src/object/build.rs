//! Clients of object stores, by their settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpConnector, ReqwestConnector};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use url::Url;

use super::ObjectFiles;
use super::calls::{Access, Calls};
use crate::{Store, Trouble};

/// How long a request may take, its retries aside: 8 MiB have to get through.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A bucket of S3, or of a store that speaks its language.
pub struct S3Config {
    /// How messages call it: `s3://bucket`.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// Where the store is, with `https://` or `http://`, without the bucket; Amazon's own if none.
    pub endpoint: Option<String>,
    /// Whether the bucket is part of the host's name, not of the path.
    pub virtual_hosted: bool,
    /// The region, which requests are signed with.
    pub region: Option<String>,
    /// Who we are.
    pub access: S3Access,
}

/// Who we are to S3.
pub enum S3Access {
    /// Keys.
    Keys {
        /// The access key.
        key: String,
        /// Its secret.
        secret: String,
        /// The token of temporary keys.
        token: Option<String>,
    },
    /// What the environment, a web identity or the machine's profile gives.
    Environment,
    /// Nobody.
    Anonymous,
}

/// A bucket of Google Cloud Storage.
pub struct GcsConfig {
    /// The bucket.
    pub bucket: String,
    /// Where the store is, if it is another.
    pub endpoint: Option<String>,
    /// The key of a service account, as JSON; what the environment gives if none.
    pub service_account_key: Option<String>,
    /// Whether requests are not signed.
    pub anonymous: bool,
}

/// A container of Azure Blob Storage.
pub struct AzureConfig {
    /// The storage account.
    pub account: String,
    /// The container.
    pub container: String,
    /// Where the store is, if it is another.
    pub endpoint: Option<String>,
    /// Who we are.
    pub access: AzureAccess,
}

/// Who we are to Azure.
pub enum AzureAccess {
    /// The key of the account.
    Key(String),
    /// A shared access signature.
    Signature(String),
    /// An application of the directory.
    Application {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// Its secret.
        secret: String,
        /// Who is asked for tokens, if it is not Azure's own directory.
        authority: Option<String>,
    },
    /// What the environment or the machine gives.
    Environment,
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.,
        },
        max_retries: 6,
        retry_timeout: Duration::from_secs(60),
    }
}

fn client_options(endpoint: Option<&str>) -> ClientOptions {
    ClientOptions::new()
        .with_timeout(TIMEOUT)
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
}

fn not_set_up(name: &str, error: object_store::Error) -> io::Error {
    Trouble::new(format!("{name} can't be accessed with these options"))
        .cause(error)
        .io(io::ErrorKind::InvalidInput)
}

fn no_url(endpoint: &str) -> io::Error {
    Trouble::new(format!("{endpoint:?} is no address of a store"))
        .help("write it as host, host:port or https://host:port")
        .io(io::ErrorKind::InvalidInput)
}

/// The store of these settings. Nothing is asked of it yet.
///
/// # Errors
/// `InvalidInput` if they make no sense.
pub fn s3(config: S3Config) -> io::Result<Arc<dyn Store>> {
    let S3Config {
        name,
        bucket,
        endpoint,
        virtual_hosted,
        region,
        access,
    } = config;
    let options = client_options(endpoint.as_deref());
    let mut builder = match access {
        S3Access::Environment => AmazonS3Builder::from_env(),
        _ => AmazonS3Builder::new(),
    };
    builder = builder
        .with_bucket_name(&bucket)
        .with_client_options(options.clone())
        .with_retry(retries());
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    builder = builder.with_region(&region);
    let url = match &endpoint {
        Some(endpoint) => {
            let mut url = Url::parse(endpoint).map_err(|_| no_url(endpoint))?;
            if virtual_hosted {
                let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
                url.set_host(Some(&host)).map_err(|_| no_url(endpoint))?;
                builder = builder.with_endpoint(url.as_str().trim_end_matches('/'));
            } else {
                builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
                url.path_segments_mut()
                    .map_err(|()| no_url(endpoint))?
                    .pop_if_empty()
                    .push(&bucket);
            }
            builder = builder.with_virtual_hosted_style_request(virtual_hosted);
            url
        }
        None => {
            let host = format!("https://s3.{region}.amazonaws.com/{bucket}");
            Url::parse(&host).map_err(|_| no_url(&host))?
        }
    };
    let anonymous = matches!(access, S3Access::Anonymous);
    match access {
        S3Access::Keys { key, secret, token } => {
            builder = builder
                .with_access_key_id(key)
                .with_secret_access_key(secret);
            if let Some(token) = token {
                builder = builder.with_token(token);
            }
        }
        S3Access::Anonymous => builder = builder.with_skip_signature(true),
        S3Access::Environment => {}
    }
    let store = builder.build().map_err(|e| not_set_up(&name, e))?;
    let client = ReqwestConnector::default().connect(&options);
    let calls = Calls::Known {
        client: client.map_err(|e| not_set_up(&name, e))?,
        url,
        access: match anonymous {
            true => Access::Nothing,
            false => Access::Aws {
                credentials: store.credentials().clone(),
                region,
            },
        },
    };
    Ok(Arc::new(ObjectFiles::new(name, Arc::new(store), calls)))
}

/// The store of these settings. Nothing is asked of it yet.
///
/// # Errors
/// `InvalidInput` if they make no sense.
pub fn gcs(config: GcsConfig) -> io::Result<Arc<dyn Store>> {
    let name = format!("gs://{}", config.bucket);
    let options = client_options(config.endpoint.as_deref());
    let mut builder = match &config.service_account_key {
        None if !config.anonymous => GoogleCloudStorageBuilder::from_env(),
        _ => GoogleCloudStorageBuilder::new(),
    };
    builder = builder
        .with_bucket_name(&config.bucket)
        .with_client_options(options.clone())
        .with_retry(retries());
    if let Some(key) = config.service_account_key {
        builder = builder.with_service_account_key(key);
    }
    if config.anonymous {
        builder = builder.with_skip_signature(true);
    }
    let base = config
        .endpoint
        .unwrap_or_else(|| "https://storage.googleapis.com".to_owned());
    let mut url = Url::parse(&base).map_err(|_| no_url(&base))?;
    builder = builder.with_base_url(base.trim_end_matches('/'));
    url.path_segments_mut()
        .map_err(|()| no_url(&base))?
        .pop_if_empty()
        .push(&config.bucket);
    let store = builder.build().map_err(|e| not_set_up(&name, e))?;
    let client = ReqwestConnector::default().connect(&options);
    let calls = Calls::Known {
        client: client.map_err(|e| not_set_up(&name, e))?,
        url,
        access: match config.anonymous {
            true => Access::Nothing,
            false => Access::Google(store.credentials().clone()),
        },
    };
    Ok(Arc::new(ObjectFiles::new(name, Arc::new(store), calls)))
}

/// The store of these settings. Nothing is asked of it yet.
///
/// # Errors
/// `InvalidInput` if they make no sense.
pub fn azure(config: AzureConfig) -> io::Result<Arc<dyn Store>> {
    let name = format!("azure://{}/{}", config.account, config.container);
    let mut builder = match config.access {
        AzureAccess::Environment => MicrosoftAzureBuilder::from_env(),
        _ => MicrosoftAzureBuilder::new(),
    };
    builder = builder
        .with_account(config.account)
        .with_container_name(config.container)
        .with_client_options(client_options(config.endpoint.as_deref()))
        .with_retry(retries());
    if let Some(endpoint) = config.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
    }
    builder = match config.access {
        AzureAccess::Key(key) => builder.with_access_key(key),
        AzureAccess::Signature(signature) => {
            let signature = signature.trim_start_matches('?');
            builder.with_config(object_store::azure::AzureConfigKey::SasKey, signature)
        }
        AzureAccess::Application {
            tenant,
            client,
            secret,
            authority,
        } => {
            let builder = builder.with_client_secret_authorization(client, secret, tenant);
            match authority {
                Some(authority) => builder.with_authority_host(authority),
                None => builder,
            }
        }
        AzureAccess::Environment => builder,
    };
    let store = builder.build().map_err(|e| not_set_up(&name, e))?;
    // Blocks that belong to nothing are removed by Azure after a week.
    let calls = Calls::Unknown;
    Ok(Arc::new(ObjectFiles::new(name, Arc::new(store), calls)))
}
