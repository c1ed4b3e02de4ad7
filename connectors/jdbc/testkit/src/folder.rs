//! The folder of one server, and the guardian that sees to it that neither outlives the test process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// What the guardian runs. Its standard input is a pipe that only the test process holds: reading ends when that
/// process ends, for whatever reason. Then every process that works in the folder is killed: first with the signal
/// given, so that PostgreSQL can release its shared memory, after two seconds with KILL.
const GUARDIAN: &str = r#"
trap '' INT TERM HUP
folder=$1 signal=$2
while read -r _; do :; done
working() { find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$folder" -o -lname "$folder/*" \) 2>/dev/null | tr -dc '0-9\n'; }
round=0
while pids=$(working) && [ -n "$pids" ] && [ $round -lt 200 ]; do
    if [ $round -eq 0 ]; then kill -s "$signal" $pids
    elif [ $round -ge 40 ]; then kill -s KILL $pids
    fi
    round=$((round + 1))
    sleep 0.05
done
if [ -e "$folder/data/postmaster.pid" ]; then
    segment=$(sed -n 7p "$folder/data/postmaster.pid")
    [ -n "$segment" ] && ipcrm -m "${segment##* }"
fi
if [ -e "$folder/disk" ]; then umount "$folder/disk"; fi
rm -rf "$folder"
"#;

/// A temporary folder with a guardian. It is removed, and whatever runs in it killed, when this is dropped.
pub struct Folder {
    path: PathBuf,
    guardian: Child,
    pipe: Option<ChildStdin>,
}

impl Folder {
    /// Makes a folder; `end` is the signal that ends the processes in it, without its `SIG`.
    pub fn new(name: &str, end: &str) -> Self {
        let mut parent = std::env::temp_dir();
        // A unix socket's path can't be longer than 107 bytes.
        if parent.as_os_str().len() > 50 {
            parent = PathBuf::from("/tmp");
        }
        let path = tempfile::Builder::new()
            .prefix(&format!("seatunnel-{name}-"))
            .tempdir_in(parent)
            .expect("a temporary folder can be made")
            .keep();
        // Links in /proc show the path without symbolic links.
        let path = path.canonicalize().expect("the folder was just made");
        // The server may run as another user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
        let mut guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&path)
            .arg(end)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What a terminal sends to the tests' process group must not reach it.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let pipe = guardian.stdin.take();
        Self {
            path,
            guardian,
            pipe,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The ids of all processes whose working directory is in this folder: the server and its children, since all of
    /// them work in the data folder.
    pub fn processes(&self) -> Vec<String> {
        let entries = fs::read_dir("/proc").expect("/proc is mounted");
        entries
            .flatten()
            .filter(|entry| {
                fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.path))
            })
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
            .collect()
    }

    /// Waits until nothing runs in the folder any more; false if something still does after `limit`.
    pub fn wait_until_quiet(&self, limit: Duration) -> bool {
        let start = Instant::now();
        while !self.processes().is_empty() {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Has the guardian kill what runs here and remove the folder.
    pub fn end(&mut self) {
        drop(self.pipe.take());
        // Nothing useful can be done about an error.
        let _ = self.guardian.wait();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a signal, named without its `SIG`, to processes. Those that have ended meanwhile are passed over.
pub fn signal(name: &str, processes: &[String]) {
    if !processes.is_empty() {
        let _ = Command::new("sh")
            .args([
                "-c",
                "signal=$1; shift; kill -s \"$signal\" \"$@\"",
                "kill",
                name,
            ])
            .args(processes)
            .stderr(Stdio::null())
            .status();
    }
}
