//! Messages of Protocol Buffers, written by hand: a file has a handful of them.

use super::rle::{varint, zigzag};

/// A message under construction. Fields come in the order they are added.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// An unsigned number, an enum or a bool.
    pub(super) fn number(&mut self, field: u32, value: u64) -> &mut Self {
        varint(&mut self.0, u64::from(field) << 3);
        varint(&mut self.0, value);
        self
    }

    /// A signed number, small when it is near zero.
    pub(super) fn signed(&mut self, field: u32, value: i64) -> &mut Self {
        self.number(field, zigzag(value))
    }

    /// A floating-point number.
    pub(super) fn double(&mut self, field: u32, value: f64) -> &mut Self {
        varint(&mut self.0, u64::from(field) << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A text, bytes or a message.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        varint(&mut self.0, u64::from(field) << 3 | 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// A message inside.
    pub(super) fn message(&mut self, field: u32, value: &Self) -> &mut Self {
        self.bytes(field, &value.0)
    }

    /// Its bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
