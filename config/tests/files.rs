//! Job files on disk: reading, includes.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use seatunnel_config::{load, tree};
use serde_json::json;
use support::with;

fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn what_is_no_job_file_gives_one_message_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nope.conf");
    let latin1 = folder.path().join("latin1.conf");
    fs::write(&latin1, b"a = 1\nb = \xe9\n").unwrap();
    for (path, message) in [
        (missing.as_path(), "there is no job file `"),
        (folder.path(), "` is a directory, not a job file"),
        (latin1.as_path(), "is not UTF-8 text (line 2)"),
    ] {
        let error = load(path, &with(&[])).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert!(
            error.message().contains(&path.display().to_string()),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.conf", "a = 1");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        support::skipped("this user may read every file");
        return;
    }
    let error = load(&path, &with(&[])).unwrap_err();
    assert!(error.message().contains("permission denied"), "{error}");
}

#[test]
fn the_ending_tells_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let json = write(folder.path(), "a.json", "{\"a\": 1}");
    let other = write(folder.path(), "a.template", "a = 1");
    assert_eq!(tree(&json).unwrap().to_json(), json!({"a": 1}));
    assert_eq!(tree(&other).unwrap().to_json(), json!({"a": 1}));
    let wrong = write(folder.path(), "b.json", "a = 1");
    assert!(load(&wrong, &with(&[])).is_err());
}

#[test]
fn includes_start_from_the_including_file() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "sub/common.conf",
        "x = 1\ny = ${x}\ninclude \"more\"",
    );
    write(folder.path(), "sub/more.json", "{\"from_json\": true}");
    write(
        folder.path(),
        "sub/more.properties",
        "# c\na.b = c d\nlong = 1\\\n   2\nfrom_json: no\\u0021\n",
    );
    write(
        folder.path(),
        "plugins.conf",
        "Jdbc { url = u }\nJdbc2 { z = ${w} }",
    );
    let main = write(
        folder.path(),
        "main.conf",
        "x = 0\ninclude \"sub/common.conf\"\nin { x = 5, include required(file(\"sub/common\")) }\nw = 9\nsource { include \"plugins\" }",
    );
    assert_eq!(
        tree(&main).unwrap().to_json(),
        json!({
            "x": 1, "y": 1, "a.b": "c d", "long": "12", "from_json": true,
            "in": {"x": 1, "y": 1, "a.b": "c d", "long": "12", "from_json": true},
            "w": 9,
            "source": [{"url": "u", "plugin_name": "Jdbc"}, {"z": 9, "plugin_name": "Jdbc2"}]
        })
    );
}

#[test]
fn errors_in_included_files_point_there() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bad.conf", "ok = 1\nbad = x:y\n");
    let main = write(folder.path(), "main.conf", "include \"bad.conf\"\na = \"\n");
    let error = load(&main, &with(&[])).unwrap_err();
    let places: Vec<_> = error
        .diagnostics()
        .iter()
        .map(|d| d.span.to_string())
        .collect();
    assert!(
        places[0].ends_with("bad.conf:2:8") && places[1].ends_with("main.conf:2:5"),
        "{places:?}"
    );
}

#[test]
fn a_file_that_includes_itself_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "b.conf", "include \"a.conf\"");
    let main = write(folder.path(), "a.conf", "include \"b.conf\"");
    let error = load(&main, &with(&[])).unwrap_err();
    assert_eq!(error.message(), "the file includes itself");
}

#[test]
fn an_optional_include_that_is_missing_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let main = write(folder.path(), "a.conf", "include \"nope\"\na = 1");
    let loaded = load(&main, &with(&[])).unwrap();
    assert_eq!(loaded.root.to_json(), json!({"a": 1}));
    assert_eq!(loaded.warnings.len(), 1);
}
