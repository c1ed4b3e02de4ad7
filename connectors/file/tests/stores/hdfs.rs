//! HdfsFile against the conformance kit: a name node and a data node of Hadoop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use seatunnel_file_store::Store;
use seatunnel_file_store::hdfs::{self, HdfsConfiguration};
use serde_json::json;

use crate::fixture::{InStore, Look};
use crate::servers;

source_tests!(json_source, in_hdfs("json"));
source_tests!(parquet_source, in_hdfs("parquet"));
sink_tests!(json_sink, in_hdfs("json"));

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_deleted_or_moved() {
    in_hdfs("json").puts_files_away().await;
}

struct Cluster(Arc<dyn Store>);

impl Look for Cluster {
    fn files(&self, folder: &str) -> Vec<String> {
        let found = self.0.list(Path::new(folder), true, &|_| false);
        let found = found.unwrap_or_default().into_iter();
        found.map(|file| file.path.display().to_string()).collect()
    }
}

fn in_hdfs(format: &'static str) -> InStore {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let url = format!("hdfs://127.0.0.1:{}", servers::hdfs().port);
    let store = hdfs::hdfs(HdfsConfiguration {
        url: url.clone(),
        site: None,
        user: None,
        principal: None,
        keytab: None,
    });
    let stranger =
        json!({ "fs.defaultFS": url, "remote_user": "a-stranger", "path": "/forbidden" });
    let nowhere = json!({ "fs.defaultFS": "hdfs://127.0.0.1:9" });
    InStore {
        plugin: "HdfsFile",
        format,
        root: format!("/test {number}"),
        seen: format!("/test {number}"),
        bad_sinks: vec![(
            "a folder of another user",
            stranger,
            "denies access".to_owned(),
        )],
        bad_stores: vec![(
            "a cluster that is not there",
            nowhere,
            "can't be reached".to_owned(),
        )],
        store: json!({ "fs.defaultFS": url }),
        look: Box::new(Cluster(store.unwrap())),
        in_place: false,
        relay: None,
    }
}
