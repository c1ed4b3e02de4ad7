//! Which files are read, and what their folders tell.

use serde_json::{Value as Json, json};

use crate::sink_support::skipped;
use crate::support::{Folder, failure, read, source, texts};

async fn names(folder: &Folder, more: Json) -> Vec<String> {
    let more = match more {
        Json::Object(mut more) => {
            more.insert("parse_partition_from_path".into(), json!(false));
            Json::Object(more)
        }
        other => other,
    };
    let rows = read(&folder.options("csv", json!({"a": "string"}), more))
        .await
        .unwrap();
    texts(&rows).into_iter().flatten().collect()
}

#[tokio::test]
async fn folders_are_read_without_hidden_empty_and_marker_files() {
    let folder = Folder::new();
    for name in [
        "b.csv",
        "x/c.csv",
        "x/_SUCCESS",
        ".a.csv",
        ".x/d.csv",
        "x/y/e.log",
    ] {
        folder.write(name, format!("{name}\n"));
    }
    folder.write("empty.csv", "");
    let read = async |more| names(&folder, more).await;
    assert_eq!(read(json!({})).await, ["b.csv", "x/c.csv", "x/y/e.log"]);
    assert_eq!(read(json!({"recursive_file_scan": false})).await, ["b.csv"]);
    assert_eq!(
        read(json!({"file_filter_pattern": ".*\\.csv"})).await,
        ["b.csv", "x/c.csv"]
    );
    assert_eq!(
        read(json!({"file_filter_pattern": "x/y/.*"})).await,
        ["x/y/e.log"]
    );
    assert_eq!(
        read(json!({"filename_extension": "log"})).await,
        ["x/y/e.log"]
    );
    assert_eq!(
        read(json!({"read_partitions": ["x/c", "b."]})).await,
        ["b.csv", "x/c.csv"]
    );
    let past = json!({"file_filter_modified_end": "2001-01-01 00:00:00"});
    assert!(read(past).await.is_empty());
    let since = json!({"file_filter_modified_start": "2001-01-01 00:00:00"});
    assert_eq!(read(since).await.len(), 3);
}

#[tokio::test]
async fn patterns_may_say_what_names_must_not_have() {
    let folder = Folder::new();
    folder.write("tmp_a.csv", "no\n");
    folder.write("below/b.csv", "yes\n");
    let more = json!({ "file_filter_pattern": "(?!tmp).*\\.csv" });
    let path = folder.path().display().to_string();
    let more_by_path = json!({ "file_filter_pattern": format!("{path}/(?!tmp).*\\.csv") });
    let by_path = folder.options("csv", json!({ "a": "string" }), more_by_path);
    assert_eq!(texts(&read(&by_path).await.unwrap()), [["yes"]]);
    let by_name = folder.options("csv", json!({ "a": "string" }), more);
    assert_eq!(texts(&read(&by_name).await.unwrap()), [["yes"]]);
    // Folders count only where the pattern has some.
    for (pattern, rows) in [("below.*", 0), ("below/.*", 1), (".*/[^/]*a.csv", 1)] {
        let more = json!({ "file_filter_pattern": pattern });
        let found = read(&folder.options("csv", json!({ "a": "string" }), more))
            .await
            .unwrap();
        assert_eq!(found.len(), rows, "{pattern}");
    }
}

#[tokio::test]
async fn folders_of_keys_and_values_give_columns() {
    let folder = Folder::new();
    folder.write("day=1/city=Oslo/a.csv", "x\n");
    folder.write("day=2/city=Rome/a.csv", "y\n");
    let fields = json!({"a": "string"});
    let options = folder.options("csv", fields, json!({}));
    let rows = read(&options).await.unwrap();
    assert_eq!(texts(&rows), [["x", "1", "Oslo"], ["y", "2", "Rome"]]);
    let source = source(&options).await.unwrap();
    let table = source.tables().remove(0);
    assert_eq!(table.partition_keys(), ["day", "city"]);
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_named() {
    let folder = Folder::new();
    let more = json!({"path": folder.path().join("gone").to_str().unwrap()});
    let message = failure(&folder.options("csv", json!({"a": "string"}), more)).await;
    assert!(message.contains("gone"), "{message}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_without_permission_is_named() {
    use std::fs::{Permissions, read_dir, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("closed/a.csv", "x\n");
    let closed = folder.path().join("closed");
    set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    if read_dir(&closed).is_ok() {
        skipped("this user may read every folder");
    } else {
        let message = failure(&folder.options("csv", json!({"a": "string"}), json!({}))).await;
        assert!(
            message.contains("closed") && message.contains("permission"),
            "{message}"
        );
    }
    set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn several_tables_are_read_by_one_source() {
    let folder = Folder::new();
    let one = folder.write("one.csv", "1\n");
    let two = folder.write("two.txt", "x|y\n");
    let options = json!({"tables_configs": [
        {"path": one, "file_format_type": "csv",
         "schema": {"table": "db.one", "fields": {"a": "int"}}},
        {"path": two, "file_format_type": "text", "field_delimiter": "|",
         "schema": {"table": "db.two", "fields": {"a": "string", "b": "string"}}}
    ]});
    assert_eq!(
        texts(&read(&options).await.unwrap()),
        [vec!["1"], vec!["x", "y"]]
    );
    let mut same = options;
    same["tables_configs"][1]["schema"]["table"] = json!("db.one");
    let message = failure(&same).await;
    assert!(message.contains("db.one"), "{message}");
}

#[tokio::test]
async fn formats_that_are_not_there_are_named() {
    let folder = Folder::new();
    folder.write("a", "x");
    let message = failure(&folder.options("pdf", Json::Null, json!({}))).await;
    assert!(message.contains("pdf"), "{message}");
    let message = failure(&folder.options("cvs", Json::Null, json!({}))).await;
    assert!(
        message.contains("cvs") && message.contains("csv"),
        "{message}"
    );
}

#[tokio::test]
async fn the_file_that_was_changed_last_comes_first_if_that_is_wanted() {
    use std::time::{Duration, SystemTime};
    let folder = Folder::new();
    for (name, seconds) in [("a.csv", 2), ("b.csv", 3), ("c.csv", 1)] {
        let path = folder.write(name, format!("{name}\n"));
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = std::fs::File::open(path).unwrap();
        file.set_modified(changed).unwrap();
    }
    let by_time = json!({ "sort_files_by_modification_time": true });
    assert_eq!(names(&folder, by_time).await, ["b.csv", "a.csv", "c.csv"]);
    assert_eq!(names(&folder, json!({})).await, ["a.csv", "b.csv", "c.csv"]);
}
