//! What is collected in front of a file that is written to a server.

use std::io;

use crate::{FileWriter, Upload};

/// Bytes below which giving a buffer's memory up is not worth a new connection.
const SMALL: usize = 256 << 10;

/// The end of a file that is being written.
pub(crate) trait Blocks: Send {
    /// Bytes that are collected before they are written.
    const BLOCK: usize;

    /// Adds bytes to the file, which is opened again if it rests; gives their memory back.
    fn put(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>>;

    /// Writes out what the other side may hold, and gives up the connection until the next block.
    fn rest(&mut self) -> io::Result<()>;

    /// Makes the file whole.
    fn finish(&mut self) -> io::Result<()> {
        self.rest()
    }
}

/// A file whose bytes are collected in blocks.
pub(crate) struct Buffered<B> {
    blocks: B,
    buffer: Vec<u8>,
}

impl<B: Blocks> Buffered<B> {
    pub(crate) fn new(blocks: B) -> Self {
        Self {
            blocks,
            buffer: Vec::new(),
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.buffer = self.blocks.put(std::mem::take(&mut self.buffer))?;
        self.buffer.clear();
        Ok(())
    }
}

impl<B: Blocks> FileWriter for Buffered<B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= B::BLOCK {
            true => self.write_out(),
            false => Ok(()),
        }
    }

    fn held(&self) -> usize {
        match B::BLOCK > SMALL {
            true => self.buffer.len(),
            false => 0,
        }
    }

    fn rest(&mut self) -> io::Result<()> {
        self.write_out()?;
        self.buffer = Vec::new();
        self.blocks.rest()
    }

    fn finish(mut self: Box<Self>) -> io::Result<Option<Upload>> {
        self.write_out()?;
        self.blocks.finish()?;
        Ok(None)
    }
}
