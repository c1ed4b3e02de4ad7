//! FTP: files of a server with one connection for each file that is open.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use suppaftp::list::ListParser;
use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpStream, Mode, Status, TlsStream, TransferStream};

use crate::tree::{self, Tree};
use crate::wait::blocking;
use crate::{Entry, FileWriter, Publishing, RandomFile, Store, Trouble, Upload};

/// How long the server may take for an answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long connecting may take, in both directions.
const CONNECT: Duration = Duration::from_secs(20);
/// Connections that are kept for later.
const KEPT: usize = 4;
/// How long a connection may have rested to be used without a question.
const FRESH: Duration = Duration::from_secs(5);
/// Bytes that are collected before they are written.
const BUFFER: usize = 256 << 10;

/// A server and who we are to it.
#[derive(Clone)]
pub struct FtpConfiguration {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// Whether the server connects to us for each transfer, and not we to it.
    pub active: bool,
}

/// The store of these settings. Nothing is asked of it yet.
pub fn ftp(configuration: FtpConfiguration) -> Arc<dyn Store> {
    let name = format!("ftp://{}:{}", configuration.host, configuration.port);
    Arc::new(FtpFiles(Arc::new(Shared {
        name,
        configuration,
        kept: Mutex::default(),
        copy: Mutex::default(),
    })))
}

struct FtpFiles(Arc<Shared>);

/// A transfer of a file, whatever its connection is.
trait Transfer: Read + Write + Send {
    /// Ends it and hears whether all has arrived.
    fn finish(self: Box<Self>) -> Result<(), FtpError>;
}

impl<T: TlsStream + Send> Transfer for TransferStream<T> {
    fn finish(self: Box<Self>) -> Result<(), FtpError> {
        TransferStream::finish(*self)
    }
}

struct Shared {
    name: String,
    configuration: FtpConfiguration,
    /// Connections that nobody uses, and since when.
    kept: Mutex<Vec<(FtpStream, Instant)>>,
    /// The file that was copied to this machine last.
    copy: Mutex<Option<(Entry, Arc<File>)>>,
}

impl fmt::Debug for FtpFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Shared {
    /// A connection, used before or new.
    fn take(&self) -> io::Result<FtpStream> {
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

    fn give_back(&self, ftp: FtpStream) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push((ftp, Instant::now()));
        }
    }

    fn connect(&self) -> io::Result<FtpStream> {
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

    fn explain(&self, error: FtpError) -> io::Error {
        let (kind, message) = match &error {
            FtpError::ConnectionError(cause) if cause.kind() == io::ErrorKind::WouldBlock => (
                io::ErrorKind::TimedOut,
                format!("{} does not answer any more", self.name),
            ),
            FtpError::ConnectionError(cause) => (
                cause.kind(),
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

impl FtpFiles {
    /// Does something with a connection and waits for it. A connection that broke off while nobody used
    /// it is replaced by another once.
    fn with<T>(&self, work: impl Fn(&mut FtpStream) -> Result<T, FtpError>) -> io::Result<T> {
        blocking(|| {
            let mut ftp = self.0.take()?;
            let mut done = work(&mut ftp);
            if matches!(done, Err(FtpError::ConnectionError(_))) {
                ftp = self.0.connect()?;
                done = work(&mut ftp);
            }
            let usable = !matches!(
                done,
                Err(FtpError::ConnectionError(_) | FtpError::BadResponse)
            );
            if usable {
                self.0.give_back(ftp);
            }
            done.map_err(|error| self.0.explain(error))
        })
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Tree for FtpFiles {
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let name = text(folder);
        let lines = self.with(|ftp| {
            // Names with blanks or hyphens can be part of no server's LIST.
            ftp.cwd(&name)?;
            match ftp.mlsd(None) {
                Ok(lines) => Ok((true, lines)),
                // Not every server knows the command, and not every one says so.
                Err(FtpError::UnexpectedResponse(_)) => Ok((false, ftp.list(None)?)),
                Err(error) => Err(error),
            }
        });
        let (facts, lines) = lines?;
        let mut found = Vec::new();
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            let is_self = |kind: &str| line.to_lowercase().contains(kind);
            if facts && (is_self("type=cdir") || is_self("type=pdir")) {
                continue;
            }
            let parsed = match facts {
                true => ListParser::parse_mlsd(line),
                false if line.starts_with("total ") => continue,
                false => ListParser::parse_posix(line).or_else(|_| ListParser::parse_dos(line)),
            };
            let file = parsed.map_err(|error| {
                let message = format!(
                    "{} lists files in a way that is not understood",
                    self.0.name
                );
                let cause = format!("{error}: {line}");
                Trouble::new(message)
                    .cause(cause)
                    .io(io::ErrorKind::InvalidData)
            })?;
            if matches!(file.name(), "." | "..") {
                continue;
            }
            let path = folder.join(file.name());
            if file.is_symlink() {
                // What a link stands for counts.
                found.push(self.look_at(&path)?);
                continue;
            }
            found.push(Entry {
                path,
                bytes: file.size() as u64,
                modified: Some(file.modified()),
                is_folder: file.is_directory(),
            });
        }
        Ok(found)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.with(|ftp| ftp.mkdir(text(folder)))
    }

    fn delete_folder(&self, folder: &Path) -> io::Result<()> {
        self.with(|ftp| {
            // Some servers delete no folder that a connection stands in.
            ftp.cwd("/")?;
            ftp.rmdir(text(folder))
        })
    }

    fn delete_file(&self, file: &Path) -> io::Result<()> {
        self.with(|ftp| ftp.rm(text(file)))
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        let name = text(path);
        self.with(|ftp| {
            let not_a_file = match ftp.size(&name) {
                Ok(bytes) => {
                    let modified = ftp.mdtm(&name).ok();
                    let modified = modified.map(|time| time.and_utc().into());
                    return Ok(Entry {
                        path: path.to_owned(),
                        bytes: bytes as u64,
                        modified,
                        is_folder: false,
                    });
                }
                Err(error @ FtpError::UnexpectedResponse(_)) => error,
                Err(error) => return Err(error),
            };
            match ftp.cwd(&name) {
                Ok(()) => Ok(Entry {
                    path: path.to_owned(),
                    bytes: 0,
                    modified: None,
                    is_folder: true,
                }),
                Err(FtpError::UnexpectedResponse(_)) => Err(not_a_file),
                Err(error) => Err(error),
            }
        })
    }
}

impl Store for FtpFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn publishing(&self) -> Publishing {
        Publishing::Rename
    }

    fn open_files(&self) -> usize {
        4
    }

    fn reads_anywhere(&self) -> bool {
        false
    }

    fn find(&self, path: &Path) -> io::Result<Entry> {
        self.look_at(path)
    }

    fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        tree::list(self, folder, recursive, skip)
    }

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        blocking(|| {
            let size = self.look_at(path)?.bytes;
            let (start, end) = range.map_or((0, size), |range| (range.start, range.end.min(size)));
            let explain = |error| self.0.explain(error);
            let mut ftp = self.0.take()?;
            let offset = usize::try_from(start).map_err(io::Error::other)?;
            ftp.resume_transfer(offset).map_err(explain)?;
            let transfer = ftp.retr_as_stream(text(path)).map_err(explain)?;
            let reader: Box<dyn Read + Send> = Box::new(FtpReader {
                shared: self.0.clone(),
                open: Some((ftp, Box::new(transfer))),
                left: end.saturating_sub(start),
                to_the_end: end == size,
            });
            Ok(reader)
        })
    }

    /// There is no way to read here and there: the file is copied to this machine's disk.
    /// The last one is kept, since a file is opened several times in a row.
    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        let found = self.look_at(path)?;
        let lock = || self.0.copy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, copy)) = &*lock()
            && *of == found
        {
            return Ok(RandomFile::Here(copy.clone()));
        }
        let mut file = tempfile::tempfile()?;
        io::copy(&mut self.read(path, None)?, &mut file)?;
        let file = Arc::new(file);
        *lock() = Some((found, file.clone()));
        Ok(RandomFile::Here(file))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        match self.look_at(path) {
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        tree::make_folders(self, path.parent().unwrap_or(path))?;
        let mut writer = FtpWriter {
            shared: self.0.clone(),
            path: path.to_owned(),
            begun: false,
            open: None,
            buffer: Vec::new(),
        };
        writer.open()?;
        Ok(Box::new(writer))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look_at(from)?;
        tree::make_folders(self, to.parent().unwrap_or(to))?;
        let rename = || self.with(|ftp| ftp.rename(text(from), text(to)));
        match rename() {
            Ok(()) => Ok(()),
            Err(error) => match self.look_at(to) {
                Ok(found) if !found.is_folder && self.look_at(from).is_ok() => {
                    self.delete_file(to)?;
                    rename()
                }
                // An answer that was lost on the way.
                Ok(found) if !found.is_folder => Ok(()),
                _ => Err(error),
            },
        }
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        tree::make_folders(self, path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.delete_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => match self.look_at(path) {
                // The answers to "there is none" and "you may not" are the same for some servers.
                Ok(_) => {
                    let message = format!("{} does not delete it", self.0.name);
                    Err(Trouble::new(message).io(io::ErrorKind::PermissionDenied))
                }
                Err(_) => Ok(()),
            },
            removed => removed,
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        tree::remove_folder(self, path)
    }

    fn remove_empty_folder(&self, path: &Path) -> bool {
        self.delete_folder(path).is_ok()
    }
}

/// A transfer from the server; its connection goes back when it has come to its end.
struct FtpReader {
    shared: Arc<Shared>,
    open: Option<(FtpStream, Box<dyn Transfer>)>,
    left: u64,
    to_the_end: bool,
}

impl Read for FtpReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some((_, transfer)) = &mut self.open else {
            return Ok(0);
        };
        let wanted = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let length = match wanted {
            0 => 0,
            wanted => blocking(|| transfer.read(&mut out[..wanted]))?,
        };
        if length > 0 {
            self.left -= length as u64;
            return Ok(length);
        }
        if out.is_empty() {
            return Ok(0);
        }
        if self.left == 0 && !self.to_the_end {
            // Ending a transfer in the middle of a file is a way that servers differ in.
            self.hang_up();
            return Ok(0);
        }
        let Some((ftp, transfer)) = self.open.take() else {
            return Ok(0);
        };
        let ended = blocking(|| transfer.finish());
        ended.map_err(|error| self.shared.explain(error))?;
        self.shared.give_back(ftp);
        match self.left {
            0 => Ok(0),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the transfer ended before the file did",
            )),
        }
    }
}

impl FtpReader {
    /// Closes the connection as a whole: ending the transfer would wait for the rest of the file.
    fn hang_up(&mut self) {
        if let Some((ftp, transfer)) = self.open.take() {
            blocking(|| {
                let _ = ftp.get_ref().shutdown(Shutdown::Both);
                drop(transfer);
            });
        }
    }
}

impl Drop for FtpReader {
    fn drop(&mut self) {
        self.hang_up();
    }
}

struct FtpWriter {
    shared: Arc<Shared>,
    path: PathBuf,
    /// Whether the file is there, so that more has to be added to it.
    begun: bool,
    /// None while it rests.
    open: Option<(FtpStream, Box<dyn Transfer>)>,
    buffer: Vec<u8>,
}

impl FtpWriter {
    fn open(&mut self) -> io::Result<&mut dyn Transfer> {
        if self.open.is_none() {
            let path = text(&self.path);
            let mut ftp = self.shared.take()?;
            let transfer = match self.begun {
                true => ftp.append_with_stream(path),
                false => ftp.put_with_stream(path),
            };
            let transfer = transfer.map_err(|error| self.shared.explain(error))?;
            self.begun = true;
            self.open = Some((ftp, Box::new(transfer)));
        }
        match &mut self.open {
            Some((_, transfer)) => Ok(&mut **transfer),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.buffer);
        blocking(|| self.open()?.write_all(&bytes))?;
        bytes.clear();
        self.buffer = bytes;
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.write_out()?;
        if let Some((ftp, transfer)) = self.open.take() {
            let finished = blocking(|| transfer.finish());
            finished.map_err(|error| self.shared.explain(error))?;
            self.shared.give_back(ftp);
        }
        Ok(())
    }
}

impl FileWriter for FtpWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= BUFFER {
            true => self.write_out(),
            false => Ok(()),
        }
    }

    fn held(&self) -> usize {
        0
    }

    fn rest(&mut self) -> io::Result<()> {
        self.close()?;
        self.buffer = Vec::new();
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Option<Upload>> {
        self.close()?;
        Ok(None)
    }
}
