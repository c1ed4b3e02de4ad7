//! GcsFile: Google Cloud Storage.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::options::{Options, Secret};
use seatunnel_api::{Error, Result, codes};
use seatunnel_file_store::Store;
use seatunnel_file_store::object::{GcsConfig, gcs};

use super::{StoreOptions, bucket_name, needed, plugin, with_scheme, wrong_options};

plugin! {
    name: "GcsFile",
    options: GcsOptions,
    source: "Reads files of a bucket of Google Cloud Storage.",
    sink: "Writes files into a bucket of Google Cloud Storage. In one piece or not at all: files are sent as multipart uploads, which are completed when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_UPLOADS,
}

/// Where a bucket is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
#[options(exclusive("credentials", "credentials_path"))]
struct GcsOptions {
    /// The bucket: `gs://name`, or just its name.
    bucket: Option<String>,
    /// The key of a service account: its JSON, or that in Base64. Without it and `credentials_path`, the environment and the machine are asked, as Google's own programs do.
    credentials: Option<Secret>,
    /// File with the key of a service account.
    credentials_path: Option<String>,
    /// Where the store is, if it is another.
    endpoint: Option<String>,
    /// Whether requests are not signed, for public buckets.
    #[option(default = false)]
    anonymous: bool,
}

impl StoreOptions for GcsOptions {
    const PLUGIN: &'static str = "GcsFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let bucket = bucket_name(needed(Self::PLUGIN, "bucket", &self.bucket)?);
        let key = match (&self.credentials, &self.credentials_path) {
            (Some(key), _) => Some(json_of(key.expose())?),
            (None, Some(path)) => Some(std::fs::read_to_string(path).map_err(|e| {
                let message = format!("option `credentials_path`: {path} can't be read");
                Error::new(codes::OPTION_INVALID, message).with_cause(e)
            })?),
            (None, None) => None,
        };
        let endpoint = self.endpoint.as_deref();
        let config = GcsConfig {
            bucket: bucket.to_owned(),
            endpoint: endpoint.map(|endpoint| with_scheme(endpoint, true)),
            service_account_key: key,
            anonymous: self.anonymous,
        };
        gcs(config).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}

/// JSON as it is, or out of Base64.
fn json_of(text: &str) -> Result<String> {
    if text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    let decoded = STANDARD.decode(text.trim()).ok();
    decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            let message = "option `credentials` is neither JSON nor JSON in Base64";
            Error::new(codes::OPTION_INVALID, message)
        })
}
