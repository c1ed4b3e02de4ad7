//! OssFile, CosFile, ObsFile: stores whose servers speak the language of S3, multipart uploads included.

use seatunnel_file_store::object::{S3Access, S3Config};

use super::{bucket_name, with_scheme};

/// A bucket of a server that speaks the language of S3. The name of the bucket is part of the host's on
/// the servers of the provider, whose domain ends with `domain`, and of the path elsewhere.
fn config(
    scheme: &str,
    bucket: &str,
    endpoint: &str,
    domain: &str,
    region: Option<String>,
    keys: (&str, &str),
) -> S3Config {
    let bucket = bucket_name(bucket);
    let endpoint = with_scheme(endpoint, true);
    let host = endpoint.split(['/', ':']).find(|part| part.contains('.'));
    S3Config {
        name: format!("{scheme}://{bucket}"),
        bucket: bucket.to_owned(),
        virtual_hosted: host.is_some_and(|host| host.ends_with(domain)),
        endpoint: Some(endpoint),
        region,
        access: S3Access::Keys {
            key: keys.0.to_owned(),
            secret: keys.1.to_owned(),
            token: None,
        },
    }
}

/// The part of a host's name between two others.
fn between(host: &str, before: &str, behind: &str) -> Option<String> {
    let (_, rest) = host.split_once(before)?;
    let (region, _) = rest.split_once(behind)?;
    (!region.is_empty() && !region.contains('.')).then(|| region.to_owned())
}

pub(super) mod oss {
    //! OssFile: Alibaba Cloud's.

    use std::sync::Arc;

    use seatunnel_api::Result;
    use seatunnel_api::options::{Options, Secret};
    use seatunnel_file_store::Store;
    use seatunnel_file_store::object::s3;

    use super::super::{StoreOptions, needed, plugin, wrong_options};

    plugin! {
        name: "OssFile",
        aliases: ["OssJindoFile"],
        options: OssOptions,
        source: "Reads files of a bucket of Alibaba Cloud OSS.",
        sink: "Writes files into a bucket of Alibaba Cloud OSS. In one piece or not at all: files are sent as multipart uploads, which are completed when a checkpoint, or the job, is complete.",
        guarantee: crate::sink::BY_UPLOADS,
    }

    /// Where a bucket is and who we are.
    #[derive(Clone, Debug, PartialEq, Options)]
    struct OssOptions {
        /// The bucket: `oss://name`, or just its name.
        bucket: Option<String>,
        /// The AccessKey ID.
        access_key: Option<String>,
        /// The AccessKey secret.
        access_secret: Option<Secret>,
        /// Where the store is: `oss-cn-beijing.aliyuncs.com`.
        endpoint: Option<String>,
    }

    impl StoreOptions for OssOptions {
        const PLUGIN: &'static str = "OssFile";

        fn store(&self) -> Result<Arc<dyn Store>> {
            let bucket = needed(Self::PLUGIN, "bucket", &self.bucket)?;
            let key = needed(Self::PLUGIN, "access_key", &self.access_key)?;
            let secret = needed(Self::PLUGIN, "access_secret", &self.access_secret)?;
            let endpoint = needed(Self::PLUGIN, "endpoint", &self.endpoint)?;
            let region = region(endpoint);
            let keys = (key.as_str(), secret.expose());
            let config = super::config("oss", bucket, endpoint, ".aliyuncs.com", region, keys);
            s3(config).map_err(|error| wrong_options(Self::PLUGIN, error))
        }
    }

    /// `cn-beijing` of `oss-cn-beijing.aliyuncs.com` and `oss-cn-beijing-internal.aliyuncs.com`.
    pub(super) fn region(endpoint: &str) -> Option<String> {
        let region = super::between(endpoint, "oss-", ".aliyuncs.com")?;
        Some(region.trim_end_matches("-internal").to_owned())
    }
}

pub(super) mod cos {
    //! CosFile: Tencent Cloud's.

    use std::sync::Arc;

    use seatunnel_api::Result;
    use seatunnel_api::options::{Options, Secret};
    use seatunnel_file_store::Store;
    use seatunnel_file_store::object::s3;

    use super::super::{StoreOptions, needed, plugin, wrong_options};

    plugin! {
        name: "CosFile",
        aliases: [],
        options: CosOptions,
        source: "Reads files of a bucket of Tencent Cloud COS.",
        sink: "Writes files into a bucket of Tencent Cloud COS. In one piece or not at all: files are sent as multipart uploads, which are completed when a checkpoint, or the job, is complete.",
        guarantee: crate::sink::BY_UPLOADS,
    }

    /// Where a bucket is and who we are.
    #[derive(Clone, Debug, PartialEq, Options)]
    struct CosOptions {
        /// The bucket, with the number behind its name: `cosn://name-1250000000`, or without `cosn://`.
        bucket: Option<String>,
        /// The SecretId.
        secret_id: Option<String>,
        /// The SecretKey.
        secret_key: Option<Secret>,
        /// The region: `ap-chengdu`.
        region: Option<String>,
        /// Where the store is, if not where the region says.
        endpoint: Option<String>,
    }

    impl StoreOptions for CosOptions {
        const PLUGIN: &'static str = "CosFile";

        fn store(&self) -> Result<Arc<dyn Store>> {
            let bucket = needed(Self::PLUGIN, "bucket", &self.bucket)?;
            let id = needed(Self::PLUGIN, "secret_id", &self.secret_id)?;
            let secret = needed(Self::PLUGIN, "secret_key", &self.secret_key)?;
            let region = needed(Self::PLUGIN, "region", &self.region)?;
            let own = format!("cos.{region}.myqcloud.com");
            let endpoint = self.endpoint.as_ref().unwrap_or(&own);
            let keys = (id.as_str(), secret.expose());
            let region = Some(region.clone());
            let config = super::config("cos", bucket, endpoint, ".myqcloud.com", region, keys);
            s3(config).map_err(|error| wrong_options(Self::PLUGIN, error))
        }
    }
}

pub(super) mod obs {
    //! ObsFile: Huawei Cloud's.

    use std::sync::Arc;

    use seatunnel_api::Result;
    use seatunnel_api::options::{Options, Secret};
    use seatunnel_file_store::Store;
    use seatunnel_file_store::object::s3;

    use super::super::{StoreOptions, needed, plugin, wrong_options};

    plugin! {
        name: "ObsFile",
        aliases: [],
        options: ObsOptions,
        source: "Reads files of a bucket of Huawei Cloud OBS.",
        sink: "Writes files into a bucket of Huawei Cloud OBS. In one piece or not at all: files are sent as multipart uploads, which are completed when a checkpoint, or the job, is complete.",
        guarantee: crate::sink::BY_UPLOADS,
    }

    /// Where a bucket is and who we are.
    #[derive(Clone, Debug, PartialEq, Options)]
    struct ObsOptions {
        /// The bucket: `obs://name`, or just its name.
        bucket: Option<String>,
        /// The access key.
        access_key: Option<String>,
        /// The secret of the access key.
        #[option(fallback("secret_key"))]
        access_secret: Option<Secret>,
        /// Where the store is: `obs.cn-north-4.myhuaweicloud.com`.
        endpoint: Option<String>,
    }

    impl StoreOptions for ObsOptions {
        const PLUGIN: &'static str = "ObsFile";

        fn store(&self) -> Result<Arc<dyn Store>> {
            let bucket = needed(Self::PLUGIN, "bucket", &self.bucket)?;
            let key = needed(Self::PLUGIN, "access_key", &self.access_key)?;
            let secret = needed(Self::PLUGIN, "access_secret", &self.access_secret)?;
            let endpoint = needed(Self::PLUGIN, "endpoint", &self.endpoint)?;
            let region = super::between(endpoint, "obs.", ".myhuaweicloud.com");
            let keys = (key.as_str(), secret.expose());
            let config = super::config("obs", bucket, endpoint, ".myhuaweicloud.com", region, keys);
            s3(config).map_err(|error| wrong_options(Self::PLUGIN, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_part_of_the_providers_hosts_and_of_other_paths() {
        let keys = ("k", "s");
        let own = "oss-cn-beijing-internal.aliyuncs.com";
        let region = oss::region(own);
        let own = config("oss", "oss://b", own, ".aliyuncs.com", region, keys);
        assert!(own.virtual_hosted);
        assert_eq!(own.bucket, "b");
        assert_eq!(own.region.as_deref(), Some("cn-beijing"));
        let here = config(
            "oss",
            "b",
            "http://127.0.0.1:5000",
            ".aliyuncs.com",
            None,
            keys,
        );
        assert!(!here.virtual_hosted);
        assert_eq!(here.endpoint.as_deref(), Some("http://127.0.0.1:5000"));
        let obs = between(
            "obs.cn-north-4.myhuaweicloud.com",
            "obs.",
            ".myhuaweicloud.com",
        );
        assert_eq!(obs.as_deref(), Some("cn-north-4"));
    }
}
