//! Transfers of files.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::Arc;

use suppaftp::{FtpError, FtpStream, TlsStream, TransferStream};

use super::connection::Shared;
use crate::buffer::Blocks;
use crate::tree::text;
use crate::wait::blocking;

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

/// A transfer from the server; its connection goes back when it has come to its end.
pub(super) struct FtpReader {
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
            wanted => blocking(|| transfer.read(&mut out[..wanted]))
                .map_err(|error| self.shared.broken(error))?,
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
    /// Begins to read `left` bytes of a file from an offset on. `to_the_end` says whether it ends there.
    pub(super) fn begin(
        shared: Arc<Shared>,
        path: String,
        offset: u64,
        left: u64,
        to_the_end: bool,
    ) -> io::Result<Self> {
        let mut ftp = shared.take()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let begun = ftp.resume_transfer(offset);
        let begun = begun.and_then(|()| ftp.retr_as_stream(path));
        let transfer = begun.map_err(|error| shared.explain(error))?;
        Ok(Self {
            shared,
            open: Some((ftp, Box::new(transfer))),
            left,
            to_the_end,
        })
    }

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

/// The end of a file.
pub(super) struct FtpBlocks {
    shared: Arc<Shared>,
    path: PathBuf,
    /// Whether the file is there, so that more has to be added to it.
    begun: bool,
    /// None while it rests.
    open: Option<(FtpStream, Box<dyn Transfer>)>,
}

impl FtpBlocks {
    /// Begins a file.
    pub(super) fn begin(shared: Arc<Shared>, path: PathBuf) -> io::Result<Self> {
        let mut begun = Self {
            shared,
            path,
            begun: false,
            open: None,
        };
        begun.open()?;
        Ok(begun)
    }

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
}

impl Blocks for FtpBlocks {
    const BLOCK: usize = 256 << 10;

    fn put(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        let written = blocking(|| self.open()?.write_all(&block));
        written.map_err(|error| self.shared.broken(error))?;
        Ok(block)
    }

    fn rest(&mut self) -> io::Result<()> {
        if let Some((ftp, transfer)) = self.open.take() {
            let finished = blocking(|| transfer.finish());
            finished.map_err(|error| self.shared.explain(error))?;
            self.shared.give_back(ftp);
        }
        Ok(())
    }
}
