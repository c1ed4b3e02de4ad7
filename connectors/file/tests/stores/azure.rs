//! AzureFile against the conformance kit: Azurite.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{Fixture as _, sink_tests, source_tests};
use serde_json::{Value as Json, json};

use crate::fixture::{InStore, Look};
use crate::relay::Relay;
use crate::s3::between;
use crate::servers::{Azurite, signature};

source_tests!(json_source, in_azure("json"));
source_tests!(parquet_source, in_azure("parquet"));
sink_tests!(json_sink, in_azure("json"));

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_lets_in() {
    let container = Container::new();
    let mut store = container.options();
    store.as_object_mut().unwrap().remove("account_key");
    store["sas_token"] = json!(format!("?{}", signature("rwdlac")));
    let store = InStore {
        store,
        look: Box::new(container),
        relay: None,
        ..in_azure("json")
    };
    store.writes_and_reads().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seatunnels_name_and_addresses_are_understood() {
    let store = in_azure("json");
    let container = store.store["container"].as_str().unwrap();
    let account = Azurite::ACCOUNT;
    let mut store = InStore {
        plugin: "ADLSFile",
        root: format!("abfss://{container}@{account}.dfs.core.windows.net/lake"),
        seen: "/lake".to_owned(),
        ..store
    };
    store.store["auth_type"] = json!("SHARED_KEY");
    store.writes_and_reads().await;
    store.store.as_object_mut().unwrap().remove("account_key");
    let registry = store.plugin().0;
    let mut options = store.store.clone();
    options["path"] = json!("/lake");
    options["file_format_type"] = json!("text");
    let error = seatunnel_conformance::read_back(&registry, "ADLSFile", &options).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("needs the option `account_key`"), "{error}");
}

/// A container.
pub(crate) struct Container(pub(crate) String);

impl Container {
    /// A new container of its own.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let container = Self(format!("container-{number}"));
        container.make();
        container
    }

    fn make(&self) {
        let made = Azurite::shared().ask("PUT", &format!("/{}?restype=container", self.0));
        assert!(made.contains(" 201 "), "{made}");
    }

    /// Takes all away, also blocks that belong to nothing.
    pub(crate) fn empty(&self) {
        let gone = Azurite::shared().ask("DELETE", &format!("/{}?restype=container", self.0));
        assert!(gone.contains(" 202 "), "{gone}");
        self.make();
    }

    /// The options that say where it is.
    pub(crate) fn options(&self) -> Json {
        json!({
            "account_name": Azurite::ACCOUNT,
            "account_key": Azurite::KEY,
            "container": self.0,
            "endpoint": endpoint(Azurite::shared().server.port),
        })
    }
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}/{}", Azurite::ACCOUNT)
}

impl Look for Container {
    fn files(&self, folder: &str) -> Vec<String> {
        let list = |more: &str| {
            let folder = folder.trim_start_matches('/');
            let query = format!("restype=container&comp=list&prefix={folder}/{more}");
            let page = Azurite::shared().ask("GET", &format!("/{}?{query}", self.0));
            // More than a page, 5,000, is not looked at.
            assert!(
                page.contains(" 200 ") && !page.contains("<NextMarker>"),
                "{page}"
            );
            between(&page, "Name")
        };
        let files = list("");
        let begun = list("&include=uncommittedblobs");
        let begun = begun.into_iter().filter(|name| !files.contains(name));
        let begun: Vec<_> = begun.map(|name| format!("upload {name}")).collect();
        files.into_iter().chain(begun).collect()
    }

    /// Azure has no call for that. It takes blocks away itself after a week, and nobody sees them before.
    fn keeps_uploads(&self) -> bool {
        true
    }
}

fn in_azure(format: &'static str) -> InStore {
    let container = Container::new();
    let relay = Relay::to(Azurite::shared().server.port);
    let mut store = container.options();
    store["endpoint"] = json!(endpoint(relay.port));
    let change = |key: &str, value: &str| {
        let mut changed = store.clone();
        changed[key] = json!(value);
        changed
    };
    let wrong_key = "YS13cm9uZy1zZWNyZXQ=";
    InStore {
        plugin: "AzureFile",
        format,
        root: "/warehouse".to_owned(),
        seen: "/warehouse".to_owned(),
        bad_stores: vec![
            (
                "a missing container",
                change("container", "no-such-container"),
                format!("azure://{}/no-such-container", Azurite::ACCOUNT),
            ),
            (
                "a wrong key",
                change("account_key", wrong_key),
                "does not accept the credentials".to_owned(),
            ),
            (
                "a server that is not there",
                change("endpoint", &endpoint(9)),
                "can't be reached".to_owned(),
            ),
        ],
        store,
        look: Box::new(container),
        bad_sinks: Vec::new(),
        in_place: false,
        relay: Some(relay),
    }
}
