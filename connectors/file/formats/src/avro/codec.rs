//! How blocks are compressed.

use std::io::{self, Read, Write};

use flate2::Compression as Level;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::MOST;
use crate::{Fault, Result};

/// How the blocks of a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvroCodec {
    /// Not at all.
    Null,
    /// zlib, without its header.
    Deflate,
    /// Snappy, with a checksum.
    Snappy,
    /// Zstandard.
    Zstandard,
    /// bzip2.
    Bzip2,
}

/// The codecs and their names in files.
const NAMES: &[(AvroCodec, &str)] = &[
    (AvroCodec::Null, "null"),
    (AvroCodec::Deflate, "deflate"),
    (AvroCodec::Snappy, "snappy"),
    (AvroCodec::Zstandard, "zstandard"),
    (AvroCodec::Bzip2, "bzip2"),
];

impl AvroCodec {
    /// Its name in files.
    pub(super) fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(codec, _)| *codec == self);
        found.map_or("null", |(_, name)| name)
    }

    /// The codec of a name.
    pub(super) fn named(name: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(codec, _)| *codec).ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
            Fault::Unsupported(format!(
                "its blocks are compressed by {name:?}; built in are {}",
                known.join(", ")
            ))
        })
    }

    pub(super) fn compress(self, block: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Null => Ok(block.to_vec()),
            Self::Deflate => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Level::default());
                encoder.write_all(block)?;
                encoder.finish()
            }
            Self::Snappy => {
                let mut out = snap::raw::Encoder::new()
                    .compress_vec(block)
                    .map_err(io::Error::other)?;
                out.extend_from_slice(&crc32fast::hash(block).to_be_bytes());
                Ok(out)
            }
            Self::Zstandard => zstd::bulk::compress(block, zstd::DEFAULT_COMPRESSION_LEVEL),
            Self::Bzip2 => {
                let level = bzip2::Compression::default();
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
                encoder.write_all(block)?;
                encoder.finish()
            }
        }
    }

    pub(super) fn decompress(self, block: &[u8]) -> Result<Vec<u8>> {
        let read = |from: &mut dyn Read| -> Result<Vec<u8>> {
            let mut out = Vec::new();
            from.take(MOST as u64 + 1).read_to_end(&mut out)?;
            match out.len() > MOST {
                true => Err(Fault::malformed("a block of it has more than 1 GiB")),
                false => Ok(out),
            }
        };
        match self {
            Self::Null => Ok(block.to_vec()),
            Self::Deflate => read(&mut DeflateDecoder::new(block)),
            Self::Snappy => {
                let damaged = || Fault::malformed("a block of it is damaged");
                let (body, sum) = block.split_last_chunk::<4>().ok_or_else(damaged)?;
                if snap::raw::decompress_len(body).map_or(true, |length| length > MOST) {
                    return Err(damaged());
                }
                let out = snap::raw::Decoder::new().decompress_vec(body);
                let out = out.map_err(|_| damaged())?;
                match crc32fast::hash(&out) == u32::from_be_bytes(*sum) {
                    true => Ok(out),
                    false => Err(damaged()),
                }
            }
            Self::Zstandard => read(&mut zstd::Decoder::new(block)?),
            Self::Bzip2 => read(&mut bzip2::read::BzDecoder::new(block)),
        }
    }
}
