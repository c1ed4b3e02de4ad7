//! SFTP: files of a server that is spoken to by SSH.
//!
//! One connection serves all files of a store; reading and writing keep several requests under way.

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use russh::client::{self, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh_sftp::client::fs::{File, Metadata};
use russh_sftp::client::{Config as SftpConfig, SftpSession, error::Error as SftpError};
use russh_sftp::protocol::{OpenFlags, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Mutex;

use crate::ahead::Ahead;
use crate::random::Ranges;
use crate::tree::{self, Tree};
use crate::wait::run;
use crate::{Entry, FileWriter, Publishing, RandomFile, Store, Trouble, Upload};

/// Bytes of a piece that is read.
const PIECE: usize = 256 << 10;
/// Pieces that are there before they are wanted.
const AHEAD: usize = 4;
/// Bytes that are collected before they are written.
const BUFFER: usize = 256 << 10;
/// Seconds that the server may take for an answer.
const ANSWER: u64 = 60;
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);

/// A server and who we are to it.
#[derive(Clone)]
pub struct SftpConfiguration {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Option<String>,
    /// File with the user's private key.
    pub keyfile: Option<PathBuf>,
    /// What the private key is encrypted with.
    pub passphrase: Option<String>,
    /// The fingerprint that the server's key must have: `SHA256:…`. Any if none.
    pub host_key: Option<String>,
}

/// The store of these settings. Nothing is asked of it yet.
pub fn sftp(configuration: SftpConfiguration) -> Arc<dyn Store> {
    let name = format!("sftp://{}:{}", configuration.host, configuration.port);
    Arc::new(SftpFiles(Arc::new(Shared {
        name,
        configuration,
        connection: Mutex::default(),
    })))
}

struct SftpFiles(Arc<Shared>);

struct Shared {
    name: String,
    configuration: SftpConfiguration,
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    ssh: Handle<HostKey>,
    sftp: Arc<SftpSession>,
}

/// Looks at the key of the server.
struct HostKey {
    wanted: Option<String>,
    name: String,
}

impl client::Handler for HostKey {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(self.wanted.is_none());
        };
        let found = key.fingerprint(HashAlg::Sha256).to_string();
        match &self.wanted {
            Some(wanted) => Ok(*wanted == found),
            None => {
                tracing::debug!("the key of {} is {found}", self.name);
                Ok(true)
            }
        }
    }
}

impl fmt::Debug for SftpFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Shared {
    async fn session(&self) -> io::Result<Arc<SftpSession>> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| !open.ssh.is_closed()) {
            return Ok(open.sftp.clone());
        }
        let connect = tokio::time::timeout(CONNECT, self.connect());
        let open = match connect.await {
            Ok(open) => open?,
            Err(_) => {
                let message = format!("{} does not answer", self.name);
                return Err(Trouble::new(message).io(io::ErrorKind::TimedOut));
            }
        };
        Ok(connection.insert(open).sftp.clone())
    }

    async fn connect(&self) -> io::Result<Connection> {
        let known = &self.configuration;
        let config = client::Config {
            keepalive_interval: Some(Duration::from_secs(30)),
            nodelay: true,
            // More than all answers that are asked for at once: some servers stand still at the edge.
            window_size: 32 << 20,
            ..client::Config::default()
        };
        let host_key = HostKey {
            wanted: known.host_key.clone(),
            name: self.name.clone(),
        };
        let address = (known.host.as_str(), known.port);
        let mut ssh = client::connect(Arc::new(config), address, host_key)
            .await
            .map_err(|error| self.not_connected(error))?;
        self.authenticate(&mut ssh).await?;
        let broken = |error: russh::Error| {
            let message = format!("{} offers no transfer of files", self.name);
            Trouble::new(message).cause(error).io(io::ErrorKind::Other)
        };
        let channel = ssh.channel_open_session().await.map_err(broken)?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(broken)?;
        let config = SftpConfig {
            request_timeout_secs: ANSWER,
            ..SftpConfig::default()
        };
        let sftp = SftpSession::new_with_config(channel.into_stream(), config);
        let sftp = sftp.await.map_err(|error| self.explain(error))?;
        Ok(Connection {
            ssh,
            sftp: Arc::new(sftp),
        })
    }

    async fn authenticate(&self, ssh: &mut Handle<HostKey>) -> io::Result<()> {
        let known = &self.configuration;
        let broken = |error| self.not_connected(error);
        if let Some(keyfile) = &known.keyfile {
            let key = russh::keys::load_secret_key(keyfile, known.passphrase.as_deref());
            let key = key.map_err(|error| {
                let message = format!("the private key {} can't be read", keyfile.display());
                Trouble::new(message)
                    .help("option `keyfile` names a file in the format of OpenSSH or PEM; an encrypted one needs `passphrase`")
                    .cause(error)
                    .io(io::ErrorKind::InvalidInput)
            })?;
            let hash = ssh.best_supported_rsa_hash().await.map_err(broken)?;
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash.flatten());
            let done = ssh.authenticate_publickey(known.user.clone(), key).await;
            if done.map_err(broken)?.success() {
                return Ok(());
            }
        }
        if let Some(password) = &known.password {
            let done = ssh.authenticate_password(known.user.clone(), password.clone());
            if done.await.map_err(broken)?.success() {
                return Ok(());
            }
            if self.by_questions(ssh, password).await.map_err(broken)? {
                return Ok(());
            }
        }
        let message = format!("{} does not let user {} in", self.name, known.user);
        Err(Trouble::new(message)
            .help("check `user` and `password`, or `keyfile`")
            .io(io::ErrorKind::PermissionDenied))
    }

    /// Some servers ask for the password instead of taking it.
    async fn by_questions(
        &self,
        ssh: &mut Handle<HostKey>,
        password: &str,
    ) -> Result<bool, russh::Error> {
        use client::KeyboardInteractiveAuthResponse as Answer;
        let user = self.configuration.user.clone();
        let mut answer = ssh
            .authenticate_keyboard_interactive_start(user, None)
            .await?;
        // A server that is not content asks again.
        for _ in 0..3 {
            match answer {
                Answer::Success => return Ok(true),
                Answer::Failure { .. } => return Ok(false),
                Answer::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    answer = ssh
                        .authenticate_keyboard_interactive_respond(answers)
                        .await?;
                }
            }
        }
        Ok(false)
    }

    fn not_connected(&self, error: russh::Error) -> io::Error {
        let (message, help) = match &error {
            russh::Error::UnknownKey => (
                format!("{} has another key than `host_key` says", self.name),
                "if the server has got a new key, correct the option; if not, this is another server",
            ),
            _ => (
                format!("{} can't be reached", self.name),
                "check `host` and `port`, and that an SSH server listens there",
            ),
        };
        Trouble::new(message)
            .help(help)
            .cause(error)
            .io(io::ErrorKind::ConnectionRefused)
    }

    fn explain(&self, error: SftpError) -> io::Error {
        let kind = match &error {
            SftpError::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => return io::ErrorKind::NotFound.into(),
                StatusCode::PermissionDenied => io::ErrorKind::PermissionDenied,
                StatusCode::OpUnsupported => io::ErrorKind::Unsupported,
                _ => io::ErrorKind::Other,
            },
            SftpError::Timeout => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        let message = match kind {
            io::ErrorKind::PermissionDenied => format!("{} denies access", self.name),
            io::ErrorKind::TimedOut => format!("{} does not answer any more", self.name),
            _ => format!("{} does not do what it is asked to", self.name),
        };
        Trouble::new(message).cause(error).io(kind)
    }
}

impl SftpFiles {
    /// Does something with the server and waits for it; once more on a new connection if the first broke off.
    fn run<T: Send + 'static, F>(
        &self,
        work: impl Fn(Arc<SftpSession>) -> F + Send + Sync + 'static,
    ) -> io::Result<T>
    where
        F: Future<Output = Result<T, SftpError>> + Send + 'static,
    {
        let shared = self.0.clone();
        run(async move {
            let mut done = work(shared.session().await?).await;
            if done.as_ref().is_err_and(is_broken_off) {
                // A connection that nobody used may be closed without a word.
                shared.connection.lock().await.take();
                done = work(shared.session().await?).await;
            }
            done.map_err(|error| shared.explain(error))
        })
    }
}

/// Whether the connection is no more.
fn is_broken_off(error: &SftpError) -> bool {
    matches!(error, SftpError::IO(_) | SftpError::UnexpectedBehavior(_))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn entry(path: PathBuf, metadata: &Metadata) -> Entry {
    Entry {
        path,
        bytes: metadata.size.unwrap_or_default(),
        modified: metadata.modified().ok(),
        is_folder: metadata.is_dir(),
    }
}

impl Tree for SftpFiles {
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let folder = folder.to_owned();
        self.run(move |session: Arc<SftpSession>| {
            let folder = folder.clone();
            async move {
                let mut found = Vec::new();
                for below in session.read_dir(text(&folder)).await? {
                    let path = folder.join(below.file_name());
                    let mut metadata = below.metadata();
                    if metadata.is_symlink() {
                        // What a link stands for counts.
                        metadata = session.metadata(text(&path)).await?;
                    }
                    found.push(entry(path, &metadata));
                }
                Ok(found)
            }
        })
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = text(folder);
        self.run(move |session: Arc<SftpSession>| {
            let folder = folder.clone();
            async move { session.create_dir(folder).await }
        })
    }

    fn delete_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = text(folder);
        self.run(move |session: Arc<SftpSession>| {
            let folder = folder.clone();
            async move { session.remove_dir(folder).await }
        })
    }

    fn delete_file(&self, file: &Path) -> io::Result<()> {
        let file = text(file);
        self.run(move |session: Arc<SftpSession>| {
            let file = file.clone();
            async move { session.remove_file(file).await }
        })
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        let path = path.to_owned();
        self.run(move |session: Arc<SftpSession>| {
            let path = path.clone();
            async move {
                let metadata = session.metadata(text(&path)).await?;
                Ok(entry(path, &metadata))
            }
        })
    }
}

impl Store for SftpFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn publishing(&self) -> Publishing {
        Publishing::Rename
    }

    fn open_files(&self) -> usize {
        8
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
        let path = path.to_owned();
        let (file, start, end) = self.run(move |session: Arc<SftpSession>| {
            let path = path.clone();
            let range = range.clone();
            async move {
                let mut file = session.open(text(&path)).await?;
                let (start, end) = match range {
                    Some(range) => (range.start, range.end),
                    None => (0, file.metadata().await?.size.unwrap_or_default()),
                };
                file.seek(io::SeekFrom::Start(start)).await?;
                Ok((file, start, end))
            }
        })?;
        let left = end.saturating_sub(start);
        let pieces = stream::try_unfold((file, left), |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            let length = file.read(&mut piece).await?;
            if length == 0 {
                return Ok(None);
            }
            piece.truncate(length);
            Ok(Some((Bytes::from(piece), (file, left - length as u64))))
        });
        Ok(Box::new(Ahead::new(pieces, AHEAD, left)?))
    }

    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        let path = path.to_owned();
        let (file, bytes) = self.run(move |session: Arc<SftpSession>| {
            let path = path.clone();
            async move {
                let file = session.open(text(&path)).await?;
                let bytes = file.metadata().await?.size.unwrap_or_default();
                Ok((file, bytes))
            }
        })?;
        let ranges = SftpRanges(Arc::new(Mutex::new(file)));
        Ok(RandomFile::fetched(Box::new(ranges), bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        let create = |path: &Path| {
            let path = text(path);
            self.run(move |session: Arc<SftpSession>| {
                let path = path.clone();
                async move {
                    let new = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
                    session.open_with_flags(path, new).await
                }
            })
        };
        let created = match create(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                tree::make_folders(self, path.parent().unwrap_or(path))?;
                create(path)
            }
            created => created,
        };
        let file = created.map_err(|error| match self.look_at(path) {
            Ok(_) => io::ErrorKind::AlreadyExists.into(),
            Err(_) => error,
        })?;
        Ok(Box::new(SftpWriter {
            shared: self.0.clone(),
            path: text(path),
            file: Some(Box::new(file)),
            buffer: Vec::new(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = || {
            let (from, to) = (text(from), text(to));
            self.run(move |session: Arc<SftpSession>| {
                let (from, to) = (from.clone(), to.clone());
                async move { session.rename(from, to).await }
            })
        };
        let Err(error) = rename() else {
            return Ok(());
        };
        // Which of the two paths is missing, the answer doesn't say.
        self.look_at(from)?;
        match self.look_at(to) {
            Ok(found) if !found.is_folder => {
                self.delete_file(to)?;
                rename()
            }
            Ok(_) => Err(error),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                tree::make_folders(self, to.parent().unwrap_or(to))?;
                rename()
            }
            Err(e) => Err(e),
        }
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        tree::make_folders(self, path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.delete_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
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

struct SftpRanges(Arc<Mutex<File>>);

impl Ranges for SftpRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let file = self.0.clone();
        run(async move {
            let mut file = file.lock().await;
            file.seek(io::SeekFrom::Start(range.start)).await?;
            let mut bytes = vec![0; (range.end - range.start) as usize];
            file.read_exact(&mut bytes).await?;
            Ok(bytes.into())
        })
    }
}

struct SftpWriter {
    shared: Arc<Shared>,
    path: String,
    /// None while it rests.
    file: Option<Box<File>>,
    buffer: Vec<u8>,
}

impl SftpWriter {
    fn write_out(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        if bytes.is_empty() && self.file.is_some() {
            return Ok(());
        }
        let (shared, path, file) = (self.shared.clone(), self.path.clone(), self.file.take());
        let (file, mut bytes) = run(async move {
            let mut file = match file {
                Some(file) => file,
                None => {
                    let session = shared.session().await?;
                    let again = async {
                        let mut file = session.open_with_flags(path, OpenFlags::WRITE).await?;
                        let end = file.metadata().await?.size.unwrap_or_default();
                        file.seek(io::SeekFrom::Start(end)).await?;
                        Ok(file)
                    };
                    Box::new(again.await.map_err(|error| shared.explain(error))?)
                }
            };
            file.write_all(&bytes).await?;
            Ok((file, bytes))
        })?;
        self.file = Some(file);
        bytes.clear();
        self.buffer = bytes;
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.write_out()?;
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        run(async move {
            file.flush().await?;
            // Servers without this call have no other way either.
            let _ = file.sync_all().await;
            file.close().await
        })
    }
}

impl FileWriter for SftpWriter {
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
