//! Column, row and table transforms: all of SeaTunnel's that need no server and no SQL.
//!
//! Each is one file or folder. What they share is open to other transforms: rules that differ by table
//! ([`tables`]), columns and keys ([`columns`]), Java's regular expressions ([`java_regex`]), paths in
//! JSON ([`json_path`]).

pub mod codes;
pub mod columns;
mod copy;
mod data_validator;
mod define_sink_type;
mod dynamic_compile;
mod field_encrypt;
mod field_mapper;
mod field_rename;
mod filter;
mod filter_row_kind;
pub mod java_regex;
pub mod json_path;
mod metadata;
mod regex_extract;
mod renaming;
mod replace;
mod replace_bytes;
mod row_kind_extractor;
mod split;
mod table_filter;
mod table_merge;
mod table_rename;
pub mod tables;
mod text_chunk;

use seatunnel_api::Registry;

pub use copy::CopyFactory;
pub use data_validator::DataValidatorFactory;
pub use define_sink_type::DefineSinkTypeFactory;
pub use dynamic_compile::DynamicCompileFactory;
pub use field_encrypt::FieldEncryptFactory;
pub use field_mapper::FieldMapperFactory;
pub use field_rename::FieldRenameFactory;
pub use filter::FilterFactory;
pub use filter_row_kind::FilterRowKindFactory;
pub use json_path::JsonPathFactory;
pub use metadata::MetadataFactory;
pub use regex_extract::RegexExtractFactory;
pub use replace::ReplaceFactory;
pub use row_kind_extractor::RowKindExtractorFactory;
pub use split::SplitFactory;
pub use table_filter::TableFilterFactory;
pub use table_merge::TableMergeFactory;
pub use table_rename::TableRenameFactory;
pub use text_chunk::TextChunkFactory;

/// Adds these transforms.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry
        .transform(CopyFactory)
        .transform(DataValidatorFactory)
        .transform(DefineSinkTypeFactory)
        .transform(DynamicCompileFactory)
        .transform(FieldEncryptFactory)
        .transform(FieldMapperFactory)
        .transform(FieldRenameFactory)
        .transform(FilterFactory)
        .transform(FilterRowKindFactory)
        .transform(JsonPathFactory)
        .transform(MetadataFactory)
        .transform(RegexExtractFactory)
        .transform(ReplaceFactory)
        .transform(RowKindExtractorFactory)
        .transform(SplitFactory)
        .transform(TableFilterFactory)
        .transform(TableMergeFactory)
        .transform(TableRenameFactory)
        .transform(TextChunkFactory)
}
