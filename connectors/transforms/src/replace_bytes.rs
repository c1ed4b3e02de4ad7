//! Replacing single characters of ASCII: all values at once, since no such character spans two of them.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use seatunnel_api::Result;

use crate::columns::text;
use crate::replace::strings;

/// Characters of ASCII, by their codes.
#[derive(Clone)]
pub(crate) struct Bytes(Box<[bool; 256]>);

impl Bytes {
    /// These characters; none of them may be beyond ASCII.
    pub(crate) fn new(of: impl IntoIterator<Item = u8>) -> Self {
        let mut set = Box::new([false; 256]);
        for byte in of {
            debug_assert!(byte.is_ascii(), "part of a character");
            set[usize::from(byte)] = true;
        }
        Self(set)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// The column with each of these characters replaced. One in which there are none stays as it is.
    ///
    /// # Errors
    /// If the values become larger than a column can be.
    pub(crate) fn replaced(&self, column: &ArrayRef, replacement: &[u8]) -> Result<ArrayRef> {
        let values = text(column);
        let offsets = values.value_offsets();
        let (start, end) = (offsets[0] as usize, offsets[values.len()] as usize);
        let data = &values.value_data()[start..end];
        if !data.iter().any(|byte| self.has(*byte)) {
            return Ok(column.clone());
        }
        let replaced = match replacement {
            [one] => {
                let bytes = data.iter().map(|b| if self.has(*b) { *one } else { *b });
                let ends = offsets.iter().map(|end| *end as usize - start);
                strings(bytes.collect(), &ends.collect::<Vec<_>>(), values)?
            }
            _ => self.resized(values, data, start, replacement)?,
        };
        Ok(Arc::new(replaced))
    }

    fn resized(
        &self,
        values: &StringArray,
        data: &[u8],
        start: usize,
        replacement: &[u8],
    ) -> Result<StringArray> {
        let offsets = values.value_offsets();
        let mut out = Vec::with_capacity(data.len());
        let mut ends = Vec::with_capacity(offsets.len());
        ends.push(0);
        for bounds in offsets.windows(2) {
            for byte in &data[bounds[0] as usize - start..bounds[1] as usize - start] {
                match self.has(*byte) {
                    true => out.extend_from_slice(replacement),
                    false => out.push(*byte),
                }
            }
            ends.push(out.len());
        }
        strings(out, &ends, values)
    }
}
