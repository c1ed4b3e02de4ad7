//! A server's process: started, stopped, killed and started again on the same port.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::folder::{Folder, signal};
use crate::programs::{command, run};

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How a server is run.
pub struct Launch {
    /// The server's command line.
    pub server: Vec<OsString>,
    /// A client's command line that succeeds once the server serves.
    pub ping: Vec<OsString>,
    /// The signal that asks the server to end soon, aborting transactions, without its `SIG`.
    pub stop: &'static str,
    /// Where the server writes its process id.
    pub pid_file: PathBuf,
}

/// A server in its folder.
pub struct Server {
    process: Mutex<Option<Child>>,
    launch: Launch,
    folder: Folder,
}

impl Server {
    /// Starts a server. `launch` makes the command lines for a port; another port is tried if one turns out to be taken.
    #[track_caller]
    pub fn start(folder: Folder, launch: impl Fn(&Path, u16) -> Launch) -> (Self, u16) {
        let mut port = free_port();
        let mut server = Self {
            process: Mutex::new(None),
            launch: launch(folder.path(), port),
            folder,
        };
        for _ in 0..5 {
            let log = match server.try_start() {
                Ok(()) => return (server, port),
                Err(log) => log,
            };
            if !log.to_lowercase().contains("address already in use") {
                panic!("the server did not start:\n{log}");
            }
            port = free_port();
            server.launch = launch(server.folder.path(), port);
        }
        panic!("no free port found")
    }

    /// The folder that it works in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it again, with the same settings on the same port. Stops it first if it runs.
    #[track_caller]
    pub fn restart(&self) {
        self.stop();
        if let Err(log) = self.try_start() {
            panic!("the server did not start again:\n{log}");
        }
    }

    /// Asks the server to end and waits until it has. Does nothing if it doesn't run.
    #[track_caller]
    pub fn stop(&self) {
        let mut process = self.process();
        let Some(mut child) = process.take() else {
            return;
        };
        let pid = fs::read_to_string(&self.launch.pid_file).unwrap_or_default();
        let pid = pid.lines().next().unwrap_or_default().trim().to_owned();
        signal(self.launch.stop, &[pid]);
        let quiet = self.folder.wait_until_quiet(STOP_LIMIT);
        if !quiet {
            signal("KILL", &self.folder.processes());
        }
        let _ = child.wait();
        assert!(
            quiet,
            "the server did not stop in {STOP_LIMIT:?}:\n{}",
            self.log()
        );
    }

    /// Kills the server and all its children at once, as a power cut would.
    #[track_caller]
    pub fn kill(&self) {
        let mut process = self.process();
        let start = Instant::now();
        // Repeated: a server may start a child between looking and killing.
        loop {
            let running = self.folder.processes();
            if running.is_empty() {
                break;
            }
            signal("KILL", &running);
            assert!(
                start.elapsed() < STOP_LIMIT,
                "processes {running:?} can't be killed"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        if let Some(mut child) = process.take() {
            let _ = child.wait();
        }
    }

    /// The end of what the server has written to its log.
    pub fn log(&self) -> String {
        let text = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(20_000)..]).into_owned()
    }

    /// Starts the process and waits until it serves; the error is the end of the log.
    fn try_start(&self) -> Result<(), String> {
        let log = File::create(self.folder.path().join("log")).expect("the folder is ours");
        let also = log.try_clone().expect("a file handle can be doubled");
        let mut child = command(&self.launch.server)
            // The guardian knows the server by where it works.
            .current_dir(self.folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(also)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{:?} can't be started: {error}", self.launch.server[0])
            });
        let start = Instant::now();
        loop {
            if child.try_wait().expect("a child can be asked").is_some() {
                return Err(self.log());
            }
            match run(&mut command(&self.launch.ping), "") {
                Ok(_) => break,
                Err(error) if start.elapsed() > START_LIMIT => {
                    signal("KILL", &self.folder.processes());
                    let _ = child.wait();
                    return Err(format!("{error}\n{}", self.log()));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(30)),
            }
        }
        *self.process() = Some(child);
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        // A panic elsewhere leaves the process as it is.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.folder.end();
        if let Some(mut child) = self.process().take() {
            let _ = child.wait();
        }
    }
}

/// A port of 127.0.0.1 that nothing listens on. Below those that the system gives to outgoing connections, so that
/// none of them can take it while a server is down.
fn free_port() -> u16 {
    loop {
        let dice = RandomState::new().hash_one(std::process::id());
        let port = 12_000 + (dice % 20_000) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
