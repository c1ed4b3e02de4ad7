//! Places that files are in, other than this machine.
//!
//! A [`Store`] is spoken to by plain calls that wait for their answer, as files of this machine are:
//! what decodes and encodes files need not know where they are. What a store does at once (a part that
//! is sent while the next one is filled, bytes that are fetched before they are asked for) it does on
//! threads of its own, within fixed bounds of memory.

#[cfg(any(
    feature = "hdfs",
    feature = "object-store",
    feature = "sftp",
    feature = "webdav"
))]
mod ahead;
#[cfg(any(
    feature = "ftp",
    feature = "hdfs",
    feature = "sftp",
    feature = "webdav"
))]
mod buffer;
mod random;
#[cfg(any(
    feature = "ftp",
    feature = "hdfs",
    feature = "sftp",
    feature = "webdav"
))]
mod tree;
mod trouble;
mod wait;

#[cfg(feature = "ftp")]
pub mod ftp;
#[cfg(feature = "hdfs")]
pub mod hdfs;
#[cfg(feature = "object-store")]
pub mod object;
#[cfg(feature = "sftp")]
pub mod sftp;
#[cfg(feature = "webdav")]
pub mod webdav;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use random::{RandomFile, RandomReader};
pub use trouble::Trouble;
pub use wait::blocking;

/// A file or a folder of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Absolute within the store: `/folder/file`.
    pub path: PathBuf,
    /// Bytes of a file.
    pub bytes: u64,
    /// When it was changed last, if the store tells.
    pub modified: Option<SystemTime>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// How what was written becomes visible in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishing {
    /// A file is written elsewhere and renamed.
    Rename,
    /// A file is sent in parts, which become a file when the upload is completed.
    Upload,
}

/// What was sent of a file whose upload is not completed. Any process may complete or abort it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// What the store calls the upload.
    pub id: String,
    /// What the store calls its parts, in their order.
    pub parts: Vec<String>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A place that files are in. Paths are absolute within it, parts divided by `/`.
///
/// Every call waits for the answer. Errors have the kind that the same call on a file of this machine
/// would have, `NotFound` and `PermissionDenied` before all, and hold a [`Trouble`] where the store has
/// more to say.
pub trait Store: fmt::Debug + Send + Sync {
    /// How messages call it: `s3://bucket`, `sftp://host:22`. Never with a secret in it.
    fn name(&self) -> &str;

    /// How what was written becomes visible.
    fn publishing(&self) -> Publishing;

    /// Files that one writer keeps open at most.
    fn open_files(&self) -> usize;

    /// Whether [`Store::open`] costs little; where not, a file is fetched as a whole.
    fn reads_anywhere(&self) -> bool {
        true
    }

    /// A file or folder.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    fn find(&self, path: &Path) -> io::Result<Entry>;

    /// The files in a folder, those of its folders too if `recursive`, in any order. Folders whose name
    /// `skip` takes are left out.
    ///
    /// # Errors
    /// If it can't be listed. A folder that is not there may also count as empty.
    fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>>;

    /// The bytes of a file, or those of a range, from the first to the last.
    ///
    /// # Errors
    /// If it is not there or can't be read.
    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>>;

    /// A file whose bytes are read here and there.
    ///
    /// # Errors
    /// If it is not there or can't be read.
    fn open(&self, path: &Path) -> io::Result<RandomFile>;

    /// Begins a file, and the folders above it.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one, where [`Publishing::Rename`] is the way; an upload replaces.
    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>>;

    /// Gives a file another name, and makes the folders above that. What has that name is replaced.
    ///
    /// # Errors
    /// `NotFound` if there is no file `from`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder and those above it, where the store knows such.
    ///
    /// # Errors
    /// If it can't be made.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Deletes a file; one that is not there is no error.
    ///
    /// # Errors
    /// If it can't be deleted.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Deletes a folder with all that is in it. False if it is not there.
    ///
    /// # Errors
    /// If something in it can't be deleted.
    fn remove_folder(&self, path: &Path) -> io::Result<bool>;

    /// Deletes a folder that has nothing in it. False if it has, or is not there.
    fn remove_empty_folder(&self, path: &Path) -> bool;

    /// Makes a file of what was uploaded; once more does no harm. For [`Publishing::Upload`].
    ///
    /// # Errors
    /// If that can't be done; `NotFound` if there is neither the upload nor the file.
    fn complete(&self, path: &Path, upload: &Upload) -> io::Result<()> {
        let _ = (path, upload);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives up an upload, or what it has become. For [`Publishing::Upload`].
    ///
    /// # Errors
    /// If that can't be done.
    fn abort(&self, path: &Path, upload: &Upload) -> io::Result<()> {
        let _ = (path, upload);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives up the uploads to this folder that are not completed and whose file's name has `part` in it;
    /// their number. For [`Publishing::Upload`].
    ///
    /// # Errors
    /// If that can't be done.
    fn abort_unfinished(&self, folder: &Path, part: &str) -> io::Result<usize> {
        let _ = (folder, part);
        Ok(0)
    }
}

/// A file that is written from its start to its end. Dropping it gives it up: of an upload nothing
/// stays, a file to be renamed stays where it is.
pub trait FileWriter: Send {
    /// Writes all of the bytes; waits while the store is slower than the writer.
    ///
    /// # Errors
    /// If they can't be written, or those before could not.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Bytes that are held in memory and that [`FileWriter::rest`] gives up.
    fn held(&self) -> usize;

    /// Gives up memory and connections until the next write.
    ///
    /// # Errors
    /// If what is held can't be put anywhere.
    fn rest(&mut self) -> io::Result<()>;

    /// Waits until all is with the store. Gives the upload, where one has to be completed.
    ///
    /// # Errors
    /// If that can't be done.
    fn finish(self: Box<Self>) -> io::Result<Option<Upload>>;
}
