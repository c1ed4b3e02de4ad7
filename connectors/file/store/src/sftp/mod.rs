//! SFTP: files of a server that is spoken to by SSH.
//!
//! One connection serves all files of a store; reading and writing keep several requests under way.

mod connection;
mod files;

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::Metadata;
use russh_sftp::protocol::OpenFlags;
use tokio::io::AsyncSeekExt;
use tokio::sync::Mutex;

use crate::ahead::Ahead;
use crate::buffer::Buffered;
use crate::tree::{Tree, text};
use crate::wait::run;
use crate::{Entry, FileWriter, RandomFile, Store};

use connection::{Shared, is_broken_off};
use files::{SftpBlocks, SftpRanges, pieces};

/// Pieces that are there before they are wanted.
const AHEAD: usize = 4;

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
    Arc::new(SftpFiles(Arc::new(Shared::new(configuration))))
}

struct SftpFiles(Arc<Shared>);

impl fmt::Debug for SftpFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
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
                shared.hang_up().await;
                done = work(shared.session().await?).await;
            }
            done.map_err(|error| shared.explain(error))
        })
    }
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
    fn name(&self) -> &str {
        &self.0.name
    }

    fn open_files(&self) -> usize {
        8
    }

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
        let pieces = pieces(self.0.clone(), file, left);
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
        let ranges = SftpRanges {
            shared: self.0.clone(),
            file: Arc::new(Mutex::new(file)),
        };
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
                self.make_folders(path.parent().unwrap_or(path))?;
                create(path)
            }
            created => created,
        };
        let file = created.map_err(|error| match self.look_at(path) {
            Ok(_) => io::ErrorKind::AlreadyExists.into(),
            Err(_) => error,
        })?;
        Ok(Box::new(Buffered::new(SftpBlocks {
            shared: self.0.clone(),
            path: text(path),
            file: Some(Box::new(file)),
        })))
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
                self.make_folders(to.parent().unwrap_or(to))?;
                rename()
            }
            Err(e) => Err(e),
        }
    }
}
