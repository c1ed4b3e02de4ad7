//! Writing rows.

pub(crate) mod form;
mod parameters;
