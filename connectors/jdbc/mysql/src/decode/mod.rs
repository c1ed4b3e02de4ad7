//! Rows in the binary form of the protocol, decoded where they lie in the read buffer.

mod column;
mod parts;
mod rows;
mod values;

pub(crate) use rows::RowDecoder;
pub(crate) use values::{DAY, days_checked as days, decimal};
