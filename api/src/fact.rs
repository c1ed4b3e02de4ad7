//! What is known of rows besides their values.

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array};

use crate::error::Result;

/// One thing that is known of each row of a batch besides its values, such as the time of its message.
///
/// Sources that give some say so in their tables ([`CatalogTable::facts`](crate::CatalogTable::facts)); the Metadata
/// transform makes columns of them. They stay with the rows up to the first transform that makes new rows.
#[derive(Clone, Debug)]
pub struct Fact {
    name: &'static str,
    values: ArrayRef,
    /// The array has one value, which all rows have.
    same: bool,
}

impl Fact {
    /// A value for each row.
    pub fn each(name: &'static str, values: ArrayRef) -> Self {
        Self {
            name,
            values,
            same: false,
        }
    }

    /// The one value of this array for all rows.
    ///
    /// # Panics
    /// In debug builds, if the array has not one value: a bug of the connector.
    pub fn same(name: &'static str, value: ArrayRef) -> Self {
        debug_assert_eq!(value.len(), 1, "{name} has not one value");
        Self {
            name,
            values: value,
            same: true,
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A column with the value of each of so many rows.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn column(&self, rows: usize) -> Result<ArrayRef> {
        if !self.same {
            return Ok(self.values.clone());
        }
        let first = UInt32Array::from(vec![0; rows]);
        Ok(arrow_select::take::take(&self.values, &first, None)?)
    }

    /// Whether there is a value for each of so many rows.
    pub(crate) fn fits(&self, rows: usize) -> bool {
        self.same || self.values.len() == rows
    }

    pub(crate) fn slice(&self, offset: usize, length: usize) -> Self {
        let mut part = self.clone();
        if !self.same {
            part.values = self.values.slice(offset, length);
        }
        part
    }

    pub(crate) fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let mut part = self.clone();
        if !self.same {
            part.values = arrow_select::filter::filter(&self.values, keep)?;
        }
        Ok(part)
    }
}
