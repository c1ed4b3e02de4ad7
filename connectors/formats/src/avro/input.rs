//! Avro's binary encoding of single values (Apache Avro Specification, Binary Encoding).

use crate::fault::{Fault, Step};

/// What is left of a message.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// A zigzag number of up to 64 bits.
    #[inline]
    pub(super) fn long(&mut self) -> Step<i64> {
        // One byte is by far the most frequent length: branches of unions, lengths, small numbers.
        if let [first @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            let first = i64::from(*first);
            return Ok((first >> 1) ^ -(first & 1));
        }
        self.long_slow()
    }

    fn long_slow(&mut self) -> Step<i64> {
        let mut value: u64 = 0;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                if index == 9 && *byte > 1 {
                    break;
                }
                self.rest = &self.rest[index + 1..];
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        match self.rest.len() < 10 {
            true => Err(Fault::short()),
            false => Err(Fault::new("a number has more than 64 bits")),
        }
    }

    /// A number that must fit 32 bits.
    #[inline]
    pub(super) fn int(&mut self) -> Step<i32> {
        let value = self.long()?;
        value
            .try_into()
            .map_err(|_| Fault::new(format!("{value} stands where 32 bits are expected")))
    }

    #[inline]
    pub(super) fn boolean(&mut self) -> Step<bool> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            other => Err(Fault::new(format!(
                "{} is neither true nor false",
                other[0]
            ))),
        }
    }

    #[inline]
    pub(super) fn float(&mut self) -> Step<f32> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(f32::from_le_bytes(bytes))
    }

    #[inline]
    pub(super) fn double(&mut self) -> Step<f64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(bytes))
    }

    /// So many bytes.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Step<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(Fault::short)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Step<&'a [u8]> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(Fault::new(format!("the length of a value is {length}"))),
        }
    }

    /// Text behind its length.
    #[inline]
    pub(super) fn text(&mut self) -> Step<&'a [u8]> {
        let bytes = self.bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(bytes),
            Err(_) => Err(Fault::new("a text is not valid UTF-8")),
        }
    }

    /// How many items the next block of an array or a map has; none behind the last block.
    pub(super) fn block(&mut self) -> Step<Option<usize>> {
        let mut count = self.long()?;
        if count == 0 {
            return Ok(None);
        }
        if count < 0 {
            // Then the size of the block in bytes follows, for who wants to skip it.
            let size = self.long()?;
            if usize::try_from(size).map_or(true, |size| size > self.rest.len()) {
                return Err(Fault::short());
            }
            count = count.checked_neg().unwrap_or(i64::MAX);
        }
        // Items may take no bytes (nulls): then nothing in the message bounds their number.
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len().max(MOST_EMPTY_ITEMS) => Ok(Some(count)),
            _ => Err(Fault::new(format!(
                "a list of {count} items can't be in the {} bytes that are left",
                self.rest.len()
            ))),
        }
    }
}

/// How many items that take no bytes a block may have.
const MOST_EMPTY_ITEMS: usize = 256;
