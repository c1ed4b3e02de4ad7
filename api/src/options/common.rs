//! Options that every plugin of a kind has.

use super::Options;

/// Options of every source.
#[derive(Clone, Debug, Default, Options)]
pub struct SourceCommonOptions {
    /// Name of the rows that come out, for `plugin_input` of others.
    #[option(fallback("result_table_name"))]
    pub plugin_output: Option<String>,
    /// Readers of this source; the job's `parallelism` if not given.
    #[option(min = 1)]
    pub parallelism: Option<usize>,
}

/// Options of every transform.
#[derive(Clone, Debug, Default, Options)]
pub struct TransformCommonOptions {
    /// Names of the rows that go in; may be missing in a simple chain.
    #[option(fallback("source_table_name"))]
    pub plugin_input: Option<Vec<String>>,
    /// Name of the rows that come out, for `plugin_input` of others.
    #[option(fallback("result_table_name"))]
    pub plugin_output: Option<String>,
    /// Accepted; a transform runs in the tasks of its source.
    #[option(min = 1)]
    pub parallelism: Option<usize>,
}

/// Options of every sink.
#[derive(Clone, Debug, Default, Options)]
pub struct SinkCommonOptions {
    /// Names of the rows that go in; several are united. May be missing in a simple chain.
    #[option(fallback("source_table_name"))]
    pub plugin_input: Option<Vec<String>>,
    /// Accepted; a sink has as many writers as its sources have readers.
    #[option(min = 1)]
    pub parallelism: Option<usize>,
    /// Accepted; writers are not multiplied by table here.
    pub multi_table_sink_replica: Option<usize>,
    /// File for dirty rows: those that this sink can't write, or that a source or transform before
    /// it can't make. They are added as JSON lines, with where and why, and the job goes on without
    /// them. A folder gets a file named after the job and the sink; `${table_name}` and kin make a
    /// file for each table.
    #[option(key = "dirty.path")]
    pub dirty_path: Option<String>,
    /// Dirty rows that are allowed; with one more the job fails. Without it, `dirty.path` allows any
    /// number; without `dirty.path`, the rows are counted and the first few logged, but not kept.
    /// With neither, the first one fails the job.
    #[option(key = "dirty.max")]
    pub dirty_max: Option<u64>,
}
