//! A file that need not stay open between writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is written from its start to its end and need not stay open in between, so that a
/// writer can have more files than the operating system lets it have open.
#[derive(Debug)]
pub(crate) struct FileHandle {
    path: PathBuf,
    file: Option<File>,
    /// Bytes written since [`FileHandle::clone_if_written`] gave a handle.
    written: usize,
}

impl FileHandle {
    /// A file that was just created.
    pub(crate) fn new(file: File, path: PathBuf) -> Self {
        Self {
            path,
            file: Some(file),
            written: 0,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the operating system's handle back until the next write.
    pub(crate) fn pause(&mut self) {
        self.file = None;
    }

    /// A second handle, if so many bytes were written since this gave one.
    pub(crate) fn clone_if_written(&mut self, bytes: usize) -> Option<(File, &Path)> {
        if self.written < bytes {
            return None;
        }
        self.written = 0;
        Some((self.file.as_ref()?.try_clone().ok()?, &self.path))
    }

    /// The open file, for making it durable.
    ///
    /// # Errors
    /// If it can't be opened again.
    pub(crate) fn into_file(mut self) -> io::Result<(File, PathBuf)> {
        self.open()?;
        let file = self.file.ok_or(io::ErrorKind::NotFound)?;
        Ok((file, self.path))
    }

    fn open(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().append(true).open(&self.path)?,
        };
        Ok(self.file.insert(file))
    }
}

impl Write for FileHandle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.open()?.write(bytes)?;
        self.written += count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
