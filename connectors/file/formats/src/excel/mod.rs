//! Excel workbooks: xls and xlsx are read, xlsx is written.
//!
//! Cells have kinds of their own (numbers, dates, texts), which are told apart; what is read comes as texts all the same,
//! since a cell's kind need not be its column's type.

mod dates;
mod reader;
mod writer;

pub use reader::{ExcelRows, ExcelRules};
pub use writer::{ExcelStyle, ExcelWriter, check_rows};
