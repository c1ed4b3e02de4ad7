//! Assert: a sink that keeps nothing, but fails the job where rows, row counts or tables are not
//! what its rules say.
//!
//! The rules are SeaTunnel's. What it would find out by a null pointer at the first row is an
//! error at the first row here too, with a message: a job that brings no row then passes in both.
//!
//! Field rules are checked as rows come. Row counts and table names are checked at the end of the
//! job, over all writers together; counts travel as committables, so that a batch that is written
//! again after a failure counts once.

mod catalog;
mod codes;
mod field_check;
mod rules;
mod sink;
mod type_check;
mod value_check;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Guarantee, PluginInfo, Registry, Result, SinkContext, SinkFactory, erase_sink,
};

use crate::rules::Rules;
use crate::sink::{AssertSink, GUARANTEE};

/// Checks rows against rules.
#[derive(Clone, Debug, Options)]
pub struct AssertSinkOptions {
    /// The rules: `row_rules`, `field_rules` and `catalog_table_rule` for every table, or
    /// `tables_configs` with those for each table by its `table_path`; and `table-names`, the tables
    /// that rows come from.
    pub rules: ConfigValue,
}

/// Makes sinks that check rows.
pub struct AssertSinkFactory;

/// Adds the sink to a registry.
pub fn register(registry: Registry) -> Registry {
    registry.sink(AssertSinkFactory)
}

#[async_trait]
impl SinkFactory for AssertSinkFactory {
    type Options = AssertSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Assert",
            aliases: &[],
            summary: "Fails the job where rows are not what rules say.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        GUARANTEE
    }

    async fn create(
        &self,
        options: AssertSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        let rules = Rules::read(&options.rules, &context.tables)?;
        for table in &context.tables {
            rules.check_table(table)?;
        }
        Ok(erase_sink(AssertSink::new(rules)))
    }
}
