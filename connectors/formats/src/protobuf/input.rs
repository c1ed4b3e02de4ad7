//! The encoding of single values.

use crate::fault::{Fault, Step};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Eight,
    Length,
    GroupStart,
    GroupEnd,
    Four,
}

/// A value as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// What is left of a message.
#[derive(Clone)]
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Step<u64> {
        if let [first @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*first));
        }
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                if index == 9 && *byte > 1 {
                    break;
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        match self.rest.len() < 10 {
            true => Err(Fault::short()),
            false => Err(Fault::new("a number has more than 64 bits")),
        }
    }

    #[inline]
    fn take(&mut self, count: usize) -> Step<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(Fault::short)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn bytes(&mut self) -> Step<&'a [u8]> {
        let length = self.varint()?;
        self.take(usize::try_from(length).map_err(|_| Fault::short())?)
    }

    /// The number of the next field and how its value is written.
    #[inline]
    pub(super) fn tag(&mut self) -> Step<(u32, WireType)> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 || number > 0x1fff_ffff {
            return Err(Fault::new(format!("{} is no number of a field", tag >> 3)));
        }
        let wire = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Eight,
            2 => WireType::Length,
            3 => WireType::GroupStart,
            4 => WireType::GroupEnd,
            5 => WireType::Four,
            other => return Err(Fault::new(format!("{other} is no way to write a value"))),
        };
        Ok((number, wire))
    }

    /// A value that is no group.
    #[inline]
    pub(super) fn raw(&mut self, wire: WireType) -> Step<Raw<'a>> {
        Ok(match wire {
            WireType::Varint => Raw::Number(self.varint()?),
            WireType::Length => Raw::Bytes(self.bytes()?),
            WireType::Eight => {
                let mut all = [0; 8];
                all.copy_from_slice(self.take(8)?);
                Raw::Number(u64::from_le_bytes(all))
            }
            WireType::Four => {
                let mut all = [0; 4];
                all.copy_from_slice(self.take(4)?);
                Raw::Number(u64::from(u32::from_le_bytes(all)))
            }
            WireType::GroupStart | WireType::GroupEnd => {
                return Err(Fault::new("it has a group where a value is expected"));
            }
        })
    }

    /// Passes over a value of a field.
    pub(super) fn skip(&mut self, number: u32, wire: WireType) -> Step {
        match wire {
            WireType::GroupStart => self.skip_group(number),
            WireType::GroupEnd => Err(Fault::new("a group ends that has not begun")),
            other => self.raw(other).map(|_| ()),
        }
    }

    fn skip_group(&mut self, number: u32) -> Step {
        // Open groups. In a list of our own, so that no message can use up the stack.
        let mut open = vec![number];
        while let Some(innermost) = open.last() {
            match self.tag()? {
                (number, WireType::GroupStart) => open.push(number),
                (number, WireType::GroupEnd) if number == *innermost => {
                    open.pop();
                }
                (_, WireType::GroupEnd) => {
                    return Err(Fault::new("a group ends that has not begun"));
                }
                (_, wire) => {
                    self.raw(wire)?;
                }
            }
        }
        Ok(())
    }
}
