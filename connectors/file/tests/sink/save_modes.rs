//! What happens to the target folder before the first row.

use std::fs;

use seatunnel_api::codes;

use crate::support::{Sandbox, people, sink};

async fn prepare(sandbox: &Sandbox, schema: &str, data: &str) -> seatunnel_api::Result<()> {
    let config = sandbox.options(&[("schema_save_mode", schema), ("data_save_mode", data)]);
    let sink = sink(config, people(0..1).table()).await?;
    let checked = sink.check().await;
    let prepared = sink.prepare().await;
    assert_eq!(
        checked.is_ok(),
        prepared.is_ok(),
        "a check foretells what preparing says"
    );
    prepared
}

#[tokio::test]
async fn a_missing_folder_is_created_or_refused() {
    let sandbox = Sandbox::new();
    let error = prepare(&sandbox, "ERROR_WHEN_SCHEMA_NOT_EXIST", "APPEND_DATA")
        .await
        .unwrap_err();
    assert_eq!(error.code(), codes::TARGET_MISSING);
    prepare(&sandbox, "IGNORE", "DROP_DATA").await.unwrap();
    assert!(!sandbox.out().exists());
    prepare(&sandbox, "CREATE_SCHEMA_WHEN_NOT_EXIST", "APPEND_DATA")
        .await
        .unwrap();
    assert!(sandbox.out().is_dir());
    prepare(&sandbox, "ERROR_WHEN_SCHEMA_NOT_EXIST", "APPEND_DATA")
        .await
        .unwrap();
}

#[tokio::test]
async fn data_is_kept_dropped_or_refused() {
    let sandbox = Sandbox::new();
    let old = sandbox.out().join("day=1/old.csv");
    let write_old = || {
        fs::create_dir_all(old.parent().unwrap()).unwrap();
        fs::write(&old, "old").unwrap();
    };
    write_old();
    prepare(&sandbox, "CREATE_SCHEMA_WHEN_NOT_EXIST", "APPEND_DATA")
        .await
        .unwrap();
    assert!(old.exists());
    let error = prepare(&sandbox, "IGNORE", "ERROR_WHEN_DATA_EXISTS")
        .await
        .unwrap_err();
    assert_eq!(error.code(), codes::DATA_EXISTS);
    assert!(old.exists());
    prepare(&sandbox, "CREATE_SCHEMA_WHEN_NOT_EXIST", "DROP_DATA")
        .await
        .unwrap();
    assert!(!old.exists() && sandbox.out().is_dir());
    prepare(&sandbox, "IGNORE", "ERROR_WHEN_DATA_EXISTS")
        .await
        .unwrap();
    write_old();
    prepare(&sandbox, "RECREATE_SCHEMA", "APPEND_DATA")
        .await
        .unwrap();
    assert!(!old.exists() && sandbox.out().is_dir());
}

#[tokio::test]
async fn dropping_data_spares_the_files_being_written() {
    let sandbox = Sandbox::new();
    let tmp = sandbox.out().join("work/tmp");
    fs::create_dir_all(&tmp).unwrap();
    fs::write(tmp.join("of another job"), "x").unwrap();
    fs::write(sandbox.out().join("work/old.csv"), "x").unwrap();
    let config = sandbox.options(&[
        ("data_save_mode", "DROP_DATA"),
        ("tmp_path", tmp.to_str().unwrap()),
    ]);
    sink(config, people(0..1).table())
        .await
        .unwrap()
        .prepare()
        .await
        .unwrap();
    assert_eq!(sandbox.files(), ["work/tmp/of another job"]);
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_refused() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.out(), "x").unwrap();
    let error = prepare(&sandbox, "RECREATE_SCHEMA", "DROP_DATA")
        .await
        .unwrap_err();
    assert!(error.message().contains("is a file"), "{error}");
    assert!(sandbox.out().is_file());
}
