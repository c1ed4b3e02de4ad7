//! Files of the `lzop` program, which Hadoop's LzopCodec reads and writes: a header, blocks of
//! 256 KiB compressed by LZO1X-1, an end mark. Numbers are big-endian.

use lzokay_native::{Dict, compress_with_dict};

const MAGIC: [u8; 9] = [0x89, b'L', b'Z', b'O', 0, b'\r', b'\n', 0x1a, b'\n'];
const VERSION: u16 = 0x1030;
const LIBRARY_VERSION: u16 = 0x2080;
const VERSION_NEEDED: u16 = 0x0940;
const METHOD_LZO1X_1: u8 = 1;
const LEVEL: u8 = 5;
/// Each block carries the Adler-32 of its uncompressed bytes.
const FLAGS: u32 = 1;
const MODE: u32 = 0o100_644;
const BLOCK: usize = 256 * 1024;

/// What a file starts with.
pub(crate) fn header() -> Vec<u8> {
    let mut body = Vec::with_capacity(40);
    body.extend_from_slice(&VERSION.to_be_bytes());
    body.extend_from_slice(&LIBRARY_VERSION.to_be_bytes());
    body.extend_from_slice(&VERSION_NEEDED.to_be_bytes());
    body.extend_from_slice(&[METHOD_LZO1X_1, LEVEL]);
    body.extend_from_slice(&FLAGS.to_be_bytes());
    body.extend_from_slice(&MODE.to_be_bytes());
    // Time of change, low and high half, and the length of the original name: all unknown.
    body.extend_from_slice(&[0; 9]);
    let checksum = adler32(&body);
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&body);
    header.extend_from_slice(&checksum.to_be_bytes());
    header
}

/// Makes blocks of bytes.
pub(crate) struct Compressor {
    pending: Vec<u8>,
    dictionary: Box<Dict>,
}

impl Compressor {
    pub(crate) fn new() -> Self {
        Self {
            pending: Vec::new(),
            dictionary: Box::new(Dict::new()),
        }
    }

    /// Takes bytes in.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The blocks that are full.
    pub(crate) fn full_blocks(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let full = self.pending.len() / BLOCK * BLOCK;
        let (blocks, dictionary) = (&self.pending[..full], &mut self.dictionary);
        for block in blocks.chunks(BLOCK) {
            write_block(block, dictionary, &mut out);
        }
        self.pending.drain(..full);
        out
    }

    /// All blocks, the last one full or not.
    pub(crate) fn all_blocks(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for block in self.pending.chunks(BLOCK) {
            write_block(block, &mut self.dictionary, &mut out);
        }
        self.pending = Vec::new();
        out
    }

    /// The blocks that are left, and the end mark.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut out = self.all_blocks();
        out.extend_from_slice(&0_u32.to_be_bytes());
        out
    }
}

fn write_block(block: &[u8], dictionary: &mut Dict, out: &mut Vec<u8>) {
    out.extend_from_slice(&(block.len() as u32).to_be_bytes());
    // A block that does not get smaller is stored as it is: both lengths are equal then.
    let compressed = compress_with_dict(block, dictionary).ok();
    let stored = match &compressed {
        Some(compressed) if compressed.len() < block.len() => compressed,
        _ => block,
    };
    out.extend_from_slice(&(stored.len() as u32).to_be_bytes());
    out.extend_from_slice(&adler32(block).to_be_bytes());
    out.extend_from_slice(stored);
}

/// Adler-32 as zlib has it.
fn adler32(bytes: &[u8]) -> u32 {
    // The longest run whose sums stay within 32 bits.
    const RUN: usize = 5_552;
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    for run in bytes.chunks(RUN) {
        for byte in run {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    (b << 16) | a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &mut &[u8]) -> usize {
        let (head, rest) = bytes.split_at(4);
        *bytes = rest;
        u32::from_be_bytes(head.try_into().unwrap()) as usize
    }

    #[test]
    fn blocks_read_back() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        let text: Vec<u8> = (0..400_000_u32)
            .flat_map(|i| (i / 7 * 7919 % 1_000).to_string().into_bytes())
            .collect();
        let mut compressor = Compressor::new();
        let mut out = Vec::new();
        for piece in text.chunks(100_000) {
            compressor.push(piece);
            out.extend(compressor.full_blocks());
        }
        out.extend(compressor.finish());
        let (mut rest, mut back) = (out.as_slice(), Vec::new());
        loop {
            let plain = number(&mut rest);
            if plain == 0 {
                break;
            }
            let (stored, checksum) = (number(&mut rest), number(&mut rest));
            let (block, behind) = rest.split_at(stored);
            rest = behind;
            let block = if stored == plain {
                block.to_vec()
            } else {
                lzokay_native::decompress_all(block, Some(plain)).unwrap()
            };
            assert_eq!(adler32(&block) as usize, checksum);
            back.extend(block);
        }
        assert!(rest.is_empty() && out.len() < text.len());
        assert_eq!(back, text);
    }
}
