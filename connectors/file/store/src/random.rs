//! Files whose bytes are read here and there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::Trouble;

/// Bytes that are fetched at least.
const WINDOW: u64 = 1 << 20;
/// Bytes that are fetched at the end of a file, where formats with a directory have it.
const TAIL: u64 = 64 << 10;
/// Windows that a file keeps if nothing else is said.
const WINDOWS: usize = 8;

/// Gives ranges of a file.
pub(crate) trait Ranges: Send + Sync {
    /// The bytes of a range that is inside of the file.
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes>;
}

/// A file whose bytes are read here and there, of this machine or of a store. Clones share it.
#[derive(Clone)]
pub enum RandomFile {
    /// A file of this machine.
    Here(Arc<File>),
    /// A file of a store.
    There(Arc<Fetched>),
}

/// A file of a store; a few parts of it are kept in memory.
pub struct Fetched {
    ranges: Box<dyn Ranges>,
    bytes: u64,
    kept: Mutex<Kept>,
    /// The error of the fetch that failed last.
    failed: Mutex<Option<io::Error>>,
}

struct Kept {
    /// The one that was used last comes last.
    windows: Vec<(u64, Bytes)>,
    most: usize,
}

impl fmt::Debug for RandomFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(file) => file.fmt(f),
            Self::There(file) => write!(f, "a file of {} bytes in a store", file.bytes),
        }
    }
}

impl RandomFile {
    /// A file of a store.
    #[cfg_attr(not(feature = "object-store"), allow(dead_code))]
    pub(crate) fn fetched(ranges: Box<dyn Ranges>, bytes: u64) -> Self {
        Self::There(Arc::new(Fetched {
            ranges,
            bytes,
            kept: Mutex::new(Kept {
                windows: Vec::new(),
                most: WINDOWS,
            }),
            failed: Mutex::default(),
        }))
    }

    /// Says at how many places the file is read in turn, such as its columns. Of each a window of 1 MiB
    /// is kept.
    pub fn read_at_places(&self, places: usize) {
        if let Self::There(file) = self {
            let mut kept = file.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.most = places + 2;
        }
    }

    /// The error of the fetch that failed last, once: for those whose library makes a text of it.
    pub fn failure(&self) -> Option<io::Error> {
        match self {
            Self::Here(_) => None,
            Self::There(file) => {
                let mut failed = file.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.take()
            }
        }
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// If that can't be found out.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Self::Here(file) => Ok(file.metadata()?.len()),
            Self::There(file) => Ok(file.bytes),
        }
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before; or if it can't be read.
    pub fn bytes(&self, start: u64, length: usize) -> io::Result<Bytes> {
        match self {
            Self::Here(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
            Self::There(file) => file.get(start, length as u64),
        }
    }

    /// Reads some bytes from an offset on; their number, which is 0 only at the end.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Here(file) => file.read_at(out, offset),
            Self::There(file) => {
                let left = file.bytes.saturating_sub(offset);
                let length = left.min(out.len() as u64).min(WINDOW);
                let bytes = file.get(offset, length)?;
                out[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
        }
    }

    /// Reads it from an offset on.
    pub fn reader(&self, offset: u64) -> RandomReader {
        RandomReader {
            file: self.clone(),
            offset,
        }
    }
}

impl Fetched {
    fn get(&self, start: u64, length: u64) -> io::Result<Bytes> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        if start.checked_add(length).is_none_or(|end| end > self.bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |(from, bytes): &(u64, Bytes)| {
            *from <= start && start + length <= from + bytes.len() as u64
        };
        let cut = |from: u64, bytes: &Bytes| {
            let from = (start - from) as usize;
            bytes.slice(from..from + length as usize)
        };
        if let Some(index) = kept.windows.iter().position(holds) {
            let window = kept.windows.remove(index);
            let found = cut(window.0, &window.1);
            kept.windows.push(window);
            return Ok(found);
        }
        let most = kept.most;
        drop(kept);
        let near_end = self.bytes - start <= TAIL;
        let from = match near_end {
            true => self.bytes.saturating_sub(TAIL),
            false => start,
        };
        let end = (start + length.max(WINDOW)).min(self.bytes);
        let bytes = self.ranges.fetch(from..end).inspect_err(|error| {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            *failed = Some(Trouble::copy(error));
        })?;
        if bytes.len() as u64 != end - from {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file has become shorter while it was read",
            ));
        }
        let found = cut(from, &bytes);
        // What is large was asked for as a whole and hardly is again.
        if length <= WINDOW {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.windows.len() >= most {
                kept.windows.remove(0);
            }
            kept.windows.push((from, bytes));
        }
        Ok(found)
    }
}

/// Reads a file from a place on, and may be moved.
#[derive(Clone, Debug)]
pub struct RandomReader {
    file: RandomFile,
    offset: u64,
}

impl Read for RandomReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(self.offset, out)?;
        self.offset += length as u64;
        Ok(length)
    }
}

impl Seek for RandomReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, by) = match to {
            SeekFrom::Start(offset) => (offset, 0),
            SeekFrom::Current(by) => (self.offset, by),
            SeekFrom::End(by) => (self.file.size()?, by),
        };
        self.offset = base.checked_add_signed(by).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a place before the file's start",
            )
        })?;
        Ok(self.offset)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Numbers(Arc<AtomicUsize>);

    impl Ranges for Numbers {
        fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(range.map(|at| (at % 251) as u8).collect())
        }
    }

    fn file(bytes: u64) -> (RandomFile, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        (
            RandomFile::fetched(Box::new(Numbers(calls.clone())), bytes),
            calls,
        )
    }

    #[test]
    fn bytes_are_those_of_their_place_and_are_fetched_in_windows() {
        let (file, calls) = file(5 << 20);
        for start in (0..2 << 20).step_by(4_096) {
            let bytes = file.bytes(start, 100).unwrap();
            assert_eq!(bytes[0], (start % 251) as u8);
            assert_eq!(bytes[99], ((start + 99) % 251) as u8);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        assert_eq!(file.bytes((5 << 20) - 8, 8).unwrap().len(), 8);
        file.bytes((5 << 20) - 9_000, 8_000).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    struct Nothing;

    impl Ranges for Nothing {
        fn fetch(&self, _range: Range<u64>) -> io::Result<Bytes> {
            let trouble = Trouble::new("it is away").help("wait");
            Err(trouble
                .cause("no route")
                .io(io::ErrorKind::ConnectionRefused))
        }
    }

    #[test]
    fn what_went_wrong_with_a_fetch_is_told_again_once() {
        let file = RandomFile::fetched(Box::new(Nothing), 10);
        assert!(file.failure().is_none());
        file.bytes(0, 1).unwrap_err();
        let failure = file.failure().unwrap();
        assert_eq!(failure.kind(), io::ErrorKind::ConnectionRefused);
        let trouble = Trouble::of(&failure).unwrap();
        assert_eq!(trouble.to_string(), "it is away");
        assert_eq!(trouble.advice(), Some("wait"));
        let cause = std::error::Error::source(trouble).unwrap();
        assert_eq!(cause.to_string(), "no route");
        assert!(file.failure().is_none());
    }

    #[test]
    fn reading_behind_the_end_is_an_error_and_reading_at_it_is_the_end() {
        let (file, _) = file(10);
        let error = file.bytes(5, 6).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(file.bytes(u64::MAX, 1).unwrap_err().kind(), error.kind());
        let mut reader = file.reader(7);
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [7, 8, 9]);
        reader.seek(SeekFrom::End(-1)).unwrap();
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 1);
    }
}
