//! A package, clusters, and folders to run jobs in.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seatunnel_jdbc_testkit::Database;

/// No job of these tests takes longer, on a slow and busy machine either.
const PATIENCE: Duration = Duration::from_secs(300);

/// The folder of the project.
pub(crate) fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The package that is tested.
pub(crate) fn package() -> PathBuf {
    let given = std::env::var_os("SEATUNNEL_PACKAGE").map(PathBuf::from);
    let package = given.unwrap_or_else(|| {
        // Beside the folder that this very program was built into: target/debug/deps.
        let own = std::env::current_exe().unwrap();
        own.ancestors().nth(3).unwrap().join("package")
    });
    assert!(
        package.join("bin/seatunnel").is_file(),
        "there is no package in {}: run scripts/test.sh, or scripts/package.sh --profile dev --features inmemory --folder {}",
        package.display(),
        package.display()
    );
    package
}

/// What the guardian of a cluster runs. Its standard input is a pipe that only the test process holds: reading ends when that
/// process does, for whatever reason.
const GUARDIAN: &str = r#"
trap '' INT TERM HUP
while read -r _; do :; done
"$1" stop "$2/cluster"
rm -rf "$2"
"#;

/// A private cluster, started by a script. It ends, and its folder goes, when this is dropped or the process ends.
pub(crate) struct Cluster {
    folder: PathBuf,
    guardian: Child,
    pipe: Option<ChildStdin>,
    variables: BTreeMap<String, String>,
}

/// The cluster that tests share, and what started it. There is one at a time.
static SHARED: Mutex<Option<(&'static str, Arc<Cluster>)>> = Mutex::new(None);

impl Cluster {
    /// The cluster of so many workers that this script has started for a test before, or a new one.
    pub(crate) fn shared(script: &'static str, workers: &str) -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some((known, cluster)) if *known == script => cluster.clone(),
            _ => {
                // The one before ends first.
                *shared = None;
                let cluster = Arc::new(Self::start(script, &[workers], &[]));
                *shared = Some((script, cluster.clone()));
                cluster
            }
        }
    }

    pub(crate) fn start(script: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_by("start", script, arguments, settings)
    }

    /// One of which the script starts no more than it is told.
    pub(crate) fn start_by(
        what: &str,
        script: &str,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Self {
        let script = project().join("scripts").join(script);
        let folder = tempfile::tempdir().unwrap().keep();
        let mut guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .args([&script, &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // What a terminal sends to the tests must not reach it.
            .process_group(0)
            .spawn()
            .unwrap();
        let pipe = guardian.stdin.take();
        let output = Command::new(&script)
            .arg(what)
            .arg(folder.join("cluster"))
            .args(arguments)
            .envs(settings.iter().copied())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{} has failed: {text}",
            script.display()
        );
        let variables = text.lines().filter_map(|line| {
            let (name, value) = line
                .strip_prefix("export ")
                .unwrap_or(line)
                .split_once('=')?;
            Some((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
        });
        Self {
            folder,
            guardian,
            pipe,
            variables: variables.collect(),
        }
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// The folder that it works in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.join("cluster")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let ended = self.guardian.wait();
        assert!(ended.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// Clusters are large and cores are few: one test at a time.
pub(crate) struct Alone(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

/// Waits until no other test runs.
pub(crate) fn alone() -> Alone {
    static ONE: Mutex<()> = Mutex::new(());
    Alone(ONE.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Drop for Alone {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Who knows what a test that failed has left of it.
            *SHARED.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// A folder of its own for a test.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    cluster: Arc<Cluster>,
    /// What comes before a job's own arguments.
    flags: Vec<String>,
}

/// How a run ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.output);
        self
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.output);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, phrases: &[&str]) -> Self {
        for phrase in phrases {
            assert!(
                self.output.contains(phrase),
                "{phrase:?} is missing in\n{}",
                self.output
            );
        }
        self
    }
}

/// A job that runs.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn wait(mut self) -> Run {
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        Run {
            code,
            output: self.output(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

impl Sandbox {
    pub(crate) fn new(cluster: &Arc<Cluster>, flags: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: cluster.clone(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `job.conf`; `DIR` in it is this folder.
    pub(crate) fn write_job(&self, job: &str) {
        let folder = self.folder.path().to_str().unwrap();
        fs::write(self.path("job.conf"), job.replace("DIR", folder)).unwrap();
    }

    pub(crate) fn start(&self, more: &[&str]) -> Running {
        self.start_with(more, &[])
    }

    /// With more variables of the environment.
    pub(crate) fn start_with(&self, more: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = Command::new(package().join("bin/seatunnel"));
        command
            .args(&self.flags)
            .arg("--config")
            .arg(self.path("job.conf"))
            .args(more);
        self.start_command(command, variables)
    }

    /// Any other program.
    pub(crate) fn start_command(
        &self,
        mut command: Command,
        variables: &[(&str, &str)],
    ) -> Running {
        let log = self.path("output");
        let file = File::create(&log).unwrap();
        let child = command
            .envs(&self.cluster.variables)
            .envs(variables.iter().copied())
            .env("SEATUNNEL_STATE", self.path("state"))
            .env_remove("SEATUNNEL_HOME")
            .env_remove("SEATUNNEL_NATIVE_PATH")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Running { child, log }
    }

    #[track_caller]
    pub(crate) fn run(&self, job: &str) -> Run {
        self.write_job(job);
        self.start(&[]).wait()
    }

    /// Files with the numbers from 0 to `rows`, `sizes.len()` of them, of these shares.
    pub(crate) fn numbers(&self, sizes: &[usize]) -> usize {
        let folder = self.path("source");
        fs::create_dir(&folder).unwrap();
        let mut next = 0;
        for (file, size) in sizes.iter().enumerate() {
            let lines: String = (next..next + size)
                .map(|n| format!("{n},row {n}\n"))
                .collect();
            fs::write(folder.join(format!("{file}.csv")), lines).unwrap();
            next += size;
        }
        next
    }

    /// The numbers that are in the files of a sink, sorted.
    pub(crate) fn written(&self, name: &str) -> Vec<usize> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.path(name)).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let number = |line: &str| line.split(',').next().unwrap().parse::<usize>().unwrap();
            numbers.extend(text.lines().map(number));
        }
        numbers.sort_unstable();
        numbers
    }

    /// Whether a sink has each number once.
    #[track_caller]
    pub(crate) fn has_all(&self, name: &str, rows: usize) {
        let written = self.written(name);
        let mut distinct = written.clone();
        distinct.dedup();
        assert_eq!(distinct.len(), rows, "lost rows");
        assert_eq!(written.len(), rows, "doubled rows");
    }
}

/// Numbers of the sandbox's files into files, so many rows a second for each reader.
pub(crate) fn copy(rows_per_second: usize, env: &str) -> String {
    format!(
        r#"
        env {{ parallelism = 2, read_limit.rows_per_second = {rows_per_second}, {env} }}
        source {{ LocalFile {{
            path = "DIR/source", file_format_type = csv, schema {{ fields {{ id = bigint, name = string }} }}
        }} }}
        sink {{ LocalFile {{
            path = "DIR/sink", file_format_type = text, field_delimiter = ",", tmp_path = "DIR/tmp"
        }} }}
        "#
    )
}

/// The options of Jdbc that lead to a database.
pub(crate) fn options(database: &Database) -> String {
    format!(
        r#"url = "{}", user = "{}", password = "{}", driver = any"#,
        database.jdbc_url(),
        database.user,
        database.password
    )
}

/// All files below a folder.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => walk(&path),
            false => vec![path],
        })
        .collect()
}
