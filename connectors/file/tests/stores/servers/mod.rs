//! Private servers on loopback, one of each kind for all tests of the process.

mod files;
#[cfg(feature = "hdfs")]
mod hadoop;
#[cfg(feature = "object-store")]
mod objects;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use seatunnel_jdbc_testkit::parts::{Folder, Launch, Server};

#[cfg(feature = "webdav")]
pub(crate) use files::webdav;
#[cfg(feature = "ftp")]
pub(crate) use files::{Ftp, ftp, old_ftp};
#[cfg(feature = "sftp")]
pub(crate) use files::{Sshd, sftp_by_password};
#[cfg(feature = "hdfs")]
pub(crate) use hadoop::hdfs;
#[cfg(feature = "object-store")]
pub(crate) use objects::{Azurite, Gcs, ask, ask_with, fake_gcs, guarded_s3, s3, signature};

pub(crate) const USER: &str = "st";
pub(crate) const PASSWORD: &str = "correct horse";

/// A server, and where the files lie that it serves.
pub(crate) struct Running {
    _server: Server,
    pub(crate) port: u16,
    pub(crate) files: PathBuf,
    folder: PathBuf,
}

impl Running {
    /// Starts what `script` says; `set_up` makes its settings in a folder, for a port.
    fn start(
        name: &str,
        set_up: impl Fn(&Path, u16),
        script: impl Fn(&Path, u16) -> String,
    ) -> Self {
        let listens = |_: &Path, port| format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
        Self::start_until(name, set_up, script, listens)
    }

    /// The same; `serves` is what succeeds once the server serves.
    fn start_until(
        name: &str,
        set_up: impl Fn(&Path, u16),
        script: impl Fn(&Path, u16) -> String,
        serves: impl Fn(&Path, u16) -> String,
    ) -> Self {
        let folder = Folder::new(name, "KILL");
        let (server, port) = Server::start(folder, |folder, port| {
            fs::create_dir_all(folder.join("data/files")).unwrap();
            set_up(folder, port);
            // Servers that turn to another folder still end with the shell that started them.
            let script = format!(
                "echo $$ > ../pid; setpriv --pdeathsig KILL {}; exit $?",
                script(folder, port)
            );
            let serves = serves(folder, port);
            let line = |words: [&str; 3]| words.iter().map(Into::into).collect();
            Launch {
                server: line(["sh", "-c", &script]),
                ping: line(["/bin/bash", "-c", &serves]),
                stop: "TERM",
                pid_file: folder.join("pid"),
            }
        });
        let folder = server.folder().to_owned();
        Self {
            files: folder.join("data/files"),
            _server: server,
            port,
            folder,
        }
    }
}

fn root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What one of the project's scripts prints.
#[cfg(any(feature = "hdfs", feature = "object-store"))]
fn script(name: &str, command: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts");
    let script = script.canonicalize().unwrap().join(name);
    shell(&format!("{} {command}", script.display()))
}
