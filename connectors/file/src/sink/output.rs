//! A file of lines that is being written: buffered, encoded, compressed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use seatunnel_api::Result;

use super::charset::Charset;
use super::io_error::io_error;
use super::lzop;

/// Bytes that are kept back at most before they are written.
const BUFFER: usize = 128 * 1024;
/// Bytes after which the operating system is asked to bring them to the disk.
const SYNC_AFTER: usize = 32 * 1024 * 1024;

/// A file of lines that is being written.
pub(crate) struct OutputFile {
    path: PathBuf,
    /// None while the file is put aside.
    file: Option<File>,
    /// UTF-8 that is not written yet.
    buffer: Vec<u8>,
    charset: Charset,
    lzo: Option<lzop::Compressor>,
    encoded: Vec<u8>,
    /// Bytes written since [`OutputFile::handle_if_written`] gave a handle.
    written: usize,
}

impl OutputFile {
    /// A file that is open and empty.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn new(file: File, path: PathBuf, charset: Charset, lzo: bool) -> Result<Self> {
        let mut output = Self {
            path,
            file: Some(file),
            buffer: Vec::with_capacity(BUFFER + BUFFER / 8),
            charset,
            lzo: lzo.then(lzop::Compressor::new),
            encoded: Vec::new(),
            written: 0,
        };
        let mark = output.charset.byte_order_mark();
        match &mut output.lzo {
            Some(lzo) => {
                lzo.push(mark);
                output.write_out(&lzop::header())?;
            }
            None => output.write_out(mark)?,
        }
        Ok(output)
    }

    /// Where lines are put, in UTF-8.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer out if enough has come together.
    ///
    /// # Errors
    /// If the file can't be written, or a character is not part of its encoding.
    #[inline]
    pub(crate) fn write_if_large(&mut self) -> Result<()> {
        if self.buffer.len() >= BUFFER {
            self.write_buffer()
        } else {
            Ok(())
        }
    }

    fn write_buffer(&mut self) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        let bytes = if self.charset.is_utf8() {
            &buffer
        } else {
            self.charset.encode(&buffer, &mut encoded, &self.path)?;
            &encoded
        };
        match &mut self.lzo {
            None => self.write_out(bytes)?,
            Some(lzo) => {
                lzo.push(bytes);
                let blocks = lzo.full_blocks();
                self.write_out(&blocks)?;
            }
        }
        self.buffer = buffer;
        self.buffer.clear();
        self.encoded = encoded;
        Ok(())
    }

    /// A second handle, if much was written since this gave one: bringing that to the disk in the
    /// background leaves less to wait for at the end.
    pub(crate) fn handle_if_written(&mut self) -> Option<(File, &Path)> {
        if self.written < SYNC_AFTER {
            return None;
        }
        self.written = 0;
        let handle = self.file.as_ref()?.try_clone();
        Some((handle.ok()?, &self.path))
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len();
        if self.file.is_none() {
            let reopened = OpenOptions::new().append(true).open(&self.path);
            self.file = Some(reopened.map_err(|e| io_error("write", &self.path, e))?);
        }
        match &mut self.file {
            Some(file) => file
                .write_all(bytes)
                .map_err(|e| io_error("write", &self.path, e)),
            None => Ok(()),
        }
    }

    /// Writes out what is kept back and gives up the memory and the handle; writing opens it again.
    ///
    /// # Errors
    /// If the file can't be written, or a character is not part of its encoding.
    pub(crate) fn put_aside(&mut self) -> Result<()> {
        self.write_buffer()?;
        if let Some(lzo) = &mut self.lzo {
            let blocks = lzo.all_blocks();
            self.write_out(&blocks)?;
        }
        self.buffer = Vec::new();
        self.encoded = Vec::new();
        self.file = None;
        Ok(())
    }

    /// Writes out what is kept back; the file can then be made durable.
    ///
    /// # Errors
    /// If the file can't be written, or a character is not part of its encoding.
    pub(crate) fn finish(mut self) -> Result<(File, PathBuf)> {
        self.write_buffer()?;
        if let Some(lzo) = self.lzo.take() {
            let rest = lzo.finish();
            self.write_out(&rest)?;
        }
        let file = match self.file {
            Some(file) => file,
            None => File::open(&self.path).map_err(|e| io_error("write", &self.path, e))?,
        };
        Ok((file, self.path))
    }
}
