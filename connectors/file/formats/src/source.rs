//! Bytes that can be read anywhere.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;

/// Bytes of a known number that can be read at any place: a file of a disk, ranges of an object, memory.
pub trait ReadAt: Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// If they can't be read, or there are fewer.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// So many bytes from `offset` on.
    ///
    /// # Errors
    /// If they can't be read, or there are fewer.
    fn bytes_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        // Asked before memory is: a length out of a damaged file may be anything.
        if offset
            .checked_add(length as u64)
            .is_none_or(|end| end > self.size())
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut out = vec![0; length];
        self.read_at(offset, &mut out)?;
        Ok(out.into())
    }
}

impl ReadAt for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = usize::try_from(offset)
            .ok()
            .and_then(|from| Some(from..from.checked_add(out.len())?));
        let found = end.and_then(|range| self.get(range));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for File {
    fn size(&self) -> u64 {
        self.metadata().map_or(0, |m| m.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, out, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut file = self.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }
}

/// Bytes that can be read anywhere, read one after the other.
#[derive(Clone)]
pub struct Reading {
    from: Arc<dyn ReadAt>,
    size: u64,
    at: u64,
}

impl Reading {
    /// From this place on.
    pub fn new(from: Arc<dyn ReadAt>, at: u64) -> Self {
        Self {
            size: from.size(),
            from,
            at,
        }
    }
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        if length > 0 {
            self.from.read_at(self.at, &mut out[..length])?;
            self.at += length as u64;
        }
        Ok(length)
    }
}

impl Seek for Reading {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
