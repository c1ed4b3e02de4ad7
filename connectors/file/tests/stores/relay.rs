//! Something between a connector and its server that breaks connections off.

use std::ffi::OsString;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use seatunnel_conformance::{Connection, FixtureResult, async_trait};

/// What is behind a relay.
#[derive(Clone)]
enum Behind {
    /// A server that listens on this port.
    Port(u16),
    /// A program that serves one connection, its input and output.
    Program(&'static Program),
}

/// A program and where it works.
pub(crate) struct Program {
    pub(crate) line: Vec<OsString>,
    pub(crate) folder: PathBuf,
}

/// Passes on to a server what comes to its port.
pub(crate) struct Relay {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Both sides of what is open.
    open: Vec<Weak<TcpStream>>,
    is_cut: bool,
}

impl Relay {
    /// A relay in front of a port of this machine. It lives as long as the process.
    pub(crate) fn to(server: u16) -> Self {
        Self::before(Behind::Port(server))
    }

    /// A port of which each connection is served by a process of its own, as inetd does it.
    #[cfg(feature = "ftp")]
    pub(crate) fn starting(program: &'static Program) -> Self {
        Self::before(Behind::Program(program))
    }

    fn before(behind: Behind) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                // What is not passed on is closed at once.
                let _ = pass_on(client, &behind, &mut lock(&shared));
            }
        });
        Self { port, state }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass_on(client: TcpStream, behind: &Behind, state: &mut State) -> io::Result<()> {
    if state.is_cut {
        return Ok(());
    }
    state.open.retain(|socket| socket.strong_count() > 0);
    let mut open = |socket: TcpStream| {
        socket.set_nodelay(true)?;
        let socket = Arc::new(socket);
        state.open.push(Arc::downgrade(&socket));
        Ok::<_, io::Error>(socket)
    };
    let client = open(client)?;
    match behind {
        Behind::Port(port) => {
            let server = open(TcpStream::connect(("127.0.0.1", *port))?)?;
            for (from, to) in [(client.clone(), server.clone()), (server, client)] {
                thread::spawn(move || {
                    let _ = io::copy(&mut &*from, &mut &*to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
        Behind::Program(program) => {
            let socket = || {
                client
                    .try_clone()
                    .map(|socket| Stdio::from(OwnedFd::from(socket)))
            };
            let mut child = Command::new(&program.line[0])
                .args(&program.line[1..])
                .current_dir(&program.folder)
                .stdin(socket()?)
                .stdout(socket()?)
                .stderr(Stdio::null())
                .spawn()?;
            thread::spawn(move || {
                let _ = child.wait();
                drop(client);
            });
        }
    }
    Ok(())
}

#[async_trait]
impl Connection for Relay {
    async fn kill(&self) -> FixtureResult<()> {
        let mut state = lock(&self.state);
        state.is_cut = true;
        for socket in state.open.drain(..).filter_map(|socket| socket.upgrade()) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        Ok(())
    }

    async fn heal(&self) -> FixtureResult<()> {
        lock(&self.state).is_cut = false;
        Ok(())
    }
}
