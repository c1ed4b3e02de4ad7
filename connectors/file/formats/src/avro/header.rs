//! The header of a file, and the lengths in front of blocks.

use std::io::{self, Read};

use super::codec::AvroCodec;
use super::{MAGIC, MARK, MOST};
use crate::{Fault, Result};

/// What a file says of itself.
pub(super) struct Header {
    /// The schema, as JSON.
    pub(super) schema: String,
    pub(super) codec: AvroCodec,
    pub(super) mark: [u8; MARK],
    /// Bytes that it takes.
    pub(super) length: u64,
}

/// Reads and counts.
struct Counted<R> {
    from: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(out)?;
        self.read += length as u64;
        Ok(length)
    }
}

/// Keys and values that a header may take.
const MOST_HEADER: i64 = 64 << 20;

impl Header {
    /// Reads the front of a file.
    pub(super) fn read(from: impl Read) -> Result<Self> {
        let mut from = Counted {
            from: io::BufReader::new(from),
            read: 0,
        };
        let mut magic = [0; 4];
        let read = from.read_exact(&mut magic);
        if read.is_err() || magic != *MAGIC {
            return Err(Fault::malformed("it does not begin as Avro files do"));
        }
        let (mut schema, mut codec) = (None, AvroCodec::Null);
        loop {
            let mut count = long(&mut from)?;
            if count == 0 {
                break;
            }
            if count < 0 {
                // The bytes of the entries follow.
                long(&mut from)?;
                count = count.checked_neg().unwrap_or(0);
            }
            for _ in 0..count {
                let key = bytes(&mut from)?;
                let value = bytes(&mut from)?;
                let text = String::from_utf8_lossy(&value).into_owned();
                match key.as_slice() {
                    b"avro.schema" => schema = Some(text),
                    b"avro.codec" => codec = AvroCodec::named(&text)?,
                    _ => {}
                }
            }
        }
        let mut mark = [0; MARK];
        from.read_exact(&mut mark)?;
        let schema = schema.ok_or_else(|| Fault::malformed("it has no schema"))?;
        Ok(Self {
            schema,
            codec,
            mark,
            length: from.read,
        })
    }
}

fn bytes(from: &mut impl Read) -> Result<Vec<u8>> {
    let length = long(from)?;
    if !(0..=MOST_HEADER).contains(&length) {
        return Err(Fault::malformed("its header is damaged"));
    }
    let mut out = Vec::new();
    from.take(length as u64).read_to_end(&mut out)?;
    match out.len() as i64 == length {
        true => Ok(out),
        false => Err(Fault::Io(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// A zigzag number.
pub(super) fn long(from: &mut impl Read) -> Result<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(Fault::malformed("a length of it is damaged"))
}

/// The front of a block: how many rows, how many bytes, and the bytes that this takes. None at the end of the file.
pub(super) fn block(front: &[u8]) -> Result<Option<(u64, usize, usize)>> {
    if front.is_empty() {
        return Ok(None);
    }
    let mut rest = front;
    let (rows, length) = (long(&mut rest)?, long(&mut rest)?);
    if rows < 0 || !(0..=MOST as i64).contains(&length) {
        return Err(Fault::malformed("a block of it is damaged"));
    }
    Ok(Some((
        rows as u64,
        length as usize,
        front.len() - rest.len(),
    )))
}

/// Writes a zigzag number.
pub(super) fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut value = ((value << 1) ^ (value >> 63)) as u64;
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes bytes behind their length.
pub(super) fn put_bytes(out: &mut Vec<u8>, value: &[u8]) {
    put_long(out, value.len() as i64);
    out.extend_from_slice(value);
}
