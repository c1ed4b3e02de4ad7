//! Files that come while a job runs.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use seatunnel_api::Boundedness;
use seatunnel_api::erased::{DynEnumerator, DynSource};
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use crate::support::{Folder, failure, read_split, source, texts};

/// More than what lies between two looks.
const PAUSE: Duration = Duration::from_millis(70);

struct Job {
    source: Arc<dyn DynSource>,
    enumerator: Box<dyn DynEnumerator>,
}

impl Job {
    async fn new(options: &Json, state: Option<&[u8]>) -> Self {
        let source = source(options).await.unwrap();
        assert_eq!(source.boundedness(), Boundedness::Unbounded);
        let enumerator = source.enumerator(1, state).await.unwrap();
        Self { source, enumerator }
    }

    /// What the next look finds, read.
    async fn finds(&mut self) -> Vec<String> {
        sleep(PAUSE).await;
        let found = self.enumerator.discover().await.unwrap();
        let mut rows = Vec::new();
        for split in found.splits {
            let read = read_split(&self.source, &split.bytes, 100).await.unwrap();
            rows.extend(texts(&read.rows()).into_iter().flatten());
        }
        rows
    }
}

fn options(folder: &Folder, more: Json) -> Json {
    let mut options = folder.options("csv", json!({ "a": "string" }), more);
    options["discovery_mode"] = json!("continuous");
    options["scan_interval"] = json!("50MS");
    options
}

/// A file that was changed at a time in seconds since now, or before.
fn write(folder: &Folder, name: &str, content: &str, seconds: i64) {
    let path = folder.write(name, content);
    touch(&path, seconds);
}

fn touch(path: &Path, seconds: i64) {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    let time = if seconds < 0 { now - by } else { now + by };
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn new_and_changed_files_are_read_and_others_are_not_read_again() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    let mut job = Job::new(&options(&folder, json!({})), None).await;
    assert_eq!(job.finds().await, ["one"]);
    assert!(job.finds().await.is_empty());
    write(&folder, "x/b.csv", "two\n", -90);
    assert_eq!(job.finds().await, ["two"]);
    write(&folder, "a.csv", "one\nmore\n", -80);
    assert_eq!(job.finds().await, ["one", "more"]);
    // The same length at another time.
    write(&folder, "a.csv", "two\nmore\n", -70);
    assert_eq!(job.finds().await, ["two", "more"]);
    assert!(job.finds().await.is_empty());
}

#[tokio::test]
async fn a_file_is_left_alone_while_it_is_written() {
    let folder = Folder::new();
    let mut job = Job::new(&options(&folder, json!({})), None).await;
    // The clock of whoever writes is ahead: its age says nothing.
    write(&folder, "a.csv", "one\n", 1_000);
    assert!(job.finds().await.is_empty());
    write(&folder, "a.csv", "one\ntwo\n", 1_001);
    assert!(job.finds().await.is_empty());
    assert_eq!(job.finds().await, ["one", "two"]);
    assert!(job.finds().await.is_empty());
}

#[tokio::test]
async fn what_was_found_is_remembered_over_a_restart() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    write(&folder, "b.csv", "two\n", -100);
    let options = options(&folder, json!({}));
    let mut job = Job::new(&options, None).await;
    assert_eq!(job.finds().await, ["one", "two"]);
    let state = job.enumerator.snapshot().unwrap();
    write(&folder, "c.csv", "three\n", -100);
    write(&folder, "b.csv", "two!\n", -100);
    let mut job = Job::new(&options, Some(&state)).await;
    assert_eq!(job.finds().await, ["two!", "three"]);
    // One that was away is another when it comes back.
    let before = folder.path().join("a.csv");
    let away = folder.path().join(".a.csv");
    std::fs::rename(&before, &away).unwrap();
    assert!(job.finds().await.is_empty());
    std::fs::rename(&away, &before).unwrap();
    assert_eq!(job.finds().await, ["one"]);
}

#[tokio::test]
async fn files_from_before_the_job_may_be_left_out() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    let latest = options(&folder, json!({ "start_mode": "latest" }));
    let mut job = Job::new(&latest, None).await;
    assert!(job.finds().await.is_empty());
    write(&folder, "b.csv", "two\n", -90);
    write(&folder, "a.csv", "changed\n", -90);
    assert_eq!(job.finds().await, ["changed", "two"]);
}

/// The names of all files in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_is_deleted_only_when_a_checkpoint_behind_its_last_row_is_durable() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    let options = options(&folder, json!({ "post_sync_action": "delete" }));
    let mut job = Job::new(&options, None).await;
    sleep(PAUSE).await;
    let found = job.enumerator.discover().await.unwrap().splits;
    // Handed over, and not read yet.
    job.enumerator.snapshot().unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(names(folder.path()), ["a.csv"]);
    // Read, but behind the snapshot that becomes durable.
    job.enumerator.snapshot().unwrap();
    job.enumerator
        .split_finished(&found[0].bytes)
        .await
        .unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(names(folder.path()), ["a.csv"]);
    // A checkpoint that failed does not count.
    job.enumerator.snapshot().unwrap();
    assert_eq!(names(folder.path()), ["a.csv"]);
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert!(names(folder.path()).is_empty());
    assert!(job.finds().await.is_empty());
}

#[tokio::test]
async fn a_restarted_job_deletes_what_was_read_before_and_nothing_else() {
    let folder = Folder::new();
    for name in ["a.csv", "b.csv", "c.csv"] {
        write(&folder, name, "one\n", -100);
    }
    let options = options(&folder, json!({ "post_sync_action": "delete" }));
    let mut job = Job::new(&options, None).await;
    sleep(PAUSE).await;
    let found = job.enumerator.discover().await.unwrap().splits;
    for split in &found[..2] {
        job.enumerator.split_finished(&split.bytes).await.unwrap();
    }
    let state = job.enumerator.snapshot().unwrap();
    // Killed before it could be done; one has changed meanwhile.
    write(&folder, "b.csv", "other\n", -90);
    let mut job = Job::new(&options, Some(&state)).await;
    job.enumerator.snapshot().unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(names(folder.path()), ["b.csv", "c.csv"]);
    assert_eq!(job.finds().await, ["other"]);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_stays_until_both_versions_are_read() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    let options = options(&folder, json!({ "post_sync_action": "delete" }));
    let mut job = Job::new(&options, None).await;
    sleep(PAUSE).await;
    let first = job.enumerator.discover().await.unwrap().splits;
    write(&folder, "a.csv", "two\n", -90);
    sleep(PAUSE).await;
    let second = job.enumerator.discover().await.unwrap().splits;
    assert_eq!((first.len(), second.len()), (1, 1));
    for (read, left) in [(&first, 1), (&second, 0)] {
        job.enumerator.split_finished(&read[0].bytes).await.unwrap();
        job.enumerator.snapshot().unwrap();
        job.enumerator.checkpoint_durable(&[]).await.unwrap();
        assert_eq!(names(folder.path()).len(), left);
    }
}

#[tokio::test]
async fn files_that_were_read_go_to_another_folder_and_stay_there_as_long_as_they_should() {
    let folder = Folder::new();
    let kept = Folder::new();
    write(&folder, "x/a.csv", "one\n", -100);
    let more = json!({
        "post_sync_action": "backup",
        "backup_path": kept.path(),
        "retention_max_age": "1H",
        "retention_check_interval": "1MS",
    });
    let mut job = Job::new(&options(&folder, more), None).await;
    sleep(PAUSE).await;
    let found = job.enumerator.discover().await.unwrap().splits;
    job.enumerator
        .split_finished(&found[0].bytes)
        .await
        .unwrap();
    job.enumerator.snapshot().unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert!(names(&folder.path().join("x")).is_empty());
    let below = kept.path().join("x");
    let copies = names(&below);
    assert!(
        copies.len() == 1 && copies[0].starts_with("a.csv.read-"),
        "{copies:?}"
    );
    assert_eq!(
        std::fs::read_to_string(below.join(&copies[0])).unwrap(),
        "one\n"
    );
    // One from long ago, and what somebody else has put there.
    write(&kept, "x/old.csv.read-1000-1000000000-4", "old\n", -1);
    write(&kept, "x/mine.csv", "mine\n", -1_000_000);
    sleep(PAUSE).await;
    job.enumerator.snapshot().unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(names(&below), [copies[0].as_str(), "mine.csv"]);
}

#[tokio::test]
async fn a_file_that_another_table_has_stays() {
    let folder = Folder::new();
    write(&folder, "a.csv", "one\n", -100);
    write(&folder, "b.csv", "two\n", -100);
    let table = |name: &str, more: Json| {
        let mut table = options(&folder, more);
        table["schema"] = json!({ "table": name, "fields": { "a": "string" } });
        table
    };
    let tables = json!({ "tables_configs": [
        table("all", json!({ "post_sync_action": "delete" })),
        table("some", json!({ "file_filter_pattern": "a.*" })),
    ] });
    let mut job = Job::new(&tables, None).await;
    sleep(PAUSE).await;
    let found = job.enumerator.discover().await.unwrap().splits;
    assert_eq!(found.len(), 3);
    for split in &found {
        job.enumerator.split_finished(&split.bytes).await.unwrap();
    }
    job.enumerator.snapshot().unwrap();
    job.enumerator.checkpoint_durable(&[]).await.unwrap();
    assert_eq!(names(folder.path()), ["a.csv"]);
}

#[tokio::test]
async fn options_that_make_no_sense_are_told() {
    let folder = Folder::new();
    let inside = folder.path().join("inside").display().to_string();
    for (wrong, says) in [
        (
            json!({ "post_sync_action": "backup" }),
            "needs the option `backup_path`",
        ),
        (
            json!({ "post_sync_action": "delete", "backup_path": "/tmp/x" }),
            "go with",
        ),
        (
            json!({ "post_sync_action": "backup", "backup_path": inside }),
            "inside of",
        ),
        (
            json!({ "post_sync_action": "backup", "backup_path": "/tmp/x", "retention_max_age": "old" }),
            "`retention_max_age` is no time",
        ),
    ] {
        let told = failure(&options(&folder, wrong)).await;
        assert!(told.contains(says), "{told}");
    }
    let mut once = options(&folder, json!({ "post_sync_action": "delete" }));
    once.as_object_mut().unwrap().remove("discovery_mode");
    let told = failure(&once).await;
    assert!(told.contains("jobs that go on looking for files"), "{told}");
    let mut zero = options(&folder, json!({}));
    zero["scan_interval"] = json!("0S");
    let told = failure(&zero).await;
    assert!(told.contains("10S, 500MS"), "{told}");
    let mut parquet = options(&folder, json!({}));
    parquet["file_format_type"] = json!("parquet");
    parquet.as_object_mut().unwrap().remove("schema");
    let told = failure(&parquet).await;
    assert!(
        told.contains("no file yet that tells the columns"),
        "{told}"
    );
}
