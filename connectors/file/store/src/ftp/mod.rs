//! FTP: files of a server with one connection for each file that is open.

mod connection;
mod files;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use suppaftp::list::ListParser;
use suppaftp::{FtpError, FtpStream};

use crate::buffer::Buffered;
use crate::tree::{Tree, text};
use crate::wait::blocking;
use crate::{Entry, FileWriter, RandomFile, Store, Trouble};

use connection::Shared;
use files::{FtpBlocks, FtpReader};

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
    Arc::new(FtpFiles(Arc::new(Shared::new(configuration))))
}

struct FtpFiles(Arc<Shared>);

impl fmt::Debug for FtpFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
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

impl Tree for FtpFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn open_files(&self) -> usize {
        4
    }

    fn reads_anywhere(&self) -> bool {
        false
    }

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
        match self.with(|ftp| ftp.rm(text(file))) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.look_at(file).is_ok() => {
                // The answers to "there is none" and "you may not" are the same for some servers.
                let message = format!("{} does not delete it", self.0.name);
                Err(Trouble::new(message).io(io::ErrorKind::PermissionDenied))
            }
            deleted => deleted,
        }
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

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        blocking(|| {
            let size = self.look_at(path)?.bytes;
            let (start, end) = range.map_or((0, size), |range| (range.start, range.end.min(size)));
            let left = end.saturating_sub(start);
            let reader = FtpReader::begin(self.0.clone(), text(path), start, left, end == size)?;
            Ok(Box::new(reader) as Box<dyn Read + Send>)
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
        io::copy(&mut Tree::read(self, path, None)?, &mut file)?;
        let file = Arc::new(file);
        *lock() = Some((found, file.clone()));
        Ok(RandomFile::Here(file))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        self.make_way(path)?;
        let blocks = FtpBlocks::begin(self.0.clone(), path.to_owned())?;
        Ok(Box::new(Buffered::new(blocks)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look_at(from)?;
        self.make_folders(to.parent().unwrap_or(to))?;
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
}
