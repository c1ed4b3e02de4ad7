//! WebDAV against the conformance kit: Apache.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use serde_json::json;

use crate::fixture::{InStore, Served};
use crate::relay::Relay;
use crate::servers::{PASSWORD, USER, webdav};

source_tests!(json_source, in_webdav("json"));
source_tests!(parquet_source, in_webdav("parquet"));
sink_tests!(json_sink, in_webdav("json"));

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_deleted_or_moved() {
    in_webdav("json").puts_files_away().await;
}

fn in_webdav(format: &'static str) -> InStore {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let server = webdav();
    let relay = Relay::to(server.port);
    let store = json!({
        "url": format!("http://127.0.0.1:{}/dav", relay.port),
        "user": USER,
        "password": PASSWORD,
    });
    let change = |key: &str, value: serde_json::Value| {
        let mut changed = store.clone();
        changed[key] = value;
        changed
    };
    InStore {
        plugin: "WebDAV",
        format,
        root: format!("/test {number}"),
        seen: format!("{}/test {number}", server.files.display()),
        bad_stores: vec![
            (
                "a wrong password",
                change("password", json!("a-wrong-secret")),
                "does not accept the credentials".to_owned(),
            ),
            (
                "a server that is not there",
                change("url", json!("http://127.0.0.1:9/dav")),
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
