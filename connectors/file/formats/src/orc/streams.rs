//! Streams of bytes in stripes, compressed in blocks.

use std::io::{self, Write};

use flate2::Compression as Level;
use flate2::write::DeflateEncoder;

/// How the streams of a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrcCompression {
    /// Not at all.
    None,
    /// zlib, without its header.
    Zlib,
    /// Snappy.
    Snappy,
    /// LZO.
    Lzo,
    /// LZ4 blocks.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Bytes that are compressed at once.
pub(super) const BLOCK: usize = 256 * 1024;

impl OrcCompression {
    /// Its number in the file.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Zlib => 1,
            Self::Snappy => 2,
            Self::Lzo => 3,
            Self::Lz4 => 4,
            Self::Zstd => 5,
        }
    }

    fn compress(self, block: &[u8]) -> io::Result<Vec<u8>> {
        let other = |e: &dyn std::fmt::Display| io::Error::other(e.to_string());
        match self {
            Self::None => Ok(block.to_vec()),
            Self::Zlib => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Level::default());
                encoder.write_all(block)?;
                encoder.finish()
            }
            Self::Snappy => snap::raw::Encoder::new()
                .compress_vec(block)
                .map_err(|e| other(&e)),
            Self::Lzo => lzokay_native::compress(block).map_err(|e| other(&e)),
            Self::Lz4 => Ok(lz4_flex::block::compress(block)),
            Self::Zstd => zstd::bulk::compress(block, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }

    /// Adds bytes to a stream that is stored: in blocks, each behind its length.
    pub(super) fn store(self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        if self == Self::None {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        for block in bytes.chunks(BLOCK) {
            let compressed = self.compress(block)?;
            // What does not shrink is stored as it is.
            let (stored, is_original) = match compressed.len() < block.len() {
                true => (compressed.as_slice(), 0),
                false => (block, 1),
            };
            let header = (stored.len() as u32) << 1 | is_original;
            out.extend_from_slice(&header.to_le_bytes()[..3]);
            out.extend_from_slice(stored);
        }
        Ok(())
    }
}

/// A stream of a stripe that is being written.
#[derive(Default)]
pub(super) struct Stream {
    /// Bytes that make no block yet.
    pending: Vec<u8>,
    stored: Vec<u8>,
}

impl Stream {
    /// Where bytes are put; [`Stream::settle`] is to be called afterwards.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Compresses blocks that are full.
    pub(super) fn settle(&mut self, compression: OrcCompression) -> io::Result<()> {
        if compression == OrcCompression::None {
            return Ok(());
        }
        let whole = self.pending.len() / BLOCK * BLOCK;
        if whole > 0 {
            compression.store(&self.pending[..whole], &mut self.stored)?;
            self.pending.drain(..whole);
        }
        Ok(())
    }

    pub(super) fn memory(&self) -> usize {
        self.pending.len() + self.stored.len()
    }

    /// All that was written, as it is stored; nothing is left.
    pub(super) fn take(&mut self, compression: OrcCompression) -> io::Result<Vec<u8>> {
        let pending = std::mem::take(&mut self.pending);
        if compression == OrcCompression::None {
            return Ok(pending);
        }
        let mut stored = std::mem::take(&mut self.stored);
        compression.store(&pending, &mut stored)?;
        Ok(stored)
    }
}
