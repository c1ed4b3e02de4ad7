//! Which files are read when a target has some of them already.

use std::fs::File;
use std::time::{Duration, SystemTime};

use seatunnel_api::Value;
use serde_json::{Value as Json, json};

use crate::support::{Folder, failure, read};

/// Names of the files that are read.
async fn names(from: &Folder, to: &Folder, more: Json) -> Vec<String> {
    let mut options = options(from, to);
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let rows = read(&options).await.unwrap();
    let name = |row: &Vec<Value>| match &row[1] {
        Value::String(name) => name.clone(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(name).collect()
}

fn options(from: &Folder, to: &Folder) -> Json {
    let more = json!({ "sync_mode": "update", "target_path": to.path().to_str().unwrap() });
    from.options("binary", Json::Null, more)
}

/// A file that was changed so many seconds after a moment.
fn write(folder: &Folder, name: &str, content: &str, seconds: u64) {
    let path = folder.write(name, content);
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    File::open(path).unwrap().set_modified(changed).unwrap();
}

#[tokio::test]
async fn files_that_the_target_has_are_left_out() {
    let (from, to) = (Folder::new(), Folder::new());
    for name in ["a/same", "longer", "missing", "newer", "older"] {
        write(&from, name, "12345", 100);
    }
    write(&to, "a/same", "12345", 100);
    write(&to, "longer", "123456", 200);
    write(&to, "newer", "54321", 200);
    write(&to, "older", "12345", 50);
    write(&to, "only-here", "12345", 50);
    assert_eq!(
        names(&from, &to, json!({})).await,
        ["longer", "missing", "older"]
    );
    let strict = json!({ "update_strategy": "strict" });
    assert_eq!(
        names(&from, &to, strict).await,
        ["longer", "missing", "newer", "older"]
    );
    let content = json!({ "update_strategy": "STRICT", "compare_mode": "checksum" });
    assert_eq!(
        names(&from, &to, content).await,
        ["longer", "missing", "newer"]
    );
}

#[tokio::test]
async fn a_target_that_is_not_there_has_nothing() {
    let (from, to) = (Folder::new(), Folder::new());
    from.write("a", "1");
    let nowhere = to.path().join("nowhere");
    let more = json!({ "target_path": nowhere.to_str().unwrap() });
    assert_eq!(names(&from, &to, more).await, ["a"]);
    // A path that is a file has its name in the target.
    to.write("a", "1");
    let file = json!({ "path": from.path().join("a").to_str().unwrap() });
    assert!(names(&from, &to, file.clone()).await.is_empty());
    to.write("a", "12");
    assert_eq!(names(&from, &to, file).await, ["a"]);
}

#[tokio::test]
async fn options_that_do_not_go_together_are_told() {
    let (from, to) = (Folder::new(), Folder::new());
    from.write("a", "1");
    let with = |key: &str, value: Json| {
        let mut options = options(&from, &to);
        options[key] = value;
        options
    };
    let told = failure(&with("file_format_type", json!("text"))).await;
    assert!(told.contains("`file_format_type = binary`"), "{told}");
    let told = failure(&with("target_path", Json::Null)).await;
    assert!(told.contains("needs the option `target_path`"), "{told}");
    let told = failure(&with("compare_mode", json!("checksum"))).await;
    assert!(told.contains("update_strategy = strict"), "{told}");
}
