//! HdfsFile: a Hadoop cluster.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::Options;
use seatunnel_file_store::Store;
use seatunnel_file_store::hdfs::{HdfsConfiguration, hdfs};

use super::{StoreOptions, needed, plugin, wrong_options};

plugin! {
    name: "HdfsFile",
    aliases: [],
    options: HdfsOptions,
    source: "Reads files of a Hadoop cluster.",
    sink: "Writes files into a Hadoop cluster. In one piece or not at all: files are written under `tmp_path` in the cluster and renamed when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_RENAMING,
}

/// Where a cluster is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
struct HdfsOptions {
    /// The name node, `hdfs://host:port`, or the name that the cluster's settings have for several.
    #[option(key = "fs.defaultFS")]
    default_fs: Option<String>,
    /// The cluster's settings, `hdfs-site.xml`: needed where several name nodes have one name.
    hdfs_site_path: Option<String>,
    /// Who we are, to a cluster that believes it; the user of this process if not given.
    remote_user: Option<String>,
    /// Who we are, to Kerberos. Its library (libgssapi_krb5) must be installed.
    kerberos_principal: Option<String>,
    /// File with the keys of the principal.
    kerberos_keytab_path: Option<String>,
    /// The settings of Kerberos. `/etc/krb5.conf`, or what `KRB5_CONFIG` names, is read in any case: set that for another.
    krb5_path: Option<String>,
}

impl StoreOptions for HdfsOptions {
    const PLUGIN: &'static str = "HdfsFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let url = needed(Self::PLUGIN, "fs.defaultFS", &self.default_fs)?;
        if let Some(path) = self.krb5_path.as_deref()
            && path != "/etc/krb5.conf"
            && std::env::var("KRB5_CONFIG").ok().as_deref() != Some(path)
        {
            tracing::warn!(
                "option `krb5_path` has no effect: start this process with KRB5_CONFIG={path}"
            );
        }
        let configuration = HdfsConfiguration {
            url: url.clone(),
            site: self.hdfs_site_path.as_ref().map(Into::into),
            user: self.remote_user.clone(),
            principal: self.kerberos_principal.clone(),
            keytab: self.kerberos_keytab_path.clone(),
        };
        hdfs(configuration).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}
