//! Writing rows.

pub(crate) mod details;
mod fold;
pub(crate) mod form;
mod parameters;
mod plan;
