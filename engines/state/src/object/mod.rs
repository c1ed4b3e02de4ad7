//! State in object stores: S3 and what speaks like it, Google Cloud Storage, Azure.
//!
//! ```text
//! <URL>/jobs/<key of the job>/lease.json   who works on the job
//!                            /run.json     the newest run
//!                            /<run>/N.checkpoint
//! ```

mod keeper;
mod lease;
mod storage;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, ObjectStoreScheme, RetryConfig,
};
use seatunnel_api::{Error, ErrorCode, Result, codes as api_codes};
use url::Url;

use crate::keeper::{FolderKeeper, refuse, without_user};
use crate::{codes, record};
use keeper::ObjectKeeper;
pub(crate) use lease::Terms;

/// How long one request is tried again, so that a checkpoint that can't be stored is told of.
const PATIENCE: Duration = Duration::from_secs(20);

/// A prefix of an object store that the state of many jobs lies under.
#[derive(Clone)]
pub(crate) struct StateStore {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// As it is shown.
    url: String,
    terms: Terms,
}

impl StateStore {
    /// # Errors
    /// [`api_codes::OPTION_INVALID`] if it is no URL of a store, or what the environment says of the
    /// store does not fit.
    pub(crate) fn open(given: &str) -> Result<Self> {
        let url = Url::parse(given).map_err(|_| refuse(given))?;
        let (scheme, prefix) = ObjectStoreScheme::parse(&url).map_err(|_| refuse(given))?;
        let invalid = |error: object_store::Error| {
            Error::new(
                api_codes::OPTION_INVALID,
                format!("`state.dir`: {} can't be used: {}", without_user(given), tell(&error)),
            )
            .with_help(
                "credentials and endpoints come from the environment, such as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, \
                 AWS_REGION and AWS_ENDPOINT_URL",
            )
        };
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 5,
            retry_timeout: PATIENCE,
        };
        let client = |plain: bool| {
            ClientOptions::new()
                .with_allow_http(plain)
                .with_connect_timeout(Duration::from_secs(5))
                .with_timeout(PATIENCE)
        };
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => {
                let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
                    .iter()
                    .filter_map(|name| std::env::var(name).ok())
                    .any(|endpoint| endpoint.starts_with("http://"));
                let builder = AmazonS3Builder::from_env()
                    .with_url(given)
                    .with_client_options(client(plain))
                    .with_retry(retry);
                Arc::new(builder.build().map_err(invalid)?)
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                let builder = GoogleCloudStorageBuilder::from_env()
                    .with_url(given)
                    .with_client_options(client(false))
                    .with_retry(retry);
                Arc::new(builder.build().map_err(invalid)?)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                let builder = MicrosoftAzureBuilder::from_env()
                    .with_url(given)
                    .with_client_options(client(false))
                    .with_retry(retry);
                Arc::new(builder.build().map_err(invalid)?)
            }
            _ => return Err(refuse(given)),
        };
        Ok(Self {
            store,
            prefix,
            url: without_user(given),
            terms: Terms::default(),
        })
    }

    fn job(&self, key: &str) -> JobObjects {
        JobObjects {
            store: self.store.clone(),
            prefix: self.prefix.clone().join("jobs").join(key),
            url: self.url.clone(),
        }
    }

    /// The key of the job whose newest run has this number.
    pub(crate) async fn find(&self, run: &str) -> Result<Option<String>> {
        let jobs = self.prefix.clone().join("jobs");
        let listed = self.store.list_with_delimiter(Some(&jobs)).await;
        let listed = listed.map_err(|error| failure(codes::NOT_READ, &self.url, &error))?;
        for job in listed.common_prefixes {
            let Some(key) = job.filename() else { continue };
            if let Ok(Some(found)) = self.job(key).record().await
                && found.id == run
            {
                return Ok(Some(key.to_owned()));
            }
        }
        Ok(None)
    }

    /// Takes a job whose folder here is taken.
    pub(crate) async fn take(&self, here: FolderKeeper) -> Result<ObjectKeeper> {
        let objects = self.job(&here.folder.key());
        ObjectKeeper::take(objects, here, self.terms).await
    }
}

/// The objects of one job.
#[derive(Clone)]
struct JobObjects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    url: String,
}

impl JobObjects {
    fn at(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn show(&self, path: &Path) -> String {
        format!("{path} of {}", self.url)
    }

    async fn get(&self, path: &Path) -> object_store::Result<Option<Bytes>> {
        match self.store.get(path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(found) => found.bytes().await.map(Some),
        }
    }

    async fn record(&self) -> Result<Option<crate::runs::RunRecord>> {
        let path = self.at("run.json");
        let found = self.get(&path).await;
        match found.map_err(|error| failure(codes::NOT_READ, &self.url, &error))? {
            None => Ok(None),
            Some(bytes) => record::parse(&bytes).map(Some).map_err(|error| {
                error
                    .with_context("object", self.show(&path))
                    .with_help("run the job with --fresh to start over")
            }),
        }
    }
}

/// What went wrong with a store, in its own words, without signatures that may be in a URL's query.
fn tell(error: &object_store::Error) -> String {
    let text = error.to_string();
    let mut told = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('?') {
        told.push_str(&rest[..at]);
        let query = &rest[at..];
        rest = &query[query.find(char::is_whitespace).unwrap_or(query.len())..];
    }
    told.push_str(rest);
    told
}

fn failure(code: ErrorCode, url: &str, error: &object_store::Error) -> Error {
    let what = match code == codes::NOT_READ {
        true => "the state of jobs can't be read from",
        false => "the state of the job can't be kept in",
    };
    let hint = match error {
        object_store::Error::Unauthenticated { .. }
        | object_store::Error::PermissionDenied { .. } => {
            "the credentials of the environment (AWS_ACCESS_KEY_ID and so on) must allow to list, read, write and delete there"
        }
        object_store::Error::NotFound { .. } => "does the bucket exist?",
        _ => {
            "the store must be reachable from here; its endpoint and credentials come from the environment"
        }
    };
    Error::new(code, format!("{what} {url}: {}", tell(error))).with_help(hint)
}
