//! FtpFile against the conformance kit: ProFTPD, whose connections for transfers go either way.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use serde_json::json;

use crate::fixture::{InStore, Served};
use crate::relay::Relay;
use crate::servers::{Ftp, PASSWORD, USER, ftp, old_ftp};

// Formats are tested with local files: here each mode and each kind of server is met once.
source_tests!(json_source, in_ftp(ftp(), "json", "active_local"));
source_tests!(
    parquet_source,
    in_ftp(old_ftp(), "parquet", "passive_local")
);
sink_tests!(json_sink, in_ftp(ftp(), "json", "passive_local"));

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_deleted_or_moved() {
    in_ftp(ftp(), "json", "passive_local")
        .puts_files_away()
        .await;
}

fn in_ftp(server: &'static Ftp, format: &'static str, mode: &str) -> InStore {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Connections of transfers are gone with the one that they belong to.
    let relay = Relay::starting(&server.program);
    let store = json!({
        "host": "127.0.0.1",
        "port": relay.port,
        "user": USER,
        "password": PASSWORD,
        "connection_mode": mode,
    });
    let change = |key: &str, value: serde_json::Value| {
        let mut changed = store.clone();
        changed[key] = value;
        changed
    };
    // A blank, which not every command of FTP takes.
    let root = format!("{}/test {number}", server.files.display());
    InStore {
        plugin: "FtpFile",
        format,
        seen: root.clone(),
        root,
        bad_stores: vec![
            (
                "a wrong password",
                change("password", json!("a-wrong-secret")),
                "does not let user st in".to_owned(),
            ),
            (
                "a server that is not there",
                change("port", json!(9)),
                "can't be reached".to_owned(),
            ),
        ],
        store,
        look: Box::new(Served),
        bad_sinks: Vec::new(),
        in_place: false,
        relay: Some(relay),
    }
}
