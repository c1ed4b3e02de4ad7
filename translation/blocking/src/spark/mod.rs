//! What DataFrames of Spark need besides jobs: their schemas, their rows as Spark keeps them, and jobs
//! whose one end is a DataFrame.

mod columns;
mod job;
mod plugins;
mod schema;
mod unsafe_rows;
mod writer;

pub use columns::{PolledColumns, SparkColumns};
pub use job::{Config, End, Mode, job_of_config};
pub use plugins::register;
pub use schema::{shape, to_spark};
pub use unsafe_rows::RowFormat;
pub use writer::RowsWriter;

/// The column that says what a row does to its table: `+I`, `-U`, `+U`, `-D`.
pub const ROW_KIND: &str = "__row_kind";
