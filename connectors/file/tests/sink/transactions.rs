//! Nothing is seen before it is committed, and nothing twice.

use std::fs;

use seatunnel_api::Guarantee;

use crate::support::{Sandbox, files_below, people, sink, skipped, writer};

#[tokio::test]
async fn nothing_is_visible_until_commit_and_commit_can_be_repeated() {
    let sandbox = Sandbox::new();
    let sink = sink(
        sandbox.options(&[("sink_columns", "[id]")]),
        people(0..1).table(),
    )
    .await
    .unwrap();
    assert!(matches!(sink.guarantee(), Guarantee::ExactlyOnce(_)));
    sink.prepare().await.unwrap();
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..3)).await.unwrap();
    let first = writer.prepare_commit(1).await.unwrap();
    writer.write(people(3..5)).await.unwrap();
    let second = writer.prepare_commit(2).await.unwrap();
    let third = writer.prepare_commit(3).await.unwrap();
    writer.close().await.unwrap();
    assert!(sandbox.files().is_empty() && third.is_empty());
    sink.commit(first.clone()).await.unwrap();
    assert_eq!(sandbox.text(), "0\n1\n2\n");
    sink.commit(first).await.unwrap();
    sink.commit(second.clone()).await.unwrap();
    sink.commit(second).await.unwrap();
    assert_eq!(sandbox.text(), "0\n1\n2\n3\n4\n");
    assert!(files_below(&sandbox.tmp()).is_empty() && !sandbox.tmp().join("seatunnel").exists());
}

#[tokio::test]
async fn a_commit_that_broke_off_goes_on() {
    let sandbox = Sandbox::new();
    let config = sandbox.options(&[("batch_size", "10"), ("sink_columns", "[id]")]);
    let sink = sink(config, people(0..1).table()).await.unwrap();
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..30)).await.unwrap();
    let committables = writer.prepare_commit(1).await.unwrap();
    // The crash: the first file is moved, the others are not.
    let staged = files_below(&sandbox.tmp());
    assert_eq!(staged.len(), 3);
    fs::create_dir_all(sandbox.out()).unwrap();
    let name = staged[0].rsplit_once('/').unwrap().1;
    fs::rename(sandbox.tmp().join(&staged[0]), sandbox.out().join(name)).unwrap();
    sink.commit(committables).await.unwrap();
    assert_eq!(sandbox.files().len(), 3);
    assert_eq!(sandbox.text().lines().count(), 30);
}

#[tokio::test]
async fn files_that_vanished_before_their_commit_are_no_success() {
    let sandbox = Sandbox::new();
    let sink = sink(sandbox.options(&[]), people(0..1).table())
        .await
        .unwrap();
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..3)).await.unwrap();
    let committables = writer.prepare_commit(1).await.unwrap();
    fs::remove_dir_all(sandbox.tmp()).unwrap();
    let error = sink.commit(committables).await.unwrap_err();
    assert!(
        error.message().contains("is gone before it could be moved"),
        "{error}"
    );
}

#[tokio::test]
async fn aborting_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let sink = sink(sandbox.options(&[]), people(0..1).table())
        .await
        .unwrap();
    let mut one = writer(&sink, 0).await;
    one.write(people(0..3)).await.unwrap();
    let prepared = one.prepare_commit(1).await.unwrap();
    one.write(people(3..6)).await.unwrap();
    one.abort().await.unwrap();
    // What was handed over is not the writer's to delete.
    assert_eq!(files_below(&sandbox.tmp()).len(), 1);
    sink.abort(prepared.clone()).await.unwrap();
    sink.abort(prepared).await.unwrap();
    assert!(!sandbox.tmp().join("seatunnel").exists() && sandbox.files().is_empty());
    // A task that is dropped cleans up, too.
    let mut two = writer(&sink, 1).await;
    two.write(people(0..3)).await.unwrap();
    assert_eq!(files_below(&sandbox.tmp()).len(), 1);
    drop(two);
    assert!(!sandbox.tmp().join("seatunnel").exists());
}

#[tokio::test]
async fn aborting_a_commit_that_broke_off_takes_back_what_was_moved() {
    let sandbox = Sandbox::new();
    let sink = sink(sandbox.options(&[]), people(0..1).table())
        .await
        .unwrap();
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..3)).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    sink.commit(prepared.clone()).await.unwrap();
    assert_eq!(sandbox.files().len(), 1);
    sink.abort(prepared).await.unwrap();
    assert!(sandbox.files().is_empty());
}

#[tokio::test]
async fn without_transactions_an_abort_deletes_what_is_not_closed() {
    let sandbox = Sandbox::new();
    let sink = sink(
        sandbox.options(&[("is_enable_transaction", "false")]),
        people(0..1).table(),
    )
    .await
    .unwrap();
    assert_eq!(sink.guarantee(), Guarantee::AtLeastOnce);
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..3)).await.unwrap();
    writer.prepare_commit(1).await.unwrap();
    writer.write(people(3..6)).await.unwrap();
    assert_eq!(sandbox.files().len(), 2);
    writer.abort().await.unwrap();
    assert_eq!(sandbox.text().lines().count(), 3);
}

/// `/dev/shm` is another file system than the folder of temporary files on most Linux machines.
#[tokio::test]
async fn files_cross_file_systems() {
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        skipped("there is no second file system at /dev/shm");
        return;
    };
    let sandbox = Sandbox::new();
    let sink = sink(
        sandbox.options(&[("tmp_path", other.path().to_str().unwrap())]),
        people(0..1).table(),
    )
    .await
    .unwrap();
    let mut writer = writer(&sink, 0).await;
    writer.write(people(0..3)).await.unwrap();
    let prepared = writer.prepare_commit(1).await.unwrap();
    sink.commit(prepared.clone()).await.unwrap();
    sink.commit(prepared).await.unwrap();
    assert_eq!(sandbox.files().len(), 1);
    assert_eq!(sandbox.text().lines().count(), 3);
    assert!(files_below(other.path()).is_empty());
}
