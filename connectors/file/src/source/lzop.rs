//! Reads files of the `lzop` program, which Hadoop's LzopCodec writes too: a header, blocks
//! compressed by LZO1X, an end mark. Numbers are big-endian.

use std::io::{self, Read};

const MAGIC: [u8; 9] = [0x89, b'L', b'Z', b'O', 0, b'\r', b'\n', 0x1a, b'\n'];
/// Largest block that is believed: lzop's own are of 256 KiB.
const MAX_BLOCK: u32 = 64 << 20;

/// Flags of the header: which checksums blocks carry, and fields that some files have.
const ADLER_PLAIN: u32 = 0x1;
const ADLER_PACKED: u32 = 0x2;
const EXTRA_FIELD: u32 = 0x40;
const CRC_PLAIN: u32 = 0x100;
const CRC_PACKED: u32 = 0x200;
const FILTER: u32 = 0x800;

/// Uncompressed bytes of an lzop file.
pub(crate) struct LzopReader<R> {
    from: R,
    /// The flags, once the header is read.
    flags: Option<u32>,
    block: Vec<u8>,
    used: usize,
    ended: bool,
}

impl<R: Read> LzopReader<R> {
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            flags: None,
            block: Vec::new(),
            used: 0,
            ended: false,
        }
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.from.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let copied = io::copy(&mut (&mut self.from).take(bytes), &mut io::sink())?;
        if copied < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn header(&mut self) -> io::Result<u32> {
        let mut magic = [0; 9];
        self.from.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(invalid("it is not an lzop file"));
        }
        let mut versions = [0; 4];
        self.from.read_exact(&mut versions)?;
        if u16::from_be_bytes([versions[0], versions[1]]) >= 0x0940 {
            // The version needed, the method and the level.
            self.skip(4)?;
        } else {
            self.skip(1)?;
        }
        let flags = self.number()?;
        if flags & FILTER != 0 {
            self.skip(4)?;
        }
        // The mode and the time of change, low half.
        self.skip(8)?;
        if u16::from_be_bytes([versions[0], versions[1]]) >= 0x0940 {
            self.skip(4)?;
        }
        let mut name = [0; 1];
        self.from.read_exact(&mut name)?;
        self.skip(u64::from(name[0]) + 4)?;
        if flags & EXTRA_FIELD != 0 {
            let length = self.number()?;
            self.skip(u64::from(length) + 4)?;
        }
        Ok(flags)
    }

    fn next_block(&mut self) -> io::Result<()> {
        let flags = match self.flags {
            Some(flags) => flags,
            None => {
                let flags = self.header()?;
                self.flags = Some(flags);
                flags
            }
        };
        let plain = self.number()?;
        if plain == 0 {
            self.ended = true;
            return Ok(());
        }
        let packed = self.number()?;
        if plain > MAX_BLOCK || packed > plain {
            return Err(invalid("a block of an lzop file is damaged"));
        }
        let mut checksums = 0;
        for flag in [ADLER_PLAIN, CRC_PLAIN] {
            checksums += u64::from(flags & flag != 0) * 4;
        }
        if packed < plain {
            for flag in [ADLER_PACKED, CRC_PACKED] {
                checksums += u64::from(flags & flag != 0) * 4;
            }
        }
        self.skip(checksums)?;
        let mut stored = vec![0; packed as usize];
        self.from.read_exact(&mut stored)?;
        self.used = 0;
        self.block = if packed == plain {
            stored
        } else {
            lzokay_native::decompress_all(&stored, Some(plain as usize))
                .map_err(|_| invalid("a block of an lzop file is damaged"))?
        };
        Ok(())
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl<R: Read> Read for LzopReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.used == self.block.len() && !self.ended {
            self.next_block()?;
        }
        let rest = &self.block[self.used.min(self.block.len())..];
        if self.ended {
            return Ok(0);
        }
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.used += length;
        Ok(length)
    }
}
