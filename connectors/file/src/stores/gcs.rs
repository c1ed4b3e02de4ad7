//! GcsFile: Google Cloud Storage.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::options::{Options, Secret};
use seatunnel_api::{Error, Result, codes};
use seatunnel_file_store::Store;
use seatunnel_file_store::object::{GcsConfig, gcs};

use super::properties::Properties;
use super::{StoreOptions, bucket_name, needed, plugin, with_scheme, wrong_options};

plugin! {
    name: "GcsFile",
    aliases: [],
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
    #[option(alias("service_account_key_file"))]
    credentials_path: Option<String>,
    /// Where the store is, if it is another: `http://127.0.0.1:9000`. What it has to speak is Google's XML.
    endpoint: Option<String>,
    /// Whether requests are not signed, for public buckets.
    #[option(default = false)]
    anonymous: bool,
    /// Settings of Hadoop's client. Heeded are `fs.gs.storage.root.url` and `fs.gs.auth.service.account.json.keyfile`, where the options for these are not given; others are named in a warning.
    #[option(since = "3.0.0")]
    hadoop_gcs_properties: Option<Properties>,
}

const ENDPOINT: &str = "fs.gs.storage.root.url";
const KEY_FILE: &str = "fs.gs.auth.service.account.json.keyfile";
/// Settings that only say how Hadoop's client does its work, or what it can find out.
const OF_HADOOP: &[&str] = &[
    ENDPOINT,
    KEY_FILE,
    "fs.gs.impl",
    "fs.gs.project.id",
    "fs.gs.auth.type",
    "fs.gs.auth.service.account.enable",
    "fs.AbstractFileSystem.gs.impl",
];

impl StoreOptions for GcsOptions {
    const PLUGIN: &'static str = "GcsFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let bucket = bucket_name(needed(Self::PLUGIN, "bucket", &self.bucket)?);
        let none = Properties::default();
        let properties = self.hadoop_gcs_properties.as_ref().unwrap_or(&none);
        for name in properties.others(OF_HADOOP) {
            tracing::warn!("option `hadoop_gcs_properties`: {name} has no effect here");
        }
        let path = self.credentials_path.as_deref();
        let key = match (&self.credentials, path.or_else(|| properties.get(KEY_FILE))) {
            (Some(key), _) => Some(json_of(key.expose())?),
            (None, Some(path)) => Some(std::fs::read_to_string(path).map_err(|e| {
                let message = format!("option `credentials_path`: {path} can't be read");
                Error::new(codes::OPTION_INVALID, message).with_cause(e)
            })?),
            (None, None) => None,
        };
        let endpoint = self.endpoint.as_deref();
        let endpoint = endpoint.or_else(|| properties.get(ENDPOINT));
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
