//! What connectors and engines agree on.
//!
//! This crate knows no engine and no connector. Who writes a connector starts with [`Source`] or
//! [`Sink`] and its factory ([`SourceFactory`], [`SinkFactory`]); who writes an engine takes a
//! [`plan::JobPlan`] and sees everything through [`erased`].

extern crate self as seatunnel_api;

mod assigned;
mod batch;
mod batch_builder;
pub mod config;
mod dirty;
pub mod erased;
pub mod error;
mod fact;
mod factory;
pub mod java_text;
mod job;
mod metrics;
pub mod options;
mod output;
pub mod per_table;
pub mod plan;
mod relation;
mod row;
mod row_kind;
mod sink;
mod source;
pub mod state;
mod table;
pub mod time;
mod transform;
mod types;
mod value_from_config;
mod value_json;

pub use assigned::{AssignedSplits, SplitAssigner};
pub use batch::{Batch, column_bytes};
pub use batch_builder::BatchBuilder;
pub use dirty::{DirtyKeeper, DirtyRow, DirtyRows};
pub use erased::{erase_sink, erase_source};
pub use error::{Error, ErrorCode, Result, codes};
pub use fact::Fact;
pub use factory::{
    DynSinkFactory, DynSourceFactory, DynTransformFactory, InputTables, Plugin, PluginInfo,
    Registry, RelationContext, SinkContext, SinkFactory, SourceContext, SourceFactory,
    TransformContext, TransformFactory,
};
pub use job::{CheckpointId, JobContext, JobMode, TaskContext};
pub use metrics::{Counter, Metrics};
pub use output::{BatchSize, Emitter, Output};
pub use relation::{BatchStream, Relation, RelationInputs};
pub use row::{Row, Value};
pub use row_kind::{RowKind, RowKinds};
pub use sink::{ChangesBecome, Guarantee, Readback, ReadbackTable, Sink, SinkWriter};
pub use source::{
    Boundedness, Discovery, NextDiscovery, Source, SourceReader, Split, SplitEnumerator,
};
pub use state::{State, StateKind};
pub use table::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, PrimaryKey, SortOrder, TablePath,
    TableSchema,
};
pub use transform::Transform;
pub use types::{DataType, MAX_DECIMAL, MAX_DECIMAL128, RowField};
