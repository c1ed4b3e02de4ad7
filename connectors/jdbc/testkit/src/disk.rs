//! A disk of limited size.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::run;

/// Mounts a file system of that many MiB in memory at `disk` in a server's folder, whose guardian unmounts it. None if
/// this process may not mount.
pub(crate) fn mount(folder: &Path, mebibytes: u32) -> Option<PathBuf> {
    let path = folder.join("disk");
    fs::create_dir(&path).expect("the folder is ours");
    let size = format!("size={mebibytes}m,mode=0755");
    run(
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path),
        "",
    )
    .ok()?;
    Some(path)
}
