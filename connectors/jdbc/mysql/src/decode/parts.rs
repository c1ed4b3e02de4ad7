//! What columns of dates and of values of any length keep.

use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use super::values::{self, Unfit};
use crate::wire::ZeroDates;

/// The day looked at last: rows beside each other often have the same.
#[derive(Clone, Copy)]
pub(crate) struct LastDate {
    bytes: [u8; 4],
    days: Option<i32>,
    zero_dates: ZeroDates,
}

impl LastDate {
    pub(super) fn new(zero_dates: ZeroDates) -> Self {
        Self {
            bytes: [0xb2, 0x07, 1, 1],
            days: Some(0),
            zero_dates,
        }
    }

    #[inline]
    pub(super) fn days(&mut self, bytes: [u8; 4]) -> Result<Option<i32>, Unfit> {
        if bytes != self.bytes {
            self.days = values::date(bytes, self.zero_dates)?;
            self.bytes = bytes;
        }
        Ok(self.days)
    }
}

/// Values of any length, one behind the other.
pub(crate) struct Bytes {
    offsets: Vec<i32>,
    pub(super) data: Vec<u8>,
}

impl Bytes {
    pub(super) fn new() -> Self {
        Self {
            offsets: vec![0],
            data: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.data.extend_from_slice(value);
        self.end();
    }

    #[inline]
    pub(super) fn end(&mut self) {
        // A batch ends long before: the largest value has a gibibyte, and comes last.
        self.offsets.push(self.data.len() as i32);
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        let end = self.offsets.last().copied().unwrap_or(0);
        self.data.truncate(end as usize);
    }

    pub(super) fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        // The next batch is about as large: a little room more, or each that is a bit larger takes
        // twice the memory. One huge value is no reason to keep room for another.
        let room = |length: usize| length + length / 8;
        let mut offsets = Vec::with_capacity(room(self.offsets.len()));
        offsets.push(0);
        let data = Vec::with_capacity(room(self.data.len()).min(KEPT));
        let offsets = std::mem::replace(&mut self.offsets, offsets);
        let data = std::mem::replace(&mut self.data, data);
        (
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            Buffer::from_vec(data),
        )
    }
}

/// Room for values of any length that is kept for the next batch, in bytes.
const KEPT: usize = 2 << 20;
