//! Column and row transforms: Copy, FieldMapper, Filter, FilterRowKind, Replace, RowKindExtractor, Split.
//!
//! Each is one file. What they share is open to other transforms: rules that differ by table
//! ([`tables`]), columns and keys ([`columns`]), Java's regular expressions ([`java_regex`]).

pub mod codes;
pub mod columns;
mod copy;
mod field_mapper;
mod filter;
mod filter_row_kind;
pub mod java_regex;
mod replace;
mod row_kind_extractor;
mod split;
pub mod tables;

use seatunnel_api::Registry;

pub use copy::CopyFactory;
pub use field_mapper::FieldMapperFactory;
pub use filter::FilterFactory;
pub use filter_row_kind::FilterRowKindFactory;
pub use replace::ReplaceFactory;
pub use row_kind_extractor::RowKindExtractorFactory;
pub use split::SplitFactory;

/// Adds these transforms.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry
        .transform(CopyFactory)
        .transform(FieldMapperFactory)
        .transform(FilterFactory)
        .transform(FilterRowKindFactory)
        .transform(ReplaceFactory)
        .transform(RowKindExtractorFactory)
        .transform(SplitFactory)
}
