//! What a job file says about Wasm.

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{Located, Options};
use seatunnel_transforms::tables::Rule;

/// A column that the code makes.
#[derive(Clone, Debug, Options)]
pub(crate) struct MadeColumn {
    /// Its name. One that exists is overwritten.
    pub(crate) dest_field: Located<String>,
    /// Its type; text if not given.
    pub(crate) dest_type: Option<ConfigValue>,
}

/// Which code, and what it makes.
#[derive(Clone, Debug, Options)]
pub struct WasmRule {
    /// The file with the module.
    pub(crate) module_path: Option<Located<String>>,
    /// The function that is called with the rows of a batch.
    #[option(default = "process")]
    pub(crate) function: String,
    /// The columns that the code sees; all if not given.
    pub(crate) input_columns: Option<Vec<Located<String>>>,
    /// The columns that the code makes; without any it only says which rows stay.
    #[option(default = Vec::new())]
    pub(crate) columns: Vec<MadeColumn>,
    /// The most instructions for each row, so that code that never ends is stopped.
    #[option(default = 10_000_000, min = 1)]
    pub(crate) max_instructions_per_row: u64,
    /// The most memory that the code may take for a batch, in MiB.
    #[option(default = 64, min = 1, max = 4096)]
    pub(crate) memory_limit_mb: usize,
}

impl Rule for WasmRule {
    fn is_given(&self) -> bool {
        self.module_path.is_some()
    }
}

seatunnel_transforms::options_with_table_rules!(
    /// Runs code of your own on rows.
    "Wasm",
    WasmOptions,
    WasmTableRule,
    WasmRule
);
