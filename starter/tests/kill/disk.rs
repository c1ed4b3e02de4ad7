//! A disk that can be full.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A file system in memory with room for some checkpoints, mounted while the value lives.
pub(crate) struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts one here; none where that is not permitted.
    pub(crate) fn at(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder);
        let mounted = mount.stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self {
            at: folder.to_owned(),
        })
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        // Pages, then bytes: the last page may have room.
        for size in [4096, 1] {
            let bytes = vec![0; size];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
        // Some kernels take a moment for it.
        let probe = self.at.join("probe");
        for _ in 0..1_000 {
            let written = std::fs::write(&probe, "x");
            let _ = std::fs::remove_file(&probe);
            if written.is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the disk stays full");
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that was killed may not have let go yet.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[test]
fn a_full_disk_takes_no_more_until_it_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::at(folder.path()) else {
        return;
    };
    let write = || std::fs::write(folder.path().join("x"), "content");
    write().unwrap();
    std::fs::remove_file(folder.path().join("x")).unwrap();
    disk.fill();
    assert!(write().is_err());
    disk.free();
    write().unwrap();
}
