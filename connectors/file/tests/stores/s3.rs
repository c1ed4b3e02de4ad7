//! S3File against the conformance kit, and OssFile, CosFile and ObsFile, which speak the same language.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use serde_json::{Value as Json, json};

use crate::fixture::{InStore, Look};
use crate::relay::Relay;
use crate::servers::{ask, s3};

source_tests!(json_source, in_s3("json"));
source_tests!(parquet_source, in_s3("parquet"));
sink_tests!(json_sink, in_s3("json"));
sink_tests!(parquet_sink, in_s3("parquet"));
sink_tests!(json_sink_in_place, in_place());

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_deleted_or_moved() {
    in_s3("json").puts_files_away().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oss_cos_and_obs_write_and_read_rows() {
    let oss = json!({ "access_key": "k", "access_secret": "s" });
    in_other("OssFile", oss).writes_and_reads().await;
    let cos = json!({ "secret_id": "k", "secret_key": "s", "region": "r" });
    let obs = json!({ "access_key": "k", "access_secret": "s" });
    in_other("CosFile", cos).writes_and_reads().await;
    in_other("ObsFile", obs).writes_and_reads().await;
}

/// A bucket.
pub(crate) struct Bucket(pub(crate) String);

impl Bucket {
    /// A new bucket of its own.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bucket-{number}");
        let made = ask(s3().port, "PUT", &format!("/{name}"));
        assert!(made.contains(" 200 "), "{made}");
        Self(name)
    }

    /// The options that say where it is.
    pub(crate) fn options(&self) -> Json {
        json!({
            "bucket": format!("s3a://{}", self.0),
            "fs.s3a.endpoint": format!("http://127.0.0.1:{}", s3().port),
            "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            "access_key": "any",
            "secret_key": "secret-that-nobody-may-see",
        })
    }
}

impl Look for Bucket {
    fn files(&self, folder: &str) -> Vec<String> {
        files(&self.0, folder, |path| ask(s3().port, "GET", path))
    }
}

/// Keys of a bucket below a folder, and uploads there, of whoever speaks the language of S3.
pub(crate) fn files(bucket: &str, folder: &str, get: impl Fn(&str) -> String) -> Vec<String> {
    let folder = folder.trim_start_matches('/');
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let query = format!("/{bucket}?list-type=2&prefix={folder}/&start-after={after}");
        let page = between(&get(&query), "Key");
        let Some(last) = page.last() else {
            break;
        };
        after = last.clone();
        // What stands for a folder is no file.
        found.extend(page.into_iter().filter(|key| !key.ends_with('/')));
    }
    let uploads = between(&get(&format!("/{bucket}?uploads")), "Key");
    let uploads = uploads.into_iter();
    let uploads = uploads.filter(|key| key.starts_with(&format!("{folder}/")));
    found.extend(uploads.map(|key| format!("upload {key}")));
    found
}

/// The contents of the elements of this name.
pub(crate) fn between(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = xml.split(&open).skip(1);
    let found = found.map(|rest| rest.split(&close).next().unwrap().to_owned());
    found.collect()
}

fn in_s3(format: &'static str) -> InStore {
    let bucket = Bucket::new();
    let relay = Relay::to(s3().port);
    let mut store = bucket.options();
    store["fs.s3a.endpoint"] = json!(format!("http://127.0.0.1:{}", relay.port));
    let change = |key: &str, value: &str| {
        let mut changed = store.clone();
        changed[key] = json!(value);
        changed
    };
    InStore {
        plugin: "S3File",
        format,
        root: "/warehouse".to_owned(),
        seen: "/warehouse".to_owned(),
        bad_stores: vec![
            (
                "a missing bucket",
                change("bucket", "no-such-bucket"),
                "s3://no-such-bucket".to_owned(),
            ),
            (
                "a server that is not there",
                change("fs.s3a.endpoint", "http://127.0.0.1:9"),
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

fn in_place() -> InStore {
    InStore {
        in_place: true,
        ..in_s3("json")
    }
}

fn in_other(plugin: &'static str, keys: Json) -> InStore {
    let bucket = Bucket::new();
    let mut store = json!({
        "bucket": bucket.0,
        "endpoint": format!("http://127.0.0.1:{}", s3().port),
    });
    for (key, value) in keys.as_object().unwrap() {
        store[key] = value.clone();
    }
    InStore {
        plugin,
        store,
        bad_stores: Vec::new(),
        look: Box::new(bucket),
        relay: None,
        ..in_s3("json")
    }
}
