//! Something between a connector and its server that breaks connections off.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use seatunnel_conformance::{Connection, FixtureResult, async_trait};

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
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                // What is not passed on is closed at once.
                let _ = pass_on(client, server, &mut lock(&shared));
            }
        });
        Self { port, state }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass_on(client: TcpStream, server: u16, state: &mut State) -> io::Result<()> {
    if state.is_cut {
        return Ok(());
    }
    let (client, server) = (Arc::new(client), TcpStream::connect(("127.0.0.1", server))?);
    let server = Arc::new(server);
    state.open.retain(|socket| socket.strong_count() > 0);
    for socket in [&client, &server] {
        socket.set_nodelay(true)?;
        state.open.push(Arc::downgrade(socket));
    }
    for (from, to) in [(client.clone(), server.clone()), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut &*from, &mut &*to);
            let _ = to.shutdown(Shutdown::Write);
        });
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
