//! A folder to run the binary in.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No job of these tests takes longer, on a slow and busy machine either.
const PATIENCE: Duration = Duration::from_secs(120);

/// In the `env` of a job that is to be killed or stopped: 3,000 rows take longer than anybody waits.
pub(crate) const SLOWLY: &str = "read_limit.rows_per_second = 20";

/// How a run ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, phrases: &[&str]) -> Self {
        for phrase in phrases {
            assert!(
                self.stderr.contains(phrase),
                "{phrase:?} is missing in\n{self}"
            );
        }
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, phrases: &[&str]) -> Self {
        for phrase in phrases {
            assert!(
                self.stdout.contains(phrase),
                "{phrase:?} is missing in\n{self}"
            );
        }
        self
    }

    #[track_caller]
    pub(crate) fn never_says(self, phrases: &[&str]) -> Self {
        for phrase in phrases {
            let there = self.stderr.contains(phrase) || self.stdout.contains(phrase);
            assert!(!there, "{phrase:?} is in\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// A folder of its own for a test, gone at its end. Jobs run in it, so that messages have short paths.
pub(crate) struct Sandbox(tempfile::TempDir);

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// A command line of the binary, words between blanks.
    pub(crate) fn seatunnel(&self, line: &str) -> Run {
        let mut command = binary(self.0.path());
        command.args(line.split_whitespace());
        run(command)
    }

    /// Lets a slow job come to its end when it is run again, with some checkpoints on the way.
    pub(crate) fn hurry(&self) {
        let job = std::fs::read_to_string(self.path("job.conf")).unwrap();
        let quick = job.replace(SLOWLY, "read_limit.rows_per_second = 5000");
        self.write("job.conf", quick);
    }

    /// Runs a job file with this text.
    pub(crate) fn job(&self, text: &str) -> Run {
        self.write("job.conf", text);
        self.seatunnel("--config job.conf")
    }

    /// Runs a job file behind a shell's preparations: `ulimit -f 8; exec "$@"`.
    pub(crate) fn job_in_shell(&self, script: &str, text: &str) -> Run {
        self.write("job.conf", text);
        let mut command = Command::new("sh");
        command.args([
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_seatunnel"),
            "--config",
            "job.conf",
        ]);
        command.current_dir(self.0.path());
        command.env("SEATUNNEL_STATE", self.path("state"));
        run(command)
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push(path);
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.path(folder), &mut files);
        files.sort();
        files
    }
}

/// The binary, to be run in a folder.
pub(crate) fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatunnel"));
    command.current_dir(folder).env_remove("RUST_BACKTRACE");
    command.env("SEATUNNEL_STATE", folder.join("state"));
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Run {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = reader(child.stdout.take().unwrap());
    let stderr = reader(child.stderr.take().unwrap());
    let status = wait(&mut child);
    Run {
        code: status.code(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the end of a process.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

/// Waits until something holds.
pub(crate) fn wait_until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The root of the repository.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}
