//! SftpFile against the conformance kit: OpenSSH by key, ProFTPD by password.

use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_conformance::{sink_tests, source_tests};
use serde_json::json;

use crate::fixture::{InStore, Served};
use crate::servers::{PASSWORD, Sshd, USER, sftp_by_password};

source_tests!(json_source, by_key("json"));
source_tests!(parquet_source, by_key("parquet"));
sink_tests!(json_sink, by_key("json"));
sink_tests!(parquet_sink, by_key("parquet"));
source_tests!(json_source_by_password, by_password());
sink_tests!(json_sink_by_password, by_password());

fn new_root(files: &std::path::Path) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{}/{number}", files.display())
}

fn by_key(format: &'static str) -> InStore {
    let sshd = Sshd::shared();
    let store = json!({
        "host": "127.0.0.1",
        "port": sshd.server.port,
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
    }
}
