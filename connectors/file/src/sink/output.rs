//! A file of lines that is being written: buffered, encoded, compressed.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use seatunnel_api::Result;

use super::charset::Charset;
use super::handle::FileHandle;
use super::io_error::io_error;
use super::lzop;

/// Bytes that are kept back at most before they are written.
const BUFFER: usize = 128 * 1024;
/// A file of lines that is being written.
pub(crate) struct OutputFile {
    file: FileHandle,
    /// UTF-8 that is not written yet.
    buffer: Vec<u8>,
    charset: Charset,
    lzo: Option<lzop::Compressor>,
    encoded: Vec<u8>,
}

impl OutputFile {
    /// A file that is open and empty.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn new(file: FileHandle, charset: Charset, lzo: bool) -> Result<Self> {
        let mut output = Self {
            file,
            buffer: Vec::with_capacity(BUFFER + BUFFER / 8),
            charset,
            lzo: lzo.then(lzop::Compressor::new),
            encoded: Vec::new(),
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
            self.charset
                .encode(&buffer, &mut encoded, self.file.path())?;
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

    fn write_out(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| io_error("write", self.file.path(), e))
    }

    /// The file itself.
    pub(crate) fn handle(&mut self) -> &mut FileHandle {
        &mut self.file
    }

    /// Writes out what is kept back and gives up memory and handle until the next line.
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
        self.file.pause();
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
        let path = self.file.path().to_owned();
        self.file
            .into_file()
            .map_err(|e| io_error("write", &path, e))
    }
}
