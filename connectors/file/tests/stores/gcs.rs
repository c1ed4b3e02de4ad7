//! GcsFile against the conformance kit, on a server of which [`Gcs`] says what it can't do.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use serde_json::{Value as Json, json};

use crate::fixture::{InStore, Look};
use crate::relay::Relay;
use crate::s3::files;
use crate::servers::{Gcs, ask_with, fake_gcs};

source_tests!(json_source, in_gcs("json"));
sink_tests!(json_sink, in_gcs("json"));

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_written_is_listed_and_read() {
    let port = fake_gcs().port;
    let post = |path: &str, content: &str| {
        let json = "Content-Type: application/json\r\n";
        let answer = ask_with(port, "POST", path, json, content);
        assert!(answer.contains(" 200 "), "{answer}");
    };
    post("/storage/v1/b", r#"{"name":"others"}"#);
    let line = |text: &str| format!("{{\"text\":\"{text}\"}}\n");
    // One is larger than the pieces that are fetched.
    let large: String = (0..10).map(|_| line(&"x".repeat(1 << 20))).collect();
    for (name, content) in [
        ("a.json", line("one")),
        ("b/c%20d.json", line("two")),
        ("b/large.json", large),
        ("_SUCCESS", line("no row")),
    ] {
        let name = name.replace('/', "%2F");
        let path = format!("/upload/storage/v1/b/others/o?uploadType=media&name=rows%2F{name}");
        post(&path, &content);
    }
    let options = json!({
        "bucket": "others",
        "hadoop_gcs_properties": { "fs.gs.storage.root.url": format!("http://127.0.0.1:{port}") },
        "anonymous": true,
        "path": "gs://others/rows",
        "file_format_type": "json",
        "schema": { "fields": { "text": "string" } },
    });
    let registry = seatunnel_connector_file::register(seatunnel_api::Registry::new());
    let rows = seatunnel_conformance::read_back(&registry, "GcsFile", &options).await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 12);
    let text = |text: &str| vec![seatunnel_api::Value::String(text.to_owned())];
    assert_eq!(rows[..2], [text("one"), text("two")]);
    assert!(
        rows[2..]
            .iter()
            .all(|row| *row == text(&"x".repeat(1 << 20)))
    );
}

/// A bucket.
pub(crate) struct GcsBucket(pub(crate) String);

impl GcsBucket {
    /// A new bucket of its own.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bucket-{number}");
        let made = Gcs::shared().ask("PUT", &format!("/{name}"));
        assert!(made.contains(" 200 "), "{made}");
        Self(name)
    }

    /// The options that say where it is.
    pub(crate) fn options(&self) -> Json {
        let gcs = Gcs::shared();
        json!({
            "bucket": format!("gs://{}", self.0),
            "endpoint": format!("http://127.0.0.1:{}", gcs.server.port),
            "credentials": gcs.key("account"),
        })
    }
}

impl Look for GcsBucket {
    fn files(&self, folder: &str) -> Vec<String> {
        files(&self.0, folder, |path| Gcs::shared().ask("GET", path))
    }
}

fn in_gcs(format: &'static str) -> InStore {
    let bucket = GcsBucket::new();
    let relay = Relay::to(Gcs::shared().server.port);
    let mut store = bucket.options();
    store["endpoint"] = json!(format!("http://127.0.0.1:{}", relay.port));
    let change = |key: &str, value: &str| {
        let mut changed = store.clone();
        changed[key] = json!(value);
        changed
    };
    InStore {
        plugin: "GcsFile",
        format,
        root: "/warehouse".to_owned(),
        seen: "/warehouse".to_owned(),
        bad_stores: vec![
            (
                "a missing bucket",
                change("bucket", "no-such-bucket"),
                "gs://no-such-bucket".to_owned(),
            ),
            (
                "the key of a stranger",
                change("credentials", &Gcs::shared().key("stranger")),
                "does not accept the credentials".to_owned(),
            ),
            (
                "a server that is not there",
                change("endpoint", "http://127.0.0.1:9"),
                "can't be reached".to_owned(),
            ),
        ],
        store,
        look: Box::new(bucket),
        bad_sinks: Vec::new(),
        in_place: false,
        relay: Some(relay),
    }
}
