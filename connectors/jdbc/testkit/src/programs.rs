//! Finds and runs the programs that come with the servers.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The path of a program: from PATH, or from where distributions keep what only administrators use. Panics with the
/// name of Debian's package if there is none.
#[track_caller]
pub fn find(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // The newest PostgreSQL first; Debian keeps its server programs out of PATH.
    for parent in ["/usr/lib/postgresql", "/usr/pgsql"] {
        let mut versions: Vec<PathBuf> = std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path().join("bin"))
            .collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "`{program}` is missing. It comes with the Debian package `{package}`; scripts/install-needs.sh installs \
             what the tests need"
        )
    })
}

/// Whether this process runs as root, whom PostgreSQL refuses to serve under.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// A command line that runs as PostgreSQL's system user if this process is root, as this user otherwise.
pub(crate) fn as_postgres(program: &Path) -> Vec<std::ffi::OsString> {
    let mut line: Vec<std::ffi::OsString> = Vec::new();
    if is_root() {
        line.extend(["runuser", "-u", "postgres", "--"].map(Into::into));
    }
    line.push(program.into());
    line
}

/// A command from a whole command line.
pub fn command<S: AsRef<OsStr>>(line: &[S]) -> Command {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]);
    command
}

/// Runs a program with a text as its input. Gives its output without the last line's end, or its error text.
#[track_caller]
pub fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} can't be started: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let output = std::thread::scope(|scope| {
        // A program that ends before it has read all says why on stderr.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child
            .wait_with_output()
            .expect("a started program can be waited for")
    });
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    } else {
        let text = String::from_utf8_lossy(&output.stderr);
        Err(if text.trim().is_empty() {
            format!("{name}: {}", output.status)
        } else {
            text.trim_end().to_owned()
        })
    }
}
