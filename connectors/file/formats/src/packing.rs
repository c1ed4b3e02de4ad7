//! Compression of whole files.

use std::io::{self, BufReader, Cursor, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// How the bytes of a file are compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip; several behind each other are one.
    Gzip,
    /// Zstandard.
    Zstd,
    /// LZ4 in frames, as the program `lz4` writes it.
    Lz4,
    /// Snappy in frames.
    Snappy,
    /// bzip2.
    Bzip2,
}

/// What compressed files start with.
const MARKS: &[(Packing, &[u8])] = &[
    (Packing::Gzip, &[0x1f, 0x8b]),
    (Packing::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]),
    (Packing::Lz4, &[0x04, 0x22, 0x4d, 0x18]),
    (Packing::Snappy, b"\xff\x06\x00\x00sNaPpY"),
    (Packing::Bzip2, b"BZh"),
];
/// Bytes that tell.
const MARK: usize = 10;

/// A stream of bytes.
pub type Stream = Box<dyn Read + Send>;

impl Packing {
    /// The content of a compressed stream.
    ///
    /// # Errors
    /// If there is no memory for it. What can't be decompressed is an error of reading.
    pub fn unpack(self, from: Stream) -> io::Result<Stream> {
        let from = BufReader::new(from);
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(from)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(from)?),
            Self::Lz4 => Box::new(Frames {
                decoder: Some(lz4_flex::frame::FrameDecoder::new(from)),
            }),
            Self::Snappy => Box::new(snap::read::FrameDecoder::new(from)),
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(from)),
        })
    }

    /// As [`Packing::unpack`]; a stream that does not start as compressed ones do is given as it is. SeaTunnel
    /// passes over codecs that a format does not have, so that there are job files which name one for plain files.
    ///
    /// # Errors
    /// If the stream can't be read.
    pub fn unpack_if_packed(self, mut from: Stream) -> io::Result<Stream> {
        let mut front = Vec::with_capacity(MARK);
        (&mut from).take(MARK as u64).read_to_end(&mut front)?;
        let is_packed = MARKS
            .iter()
            .any(|(packing, mark)| *packing == self && front.starts_with(mark));
        let whole = Box::new(Cursor::new(front).chain(from));
        match is_packed {
            true => self.unpack(whole),
            false => Ok(whole),
        }
    }
}

/// LZ4 frames, one behind the other.
struct Frames<R: Read> {
    decoder: Option<lz4_flex::frame::FrameDecoder<R>>,
}

impl<R: io::BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                return Ok(0);
            };
            let length = decoder.read(out)?;
            if length > 0 || out.is_empty() {
                return Ok(length);
            }
            let mut rest = self.decoder.take().map(|d| d.into_inner());
            if let Some(from) = rest.take_if(|from| from.fill_buf().is_ok_and(|b| !b.is_empty())) {
                self.decoder = Some(lz4_flex::frame::FrameDecoder::new(from));
            }
        }
    }
}

/// Compresses a stream piece by piece.
pub struct Packer(Encoder);

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<Vec<u8>>>),
    Snappy(Box<snap::write::FrameEncoder<Vec<u8>>>),
    Bzip2(bzip2::write::BzEncoder<Vec<u8>>),
}

impl Packer {
    /// Begins a stream.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new(packing: Packing) -> io::Result<Self> {
        let out = Vec::new();
        Ok(Self(match packing {
            Packing::Gzip => Encoder::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Packing::Zstd => {
                Encoder::Zstd(zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?)
            }
            Packing::Lz4 => Encoder::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(out))),
            Packing::Snappy => Encoder::Snappy(Box::new(snap::write::FrameEncoder::new(out))),
            Packing::Bzip2 => Encoder::Bzip2(bzip2::write::BzEncoder::new(
                out,
                bzip2::Compression::default(),
            )),
        }))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// If they can't be compressed.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.write_all(bytes),
            Encoder::Zstd(encoder) => encoder.write_all(bytes),
            Encoder::Lz4(encoder) => encoder.write_all(bytes),
            Encoder::Snappy(encoder) => encoder.write_all(bytes),
            Encoder::Bzip2(encoder) => encoder.write_all(bytes),
        }
    }

    /// What is compressed by now.
    pub fn take(&mut self) -> Vec<u8> {
        let out = match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
            Encoder::Lz4(encoder) => encoder.get_mut(),
            Encoder::Snappy(encoder) => encoder.get_mut(),
            Encoder::Bzip2(encoder) => encoder.get_mut(),
        };
        std::mem::take(out)
    }

    /// Ends the stream and gives what is left of it.
    ///
    /// # Errors
    /// If it can't be ended.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self.0 {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
            Encoder::Lz4(encoder) => encoder.finish().map_err(io::Error::other),
            Encoder::Snappy(encoder) => encoder
                .into_inner()
                .map_err(|e| io::Error::other(e.to_string())),
            Encoder::Bzip2(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packing: Packing, bytes: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        let stream: Stream = Box::new(Cursor::new(bytes));
        packing
            .unpack(stream)
            .unwrap()
            .read_to_end(&mut out)
            .unwrap();
        out
    }

    #[test]
    fn streams_come_back_also_when_two_are_one() {
        let text: Vec<u8> = (0..30_000_u32)
            .flat_map(|n| (n % 999).to_le_bytes())
            .collect();
        for (packing, mark) in MARKS {
            let mut packed = Vec::new();
            for _ in 0..2 {
                let mut packer = Packer::new(*packing).unwrap();
                for piece in text.chunks(33_333) {
                    packer.push(piece).unwrap();
                    packed.extend(packer.take());
                }
                packed.extend(packer.finish().unwrap());
            }
            assert!(packed.starts_with(mark), "{packing:?}");
            assert!(packed.len() < text.len(), "{packing:?}");
            assert!(
                unpacked(*packing, packed) == [&text[..], &text].concat(),
                "{packing:?}"
            );
        }
    }

    #[test]
    fn what_is_not_packed_is_given_as_it_is() {
        for text in ["", "a", "a text that is longer"] {
            let stream: Stream = Box::new(Cursor::new(text.as_bytes().to_vec()));
            let mut out = String::new();
            let mut plain = Packing::Zstd.unpack_if_packed(stream).unwrap();
            plain.read_to_string(&mut out).unwrap();
            assert_eq!(out, text);
        }
    }
}
