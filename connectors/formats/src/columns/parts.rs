//! What columns are made of.

use std::sync::Arc;

use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::{
    ArrowNativeType, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::DataType as ArrowType;
use seatunnel_api::{Error, Result, codes};

use super::Column;

/// Values of one fixed width.
pub struct Fixed<T> {
    pub(super) values: Vec<T>,
    pub(super) nulls: NullBufferBuilder,
}

impl<T: Copy + Default> Fixed<T> {
    pub(super) fn new() -> Self {
        Self {
            values: Vec::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    /// Adds a null.
    #[inline]
    pub fn push_null(&mut self) {
        self.values.push(T::default());
        self.nulls.append_null();
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.nulls.truncate(rows);
    }
}

impl<T: ArrowNativeType> Fixed<T> {
    pub(super) fn array<P: ArrowPrimitiveType<Native = T>>(
        &mut self,
        arrow: ArrowType,
    ) -> ArrayRef {
        let values = ScalarBuffer::from(std::mem::take(&mut self.values));
        let array = PrimitiveArray::<P>::new(values, self.nulls.finish());
        Arc::new(array.with_data_type(arrow))
    }
}

/// Texts or bytes, one behind the other.
pub struct Variable {
    pub(super) bytes: Vec<u8>,
    /// Where each value ends. 64 bits, so that a column that is too large is found at the end, not for each value.
    pub(super) ends: Vec<usize>,
    pub(super) nulls: NullBufferBuilder,
}

impl Variable {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }

    /// Adds a value. Into a column of texts only UTF-8 goes.
    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end();
    }

    /// Where the bytes of a value that is written in pieces go; [`Variable::end`] completes it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Completes a value.
    #[inline]
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
        self.nulls.append_non_null();
    }

    /// Adds a null.
    #[inline]
    pub fn push_null(&mut self) {
        self.ends.push(self.bytes.len());
        self.nulls.append_null();
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.nulls.truncate(rows);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    pub(super) fn parts(&mut self) -> Result<(OffsetBuffer<i32>, Buffer, Option<NullBuffer>)> {
        let offsets = offsets(&std::mem::take(&mut self.ends))?;
        let bytes = Buffer::from_vec(std::mem::take(&mut self.bytes));
        Ok((offsets, bytes, self.nulls.finish()))
    }
}

/// Lists of values.
pub struct Lists {
    /// The values of all lists, one behind the other.
    pub items: Column,
    pub(super) ends: Vec<usize>,
    pub(super) nulls: NullBufferBuilder,
}

/// Maps.
pub struct Maps {
    /// The keys of all maps. Must not be null.
    pub keys: Column,
    /// The values of all maps, one for each key.
    pub values: Column,
    pub(super) ends: Vec<usize>,
    pub(super) nulls: NullBufferBuilder,
}

/// Rows inside of rows.
pub struct Rows {
    /// One column for each field.
    pub fields: Vec<Column>,
    pub(super) nulls: NullBufferBuilder,
}

/// Vectors of floats, all of one dimension.
pub struct Vectors {
    /// The floats of all vectors: as many for each as [`Vectors::dimension`] says.
    pub values: Vec<f32>,
    /// Floats in a vector.
    pub dimension: usize,
    pub(super) nulls: NullBufferBuilder,
}

impl Lists {
    /// Completes a list of what was pushed into the items since the last one.
    pub fn end(&mut self) {
        self.ends.push(self.items.len());
        self.nulls.append_non_null();
    }
}

impl Maps {
    /// Completes a map of what was pushed into keys and values since the last one.
    pub fn end(&mut self) {
        self.ends.push(self.keys.len());
        self.nulls.append_non_null();
    }

    /// Completes a map; of keys that come several times since the last map the last one counts.
    pub fn end_unique(&mut self) {
        // Repeated keys are rare, so the price of finding none is all that counts.
        let from = self.ends.last().copied().unwrap_or(0);
        if self.keys.repeats(from) {
            let keep = self.keys.last_of_each(from);
            self.keys.keep(from, &keep);
            self.values.keep(from, &keep);
        }
        self.end();
    }
}

impl Rows {
    /// Completes a row; fields that got no value get a null.
    pub fn end(&mut self) {
        self.nulls.append_non_null();
        self.fill();
    }

    /// Values of the rows completed.
    pub fn rows(&self) -> usize {
        self.nulls.len()
    }

    pub(super) fn fill(&mut self) {
        let rows = self.nulls.len();
        for field in &mut self.fields {
            if field.len() < rows {
                field.push_null();
            }
        }
    }
}

impl Vectors {
    /// Completes a null.
    pub fn end_null(&mut self) {
        self.nulls.append_null();
        self.values.resize(self.nulls.len() * self.dimension, 0.0);
    }

    /// Completes a vector of the floats pushed; none if they are not as many as there must be.
    #[must_use]
    pub fn end(&mut self) -> bool {
        if self.values.len() != (self.nulls.len() + 1) * self.dimension {
            return false;
        }
        self.nulls.append_non_null();
        true
    }
}

/// Offsets of Arrow.
///
/// # Errors
/// Beyond 2 GiB.
pub(super) fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>> {
    if ends.last().is_some_and(|last| *last > i32::MAX as usize) {
        return Err(Error::new(
            codes::VALUE_INVALID,
            "a column of one batch is larger than 2 GiB",
        ));
    }
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.extend(ends.iter().map(|end| *end as i32));
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}
