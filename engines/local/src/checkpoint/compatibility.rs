//! Whether a job can go on from a checkpoint that was taken with another job file.

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Error, Result};
use seatunnel_translation::same_nodes;

use super::content::{Content, SourceContent};
use crate::codes;

/// Which node of the plan each part of a checkpoint belongs to.
#[derive(Debug)]
pub(crate) struct Fit {
    /// By the source's place in the checkpoint.
    pub(crate) sources: Vec<usize>,
    /// By the sink's place in the checkpoint; nothing if it is gone and nothing of it is left to do.
    pub(crate) sinks: Vec<Option<usize>>,
}

/// Finds the sources and sinks of a checkpoint in the plan: by their names, or, where blocks have
/// moved, as the only one of its kind that is left. Parallelism, transforms, options of sinks and
/// new tables, sources and sinks don't matter.
///
/// # Errors
/// If a source or a table of one is gone, or a sink with something to be committed.
pub(crate) fn fit(plan: &JobPlan, content: &Content) -> Result<Fit> {
    let mut problems = Vec::new();
    let sources: Vec<usize> = plan.sources().collect();
    let names = content.sources.iter().map(|s| s.name.as_str());
    let found_sources = same_nodes(plan, names, &sources);
    let mut fit = Fit {
        sources: Vec::new(),
        sinks: Vec::new(),
    };
    for (stored, found) in content.sources.iter().zip(found_sources) {
        match found {
            Some(index) => {
                problems.extend(missing_tables(plan, index, stored));
                fit.sources.push(index);
            }
            None => problems.push(format!("{} is gone", stored.name)),
        }
    }
    let sinks: Vec<usize> = plan.sinks().collect();
    let names = content.sinks.iter().map(|s| s.name.as_str());
    fit.sinks = same_nodes(plan, names, &sinks);
    for (stored, found) in content.sinks.iter().zip(&fit.sinks) {
        if found.is_none() && !stored.committables.is_empty() {
            let gone = format!(
                "{} is gone, and has prepared rows that are not committed",
                stored.name
            );
            problems.push(gone);
        }
    }
    if problems.is_empty() {
        return Ok(fit);
    }
    Err(Error::new(
        codes::INCOMPATIBLE,
        format!(
            "the job can't go on from checkpoint {}, because the job file has changed: {}",
            content.id,
            problems.join("; ")
        ),
    )
    .with_help("change it back, or start over with --fresh"))
}

/// The tables that a source brought and does not bring any more.
fn missing_tables(plan: &JobPlan, index: usize, stored: &SourceContent) -> Option<String> {
    let NodeKind::Source { source, .. } = &plan.nodes[index].kind else {
        return None;
    };
    let tables: Vec<String> = source
        .tables()
        .iter()
        .map(|table| table.path().to_string())
        .collect();
    let missing: Vec<&str> = stored
        .tables
        .iter()
        .filter(|table| !tables.contains(table))
        .map(String::as_str)
        .collect();
    let name = &plan.nodes[index].name;
    (!missing.is_empty()).then(|| format!("{name} does not bring {} any more", missing.join(", ")))
}
