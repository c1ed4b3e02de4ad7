//! A file of lines that is being written: buffered, encoded, compressed.

use std::io::{self, Write};

use seatunnel_api::{Error, Result};
use seatunnel_file_formats::packing::{Packer, Packing};

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
    compressor: Option<Compressor>,
    encoded: Vec<u8>,
}

/// How a file of lines is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compressing {
    /// LZO in the container of `lzop`.
    Lzo,
    /// As a whole.
    Packing(Packing),
}

enum Compressor {
    Lzo(lzop::Compressor),
    Packer(Box<Packer>),
}

impl OutputFile {
    /// A file that is open and empty.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn new(
        file: FileHandle,
        charset: Charset,
        compressing: Option<Compressing>,
    ) -> Result<Self> {
        let compressor = match compressing {
            None => None,
            Some(Compressing::Lzo) => Some(Compressor::Lzo(lzop::Compressor::new())),
            Some(Compressing::Packing(packing)) => {
                let packer = Packer::new(packing);
                let packer = packer.map_err(|e| io_error("write", file.path(), e))?;
                Some(Compressor::Packer(Box::new(packer)))
            }
        };
        let mut output = Self {
            file,
            buffer: Vec::with_capacity(BUFFER + BUFFER / 8),
            charset,
            compressor,
            encoded: Vec::new(),
        };
        let mark = output.charset.byte_order_mark();
        if let Some(Compressor::Lzo(_)) = output.compressor {
            output.write_out(&lzop::header())?;
        }
        output.put(mark)?;
        Ok(output)
    }

    /// Compresses bytes, if the file is compressed, and writes what is complete.
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let compressed = match &mut self.compressor {
            None => return self.write_out(bytes),
            Some(Compressor::Lzo(lzo)) => {
                lzo.push(bytes);
                lzo.full_blocks()
            }
            Some(Compressor::Packer(packer)) => {
                let pushed = packer.push(bytes);
                pushed.map_err(|e| io_error("write", self.file.path(), e))?;
                packer.take()
            }
        };
        self.write_out(&compressed)
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
        if self.charset.is_utf8() {
            self.put(&buffer)?;
        } else {
            self.charset
                .encode(&buffer, &mut encoded, self.file.path())?;
            self.put(&encoded)?;
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
        if let Some(Compressor::Lzo(lzo)) = &mut self.compressor {
            let blocks = lzo.all_blocks();
            self.write_out(&blocks)?;
        }
        self.buffer = Vec::new();
        self.encoded = Vec::new();
        let paused = self.file.pause();
        paused.map_err(|e| io_error("write", self.file.path(), e))
    }

    /// Writes out what is kept back; the file can then be closed.
    ///
    /// # Errors
    /// If the file can't be written, or a character is not part of its encoding.
    pub(crate) fn finish(mut self) -> Result<FileHandle> {
        self.write_buffer()?;
        let rest = match self.compressor.take() {
            None => return Ok(self.file),
            Some(Compressor::Lzo(lzo)) => lzo.finish(),
            Some(Compressor::Packer(packer)) => {
                let rest = packer.finish();
                rest.map_err(|e| io_error("write", self.file.path(), e))?
            }
        };
        self.write_out(&rest)?;
        Ok(self.file)
    }
}

/// For what writes texts by itself, in UTF-8. An error that says more than the operating system's is inside of it.
impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        let written = self.write_if_large();
        written.map_err(io::Error::other::<Error>)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
