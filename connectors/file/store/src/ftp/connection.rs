//! Connections to a server.

use std::fs::File;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpStream, Mode, Status};

use super::FtpConfiguration;
use crate::{Entry, Trouble};

/// How long the server may take for an answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long connecting may take, in both directions.
const CONNECT: Duration = Duration::from_secs(20);
/// Connections that are kept for later.
const KEPT: usize = 4;
/// How long a connection may have rested to be used without a question.
const FRESH: Duration = Duration::from_secs(5);

/// What a store and its open files have in common.
pub(super) struct Shared {
    pub(super) name: String,
    configuration: FtpConfiguration,
    /// Connections that nobody uses, and since when.
    kept: Mutex<Vec<(FtpStream, Instant)>>,
    /// The file that was copied to this machine last.
    pub(super) copy: Mutex<Option<(Entry, Arc<File>)>>,
}

impl Shared {
    /// Nothing is connected yet.
    pub(super) fn new(configuration: FtpConfiguration) -> Self {
        Self {
            name: format!("ftp://{}:{}", configuration.host, configuration.port),
            configuration,
            kept: Mutex::default(),
            copy: Mutex::default(),
        }
    }

    /// A connection, used before or new.
    pub(super) fn take(&self) -> io::Result<FtpStream> {
        loop {
            let kept = {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.pop()
            };
            match kept {
                None => return self.connect(),
                Some((ftp, since)) if since.elapsed() < FRESH => return Ok(ftp),
                Some((mut ftp, _)) => {
                    if ftp.noop().is_ok() {
                        return Ok(ftp);
                    }
                }
            }
        }
    }

    /// Keeps a connection for later.
    pub(super) fn give_back(&self, ftp: FtpStream) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push((ftp, Instant::now()));
        }
    }

    /// A new connection.
    pub(super) fn connect(&self) -> io::Result<FtpStream> {
        let known = &self.configuration;
        let not_reached = |error: io::Error| {
            Trouble::new(format!("{} can't be reached", self.name))
                .help("check `host` and `port`, and that an FTP server listens there")
                .cause(error)
                .io(io::ErrorKind::ConnectionRefused)
        };
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        let mut socket = None;
        let addresses = (known.host.as_str(), known.port).to_socket_addrs();
        for address in addresses.map_err(not_reached)? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(open) => {
                    socket = Some(open);
                    break;
                }
                Err(error) => last = error,
            }
        }
        let socket = socket.ok_or_else(|| not_reached(last))?;
        let timeouts = socket
            .set_read_timeout(Some(ANSWER))
            .and_then(|()| socket.set_write_timeout(Some(ANSWER)))
            .and_then(|()| socket.set_nodelay(true));
        timeouts.map_err(not_reached)?;
        let is_v6 = socket.peer_addr().map_err(not_reached)?.is_ipv6();
        let mut ftp =
            FtpStream::connect_with_stream(socket).map_err(|error| self.explain(error))?;
        ftp.login(&known.user, &known.password)
            .map_err(|error| match error {
                FtpError::UnexpectedResponse(_) => {
                    let message = format!("{} does not let user {} in", self.name, known.user);
                    Trouble::new(message)
                        .help("check `user` and `password`")
                        .cause(error)
                        .io(io::ErrorKind::PermissionDenied)
                }
                error => self.explain(error),
            })?;
        if known.active {
            ftp = ftp.active_mode(CONNECT);
        } else {
            ftp.set_mode(match is_v6 {
                true => Mode::ExtendedPassive,
                false => Mode::Passive,
            });
            // A server behind a router tells an address that leads nowhere.
            ftp.set_passive_nat_workaround(true);
        }
        let binary = ftp.transfer_type(FileType::Binary);
        binary.map_err(|error| self.explain(error))?;
        Ok(ftp)
    }

    /// An error of a transfer.
    pub(super) fn broken(&self, error: io::Error) -> io::Error {
        match Trouble::of(&error) {
            Some(_) => error,
            None => self.explain(FtpError::ConnectionError(error)),
        }
    }

    /// What the server refuses, in the user's terms.
    pub(super) fn explain(&self, error: FtpError) -> io::Error {
        let (kind, message) = match &error {
            FtpError::ConnectionError(cause) if cause.kind() == io::ErrorKind::WouldBlock => (
                io::ErrorKind::TimedOut,
                format!("{} does not answer any more", self.name),
            ),
            FtpError::ConnectionError(cause) => (
                match cause.kind() {
                    io::ErrorKind::UnexpectedEof => io::ErrorKind::ConnectionReset,
                    kind => kind,
                },
                format!("the connection to {} broke off", self.name),
            ),
            FtpError::UnexpectedResponse(answer) => {
                let said = String::from_utf8_lossy(&answer.body).to_lowercase();
                match answer.status {
                    Status::FileUnavailable
                        if said.contains("permission") || said.contains("denied") =>
                    {
                        (
                            io::ErrorKind::PermissionDenied,
                            format!("{} denies access", self.name),
                        )
                    }
                    Status::FileUnavailable
                        if said.contains("exist")
                            && !said.contains("not exist")
                            && !said.contains("n't exist") =>
                    {
                        (
                            io::ErrorKind::AlreadyExists,
                            "it is there already".to_owned(),
                        )
                    }
                    Status::FileUnavailable => return io::ErrorKind::NotFound.into(),
                    Status::ExceededStorage => (
                        io::ErrorKind::StorageFull,
                        format!("{} has no room left", self.name),
                    ),
                    Status::CannotOpenDataConnection => (
                        io::ErrorKind::ConnectionRefused,
                        format!(
                            "{} and this machine can't connect for a transfer; try the other `connection_mode`",
                            self.name
                        ),
                    ),
                    _ => (
                        io::ErrorKind::Other,
                        format!("{} does not do what it is asked to", self.name),
                    ),
                }
            }
            _ => (
                io::ErrorKind::Other,
                format!("{} gives answers that are not understood", self.name),
            ),
        };
        Trouble::new(message).cause(error).io(kind)
    }
}
