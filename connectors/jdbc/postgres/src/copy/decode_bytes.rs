//! Values of different lengths that become a column.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, StringArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::decode_value::Why;

/// Values of different lengths, one behind the other.
pub(super) struct Bytes {
    ends: Vec<i32>,
    bytes: Vec<u8>,
}

impl Bytes {
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self {
            ends,
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// Adds values, each by `put`; `None` is null.
    #[inline]
    pub(super) fn add<'a>(
        &mut self,
        values: impl Iterator<Item = Option<&'a [u8]>>,
        put: impl Fn(&mut Vec<u8>, &'a [u8]) -> Result<(), Why>,
    ) -> Result<(), Why> {
        for value in values {
            if let Some(value) = value {
                put(&mut self.bytes, value)?;
            }
            // A batch has little more than one value of at most 1 GiB.
            self.ends.push(self.bytes.len() as i32);
        }
        Ok(())
    }

    /// Bytes of all values.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Values, nulls among them.
    pub(super) fn count(&self) -> usize {
        self.ends.len() - 1
    }

    /// Forgets what comes after so many values.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows + 1);
        self.bytes
            .truncate(self.ends[rows.min(self.ends.len() - 1)] as usize);
    }

    pub(super) fn into_bytes(self, nulls: Option<NullBuffer>) -> ArrayRef {
        let buffer = Buffer::from_vec(self.bytes);
        Arc::new(BinaryArray::new(offsets(self.ends), buffer, nulls))
    }

    /// The values as texts; `bad` hears of those that are none.
    pub(super) fn into_strings(
        self,
        nulls: Option<NullBuffer>,
        bad: &mut dyn FnMut(usize),
    ) -> ArrayRef {
        let offsets = offsets(self.ends);
        let buffer = Buffer::from_vec(self.bytes);
        match StringArray::try_new(offsets.clone(), buffer.clone(), nulls.clone()) {
            Ok(array) => Arc::new(array),
            // Only a database without an encoding of its own (SQL_ASCII) has such values.
            Err(_) => Arc::new(lossy(&BinaryArray::new(offsets, buffer, nulls), bad)),
        }
    }
}

pub(super) fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

#[cold]
fn lossy(values: &BinaryArray, bad: &mut dyn FnMut(usize)) -> StringArray {
    let texts = values.iter().enumerate().map(|(row, value)| {
        let text = String::from_utf8_lossy(value?);
        if matches!(text, Cow::Owned(_)) {
            bad(row);
        }
        Some(text)
    });
    texts.collect()
}
