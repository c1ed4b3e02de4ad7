//! Where the files of a table are: on this machine, or in a store.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::Result as ParquetResult;
use parquet::file::reader::{ChunkReader, Length};
use seatunnel_api::{Error, Result, codes};
use seatunnel_file_store::{Entry, Publishing, RandomFile, Store};

/// Where the files of a table are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// In a store.
    Store(Arc<dyn Store>),
}

impl Place {
    /// Whether a file appears in one piece, and is replaced in one, when its upload is complete.
    pub(crate) fn uploads(&self) -> bool {
        matches!(self, Self::Store(store) if store.publishing() == Publishing::Upload)
    }

    /// A file or folder.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub(crate) fn find(&self, path: &Path) -> io::Result<Entry> {
        match self {
            Self::Here => entry(path, &fs::metadata(path)?),
            Self::Store(store) => store.find(path),
        }
    }

    /// The files in a folder, those of its folders too if `recursive`. Folders whose name `skip` takes
    /// are left out.
    ///
    /// # Errors
    /// If a folder can't be read.
    pub(crate) fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        match self {
            Self::Here => {
                let mut found = Vec::new();
                walk(folder, recursive, skip, &mut found)?;
                Ok(found)
            }
            Self::Store(store) => store.list(folder, recursive, skip),
        }
    }

    /// Gives a file another name, and makes the folders above that. What has that name is replaced.
    ///
    /// # Errors
    /// If there is no such file, or it can't have that name.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::Here => {
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::rename(from, to)
            }
            Self::Store(store) => store.rename(from, to),
        }
    }

    /// Deletes a file; one that is not there is no error.
    ///
    /// # Errors
    /// If it can't be deleted.
    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Here => match fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
            Self::Store(store) => store.remove_file(path),
        }
    }

    /// The bytes of a file from the first to the last, or those between two places.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn read(
        &self,
        path: &Path,
        range: Option<(u64, u64)>,
    ) -> io::Result<Box<dyn Read + Send>> {
        match (self, range) {
            (Self::Here, None) => Ok(Box::new(File::open(path)?)),
            (Self::Here, Some((start, end))) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(start))?;
                Ok(Box::new(file.take(end.saturating_sub(start))))
            }
            (Self::Store(store), range) => store.read(path, range.map(|(from, to)| from..to)),
        }
    }

    /// A file whose bytes are read here and there.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn open(&self, path: &Path) -> io::Result<RandomFile> {
        match self {
            Self::Here => Ok(RandomFile::Here(Arc::new(File::open(path)?))),
            Self::Store(store) => store.open(path),
        }
    }

    /// A file for reading its start; further bytes are only fetched when they are wanted.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn start(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Here => self.read(path, None),
            Self::Store(store) => Ok(Box::new(Starting {
                bytes: store.find(path)?.bytes,
                store: store.clone(),
                path: path.to_owned(),
                offset: 0,
                piece: Box::new(io::empty()),
            })),
        }
    }

    /// Whether parts of a file cost no more than their share.
    pub(crate) fn reads_anywhere(&self) -> bool {
        match self {
            Self::Here => true,
            Self::Store(store) => store.reads_anywhere(),
        }
    }

    /// The path of a file with the address of the store in front.
    pub(crate) fn address(&self, path: &Path) -> String {
        match self {
            Self::Here => path.display().to_string(),
            Self::Store(store) => format!("{}{}", store.name(), path.display()),
        }
    }

    /// Whether reading a file twice costs little.
    pub(crate) fn is_near(&self) -> bool {
        matches!(self, Self::Here)
    }

    /// Adds to an error where it was, and whether it may pass.
    pub(crate) fn tell<T>(&self, result: Result<T>) -> Result<T> {
        match self {
            Self::Here => result,
            Self::Store(store) => result.map_err(|error: Error| {
                let may_pass = may_pass(&error);
                let error = error.with_context("store", store.name());
                match may_pass {
                    true => error.retryable(),
                    false => error,
                }
            }),
        }
    }
}

/// Whether what led to an error is a server that is not there now.
fn may_pass(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref().map(io::Error::kind);
        if matches!(
            kind,
            Some(
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkDown
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::TimedOut
            )
        ) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Bytes of a file of a store that are fetched at a time where the first are all that is wanted.
const PIECE: u64 = 1 << 20;

/// A file of a store from its start on, fetched piece by piece.
struct Starting {
    store: Arc<dyn Store>,
    path: PathBuf,
    bytes: u64,
    /// Where the next piece begins.
    offset: u64,
    piece: Box<dyn Read + Send>,
}

impl Read for Starting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.piece.read(out)?;
            if length > 0 || out.is_empty() || self.offset >= self.bytes {
                return Ok(length);
            }
            let end = (self.offset + PIECE).min(self.bytes);
            self.piece = self.store.read(&self.path, Some(self.offset..end))?;
            self.offset = end;
        }
    }
}

/// What the paths of a plugin's options lead into.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    /// What the plugin is called.
    pub(crate) plugin: &'static str,
    /// Where its files are.
    pub(crate) place: Place,
}

impl Root {
    /// A path out of the option of this name. In a store it is absolute, whether it is written so or
    /// not; the address of the store may stand in front.
    ///
    /// # Errors
    /// If it leads elsewhere.
    pub(crate) fn path(&self, option: &str, text: &str) -> Result<PathBuf> {
        let store = match &self.place {
            Place::Here => return Ok(text.strip_prefix("file://").unwrap_or(text).into()),
            Place::Store(store) => store,
        };
        let invalid = |message: String| Error::new(codes::OPTION_INVALID, message);
        let path = match text.split_once("://") {
            None => text,
            Some((_, rest)) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                // `container@account.dfs.core.windows.net` is Azure's way to say `account/container`.
                let known = match host.split_once('@') {
                    None => store.name().contains(host),
                    Some((container, host)) => {
                        let account = host.split('.').next().unwrap_or(host);
                        store.name().ends_with(&format!("/{account}/{container}"))
                    }
                };
                if !known {
                    let name = store.name();
                    return Err(invalid(format!(
                        "option `{option}`: {text} is not part of {name}, which the other options name"
                    )));
                }
                path
            }
        };
        let mut absolute = PathBuf::from("/");
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    let message = format!("option `{option}`: {text} must not have `..` in it");
                    return Err(invalid(message));
                }
                part => absolute.push(part),
            }
        }
        Ok(absolute)
    }
}

fn entry(path: &Path, metadata: &fs::Metadata) -> io::Result<Entry> {
    Ok(Entry {
        path: path.to_owned(),
        bytes: metadata.len(),
        modified: Some(metadata.modified()?),
        is_folder: metadata.is_dir(),
    })
}

fn walk(
    folder: &Path,
    recursive: bool,
    skip: &dyn Fn(&str) -> bool,
    found: &mut Vec<Entry>,
) -> io::Result<()> {
    for below in fs::read_dir(folder)? {
        let path = below?.path();
        // What a link stands for counts.
        let metadata = fs::metadata(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !metadata.is_dir() {
            found.push(entry(&path, &metadata)?);
        } else if recursive && !skip(&name) {
            walk(&path, recursive, skip, found)?;
        }
    }
    Ok(())
}

/// A file for the reader of Parquet.
#[derive(Debug)]
pub(crate) struct ParquetBytes(pub(crate) RandomFile);

impl Length for ParquetBytes {
    fn len(&self) -> u64 {
        // A file that has no size has no footer either.
        self.0.size().unwrap_or_default()
    }
}

impl ChunkReader for ParquetBytes {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(match &self.0 {
            RandomFile::Here(file) => Box::new(file.get_read(start)?),
            file => Box::new(BufReader::new(file.reader(start))),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match &self.0 {
            RandomFile::Here(file) => file.get_bytes(start, length),
            file => Ok(file.bytes(start, length)?),
        }
    }
}
