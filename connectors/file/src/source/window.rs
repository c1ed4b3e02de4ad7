//! A window that moves over a stream of bytes.

use std::io::{self, Read};

/// Bytes that the window holds at least, while there are more.
const WINDOW: usize = 1 << 20;

/// The part of a stream that is in memory. Memory is that of the window, or of one record where that
/// is larger.
pub(crate) struct Window<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the window starts in the stream.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    /// A window at the start of a stream; `offset` is what the first byte counts as.
    pub(crate) fn new(from: R, offset: u64) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset,
            ended: false,
        }
    }

    /// The bytes in the window.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the window starts in the stream.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows the window.
    pub(crate) fn is_last(&self) -> bool {
        self.ended
    }

    /// Moves the front of the window.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Reads until the window is full, or, if it was so already, until it is twice as large: for a
    /// record that doesn't fit.
    ///
    /// # Errors
    /// If the stream can't be read.
    pub(crate) fn fill(&mut self, larger: bool) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = if larger { self.end * 2 } else { 0 }.max(WINDOW);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.from.read(&mut self.buffer[self.end..wanted]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(length) => self.end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            // The decoder of encodings wants some room for its last characters.
            if wanted - self.end < 64 {
                break;
            }
        }
        Ok(())
    }

    /// Whether the window holds too little to go on without reading.
    pub(crate) fn is_low(&self) -> bool {
        !self.ended && self.end - self.start < WINDOW / 4
    }
}
