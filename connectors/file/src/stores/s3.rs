//! S3File: a bucket of S3, or of a server that speaks its language.

use std::sync::Arc;

use seatunnel_api::options::{Options, Secret};
use seatunnel_api::{Error, Result, codes};
use seatunnel_file_store::Store;
use seatunnel_file_store::object::{S3Access, S3Config, s3};

use super::properties::Properties;
use super::{StoreOptions, bucket_name, needed, plugin, with_scheme, wrong_options};

plugin! {
    name: "S3File",
    aliases: [],
    options: S3Options,
    source: "Reads files of a bucket of S3, or of a server that speaks its language.",
    sink: "Writes files into a bucket of S3, or of a server that speaks its language. In one piece or not at all: files are sent as multipart uploads, which are completed when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_UPLOADS,
}

/// Where a bucket is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
struct S3Options {
    /// The bucket: `s3a://name`, or just its name.
    bucket: Option<String>,
    /// Where the store is: `s3.eu-west-1.amazonaws.com`, or any other host, with `http://` in front if it has no TLS. Also names the region, if it is Amazon's.
    #[option(key = "fs.s3a.endpoint")]
    endpoint: Option<String>,
    /// What gives the credentials: a class of Hadoop's client. `SimpleAWSCredentialsProvider` stands for `access_key` and `secret_key`, `AnonymousAWSCredentialsProvider` for none, all others for what the environment, a web identity or the machine's profile gives.
    #[option(key = "fs.s3a.aws.credentials.provider")]
    provider: Option<String>,
    /// The access key. If it is given, it is used, whatever gives credentials else.
    access_key: Option<String>,
    /// The secret of the access key.
    secret_key: Option<Secret>,
    /// Settings of Hadoop's client. Heeded are `fs.s3a.endpoint.region`, `fs.s3a.path.style.access`, `fs.s3a.connection.ssl.enabled`, `fs.s3a.session.token`; others are named in a warning.
    hadoop_s3_properties: Option<Properties>,
}

const REGION: &str = "fs.s3a.endpoint.region";
const PATH_STYLE: &str = "fs.s3a.path.style.access";
const TLS: &str = "fs.s3a.connection.ssl.enabled";
const TOKEN: &str = "fs.s3a.session.token";
/// Settings that only say how Hadoop's client does its work.
const OF_HADOOP: &[&str] = &[
    REGION,
    PATH_STYLE,
    TLS,
    TOKEN,
    "fs.s3a.buffer.dir",
    "fs.s3a.fast.upload.buffer",
    "fs.s3a.impl",
    "fs.s3a.multipart.size",
    "fs.s3a.connection.maximum",
    "fs.s3a.threads.max",
];

impl StoreOptions for S3Options {
    const PLUGIN: &'static str = "S3File";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let bucket = bucket_name(needed(Self::PLUGIN, "bucket", &self.bucket)?);
        let none = Properties::default();
        let properties = self.hadoop_s3_properties.as_ref().unwrap_or(&none);
        for name in properties.others(OF_HADOOP) {
            tracing::warn!("option `hadoop_s3_properties`: {name} has no effect here");
        }
        let tls = properties.is_true(TLS).unwrap_or(true);
        let endpoint = self.endpoint.as_deref().filter(|text| !text.is_empty());
        let endpoint = endpoint.map(|endpoint| with_scheme(endpoint, tls));
        let host = endpoint.as_deref().map(host);
        let of_amazon = host.is_some_and(|host| host.contains("amazonaws.com"));
        // Without a region, requests go to the one that knows all buckets.
        let region = properties
            .get(REGION)
            .map(str::to_owned)
            .or_else(|| host.and_then(region_of));
        // A name with dots is no part of a certificate's.
        let virtual_hosted = match properties.is_true(PATH_STYLE) {
            Some(path_style) => !path_style,
            None => of_amazon && !bucket.contains('.'),
        };
        let config = S3Config {
            name: format!("s3://{bucket}"),
            bucket: bucket.to_owned(),
            endpoint,
            virtual_hosted,
            region,
            access: self.access(properties)?,
        };
        s3(config).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}

impl S3Options {
    fn access(&self, properties: &Properties) -> Result<S3Access> {
        let provider = self.provider.as_deref().unwrap_or_default();
        let simple = provider.contains("SimpleAWSCredentialsProvider");
        match (&self.access_key, &self.secret_key) {
            _ if provider.contains("AnonymousAWSCredentialsProvider") => Ok(S3Access::Anonymous),
            (Some(key), Some(secret)) => Ok(S3Access::Keys {
                key: key.clone(),
                secret: secret.expose().to_owned(),
                token: properties.get(TOKEN).map(str::to_owned),
            }),
            (None, None) if !simple => Ok(S3Access::Environment),
            (key, _) => {
                let missing = match key {
                    None => "access_key",
                    Some(_) => "secret_key",
                };
                Err(Error::new(
                    codes::OPTION_INVALID,
                    format!("S3File needs the option `{missing}`"),
                )
                .with_help("without both keys, credentials come from the environment"))
            }
        }
    }
}

/// The host of an address.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// The region that a host of Amazon's names: `s3.eu-west-1.amazonaws.com`, `s3-eu-west-1.…`.
fn region_of(host: &str) -> Option<String> {
    let (before, _) = host.split_once(".amazonaws.com")?;
    let region = before.rsplit('.').next()?;
    let region = region.strip_prefix("s3-").unwrap_or(region);
    (region.contains('-')).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use serde_json::{Value as Json, json};

    use super::*;

    fn options(json: Json) -> S3Options {
        S3Options::from_config("S3File", &ConfigValue::from_json(&json)).unwrap()
    }

    #[test]
    fn regions_come_from_amazons_hosts() {
        let of = |text| region_of(host(text));
        assert_eq!(
            of("s3.cn-north-1.amazonaws.com.cn").as_deref(),
            Some("cn-north-1")
        );
        assert_eq!(
            of("https://s3-us-west-2.amazonaws.com").as_deref(),
            Some("us-west-2")
        );
        assert_eq!(of("s3.amazonaws.com"), None);
        assert_eq!(of("http://127.0.0.1:9000"), None);
    }

    #[test]
    fn one_key_alone_is_an_error_that_names_the_other() {
        let keys = options(json!({ "bucket": "b", "access_key": "k" }));
        let error = keys.store().unwrap_err();
        assert!(error.message().contains("`secret_key`"), "{error}");
        let simple = json!({
            "bucket": "b",
            "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        });
        let error = options(simple).store().unwrap_err();
        assert!(error.message().contains("`access_key`"), "{error}");
    }

    #[test]
    fn secrets_are_not_printed() {
        let all = json!({
            "bucket": "s3a://b", "access_key": "k", "secret_key": "hidden",
            "hadoop_s3_properties": { "fs.s3a.session.token": "hidden" },
        });
        let options = options(all);
        assert!(!format!("{options:?}").contains("hidden"));
        assert!(!format!("{:?}", options.store().unwrap()).contains("hidden"));
    }
}
