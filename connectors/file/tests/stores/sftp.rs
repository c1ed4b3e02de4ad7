//! SftpFile against the conformance kit: OpenSSH by key, ProFTPD by password.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{Fixture as _, sink_tests, source_tests};
use serde_json::json;

use crate::fixture::{InStore, Served};
use crate::relay::Relay;
use crate::servers::{PASSWORD, Sshd, USER, sftp_by_password};

source_tests!(json_source, by_key("json"));
source_tests!(parquet_source, by_key("parquet"));
sink_tests!(json_sink, by_key("json"));

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_deleted_or_moved() {
    by_key("json").puts_files_away().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_lets_in_and_a_wrong_one_is_told_without_being_shown() {
    let store = by_password();
    store.writes_and_reads().await;
    for (what, options, mentions) in &store.bad_stores {
        let mut options = options.clone();
        options["path"] = json!("/");
        options["file_format_type"] = json!("text");
        let registry = store.plugin().0;
        let error = seatunnel_conformance::read_back(&registry, "SftpFile", &options).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(mentions), "{what}: {error}");
        assert!(!error.contains("a-wrong-secret"), "{error}");
    }
}

fn new_root(files: &std::path::Path) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{}/{number}", files.display())
}

fn by_key(format: &'static str) -> InStore {
    let sshd = Sshd::shared();
    let relay = Relay::to(sshd.server.port);
    let store = json!({
        "host": "127.0.0.1",
        "port": relay.port,
        "user": sshd.user,
        "keyfile": sshd.key("user"),
        "host_key": sshd.fingerprint(),
    });
    let change = |key: &str, value: serde_json::Value| {
        let mut changed = store.clone();
        changed[key] = value;
        changed
    };
    let root = new_root(&sshd.server.files);
    InStore {
        plugin: "SftpFile",
        format,
        seen: root.clone(),
        root,
        bad_stores: vec![
            (
                "the key of a stranger",
                change("keyfile", json!(sshd.key("stranger"))),
                format!("does not let user {} in", sshd.user),
            ),
            (
                "another server",
                change("host_key", json!("SHA256:another")),
                "has another key".to_owned(),
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

fn by_password() -> InStore {
    let server = sftp_by_password();
    let store = json!({
        "host": "127.0.0.1",
        "port": server.port,
        "user": USER,
        "password": PASSWORD,
    });
    let mut wrong = store.clone();
    wrong["password"] = json!("a-wrong-secret");
    let root = new_root(&server.files);
    InStore {
        plugin: "SftpFile",
        format: "json",
        seen: root.clone(),
        root,
        bad_stores: vec![(
            "a wrong password",
            wrong,
            "does not let user st in".to_owned(),
        )],
        store,
        look: Box::new(Served),
        bad_sinks: Vec::new(),
        in_place: false,
        relay: None,
    }
}
