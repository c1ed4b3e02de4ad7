//! One job, disturbed until it ends.

use std::ops::AddAssign;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::compare::{Difference, rows};
use crate::disk::SmallDisk;
use crate::ends::{Ends, Servers, Sink, Source};

/// Rows of a job, and how many a second its reader may read: it takes some seconds.
const ROWS: usize = 2_400;
const A_SECOND: usize = 1_000;
/// Runs of a command, of which the last ones are left alone.
const MOST_RUNS: usize = 12;
/// No run takes longer, on a slow and busy machine either.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was done to jobs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: usize,
    pub(crate) freezes: usize,
    pub(crate) servers: usize,
    pub(crate) disks: usize,
    /// Rows that came more than once into a sink that does not promise otherwise.
    pub(crate) doubled: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.freezes += other.freezes;
        self.servers += other.servers;
        self.disks += other.disks;
        self.doubled += other.doubled;
    }
}

pub(crate) struct Round<'a> {
    number: usize,
    random: fastrand::Rng,
    rows: Vec<String>,
    sink: Sink,
    ends: Ends<'a>,
    /// Of the state of jobs; its mount goes before the folder it is in.
    disk: Option<SmallDisk>,
    folder: tempfile::TempDir,
}

impl<'a> Round<'a> {
    pub(crate) fn new(
        number: usize,
        seed: u64,
        source: Source,
        sink: Sink,
        servers: &'a Servers,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(ROWS);
        let ends = Ends::new(servers, source, sink, folder.path(), &rows);
        let mut random = fastrand::Rng::with_seed(seed ^ (number as u64).wrapping_mul(0x9e37_79b9));
        let job = format!(
            "env {{ job.mode = BATCH, parallelism = {}, checkpoint.interval = {}, job.retry.interval.seconds = 1, \
             read_limit.rows_per_second = {A_SECOND} }}\nsource {{ {} }}\nsink {{ {} }}\n",
            random.usize(1..=2),
            random.usize(60..=300),
            ends.source_block,
            ends.sink_block
        );
        std::fs::write(folder.path().join("job.conf"), job).unwrap();
        Self {
            number,
            random,
            rows,
            sink,
            ends,
            disk: SmallDisk::at(&folder.path().join("state")),
            folder,
        }
    }

    /// Runs the command again and again; compares when it has ended well.
    pub(crate) fn run(mut self) -> (Tally, Difference) {
        let mut tally = Tally::default();
        let disturbed = self.random.usize(1..=4);
        let mut ends = Vec::new();
        for run in 0..MOST_RUNS {
            let mut child = self.start(run);
            let status = if run < disturbed {
                self.disturb(&mut child, &mut tally)
            } else {
                wait(&mut child, PATIENCE)
            };
            match status {
                Some(status) if status.success() => {
                    let found = self.ends.read_back(self.folder.path());
                    let mut difference = Difference::of(&self.rows, &found);
                    if self.sink.may_double() {
                        tally.doubled += difference.forgive_doubled();
                    }
                    if difference != Difference::default() {
                        self.keep(&difference.to_string());
                    }
                    return (tally, difference);
                }
                Some(status) => ends.push(format!("run {run}: {status}")),
                None => {
                    let _ = child.kill();
                    let _ = child.wait();
                    self.fail("a run does not end");
                }
            }
        }
        self.fail(&format!("no run ended well: {}", ends.join("; ")))
    }

    fn disturb(&mut self, child: &mut Child, tally: &mut Tally) -> Option<ExitStatus> {
        let moment = Duration::from_millis(self.random.u64(5..=1_100));
        if let Some(status) = wait(child, moment) {
            return Some(status);
        }
        match self.random.u8(0..7) {
            0 => {
                tally.freezes += 1;
                signal(child, "-STOP");
                let longest = freeze_millis();
                sleep(Duration::from_millis(
                    self.random.u64(longest / 3..=longest),
                ));
                signal(child, "-CONT");
            }
            1 => {
                if let Some(restart) = self.ends.kill_server(self.random.bool()) {
                    tally.servers += 1;
                    sleep(Duration::from_millis(self.random.u64(0..=500)));
                    restart();
                }
            }
            2 if self.disk.is_some() => {
                tally.disks += 1;
                let disk = self.disk.as_ref().expect("just looked");
                disk.fill();
                // Less than it takes for more failed checkpoints than are tolerated, or more.
                sleep(Duration::from_millis(self.random.u64(50..=900)));
                disk.free();
                if self.random.bool() {
                    child.kill().unwrap();
                }
            }
            _ => {
                tally.kills += 1;
                child.kill().unwrap();
            }
        }
        wait(child, PATIENCE)
    }

    fn start(&self, run: usize) -> Child {
        let own = || PathBuf::from(env!("CARGO_BIN_EXE_seatunnel"));
        let binary = std::env::var_os("SEATUNNEL_KILL_BIN").map_or_else(own, PathBuf::from);
        let log = std::fs::File::create(self.folder.path().join(format!("{run}.log"))).unwrap();
        let mut command = Command::new(binary);
        command.args(["--config", "job.conf"]);
        command.current_dir(self.folder.path());
        command.env("SEATUNNEL_STATE", self.folder.path().join("state"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command.spawn().unwrap()
    }

    /// Shows what there is to see, and fails.
    fn fail(&self, why: &str) -> ! {
        self.keep(why);
        panic!("round {}: {why}", self.number)
    }

    fn keep(&self, why: &str) {
        println!("round {}: {why}", self.number);
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "log" || e == "conf"))
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            println!("--- {}\n{text}", file.display());
        }
    }
}

/// How long a process is frozen at most.
fn freeze_millis() -> u64 {
    crate::setting("SEATUNNEL_KILL_FREEZE_MILLIS", 900)
}

fn signal(child: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    assert!(
        kill.args([signal, &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits for the end of a process, but not for ever.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if start.elapsed() >= limit {
            return None;
        }
        sleep(Duration::from_millis(3));
    }
}
