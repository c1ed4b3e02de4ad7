//! Disks that fill up and folders that may not be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Sandbox, files_below, people, run, sink, skipped};

/// A file system of 1 MiB, if this process may mount one.
struct TinyDisk<'a>(&'a Path);

impl<'a> TinyDisk<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder)
            .output();
        mounted
            .is_ok_and(|o| o.status.success())
            .then_some(Self(folder))
    }
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0).output().unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_one_clear_error_and_leaves_nothing() {
    let disk = tempfile::tempdir().unwrap();
    let Some(_mounted) = TinyDisk::mount(disk.path()) else {
        skipped("this user may not mount a small disk");
        return;
    };
    let sandbox = Sandbox::new();
    for format in ["csv", "text", "json", "parquet"] {
        let options = [
            ("file_format_type", format),
            ("tmp_path", disk.path().to_str().unwrap()),
        ];
        let error = sandbox
            .run(&options, vec![people(0..200_000)])
            .await
            .unwrap_err();
        let report = error.report();
        assert!(error.message().contains("the disk is full"), "{report}");
        assert!(
            error.message().contains(disk.path().to_str().unwrap()),
            "{report}"
        );
        assert!(error.help().is_some());
        assert!(
            files_below(disk.path()).is_empty() && sandbox.files().is_empty(),
            "{format}"
        );
    }
    // The target's disk is the full one: files are copied to it when they are committed.
    let out = disk.path().join("out");
    let options = [("path", out.to_str().unwrap())];
    let error = sandbox
        .run(&options, vec![people(0..200_000)])
        .await
        .unwrap_err();
    assert!(
        error.message().contains("the disk is full"),
        "{}",
        error.report()
    );
    assert!(files_below(&out).is_empty());
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_named() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.out()).unwrap();
    fs::set_permissions(sandbox.out(), fs::Permissions::from_mode(0o555)).unwrap();
    let in_place = [("is_enable_transaction", "false")];
    let made = sink(sandbox.options(&in_place), people(0..1).table())
        .await
        .unwrap();
    let checked = made.check().await;
    assert!(checked.is_err_and(|e| e.message().contains("permission denied")));
    // Whoever is root may write there all the same.
    if fs::write(sandbox.out().join("probe"), "").is_err() {
        let error = run(&made, vec![people(0..1)]).await.unwrap_err();
        assert!(
            error.message().contains("permission denied"),
            "{}",
            error.report()
        );
        assert!(error.message().contains(sandbox.out().to_str().unwrap()));
    }
    fs::set_permissions(sandbox.out(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_file_where_a_folder_is_needed_is_named() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.tmp(), "x").unwrap();
    let error = sandbox.run(&[], vec![people(0..1)]).await.unwrap_err();
    assert!(
        error
            .message()
            .contains("a file stands where a folder is needed"),
        "{}",
        error.report()
    );
}
