//! `--dry-run`: what a check found, on stdout.

use std::path::Path;

use seatunnel_api::plan::{JobPlan, NodeKind};
use seatunnel_api::{Batch, CatalogTable, Error, Result, codes};
use seatunnel_config::job::{JobSpec, PluginKind};
use seatunnel_engine_local::{Sample, sample as take_sample};

use crate::terminal;
use crate::text::{count, table};

/// Says that the file is right, and what it holds.
pub(crate) fn print_static(file: &Path, spec: &JobSpec) {
    let of = |kind| spec.plugins.iter().filter(|p| p.kind == kind).count();
    terminal::print(&format!(
        "{}: no mistake found ({}, {}, {})\n",
        file.display(),
        count(of(PluginKind::Source), "source"),
        count(of(PluginKind::Transform), "transform"),
        count(of(PluginKind::Sink), "sink"),
    ));
}

/// Asks each source and sink whether it can be reached.
///
/// # Errors
/// Says how many could not; why is printed.
pub(crate) async fn connect(plan: &JobPlan) -> Result<()> {
    let mut failed = 0;
    for node in &plan.nodes {
        let checked = match &node.kind {
            NodeKind::Source { source, .. } => source.check().await,
            NodeKind::Sink(sink) => sink.check().await,
            NodeKind::Transform(_) => continue,
        };
        match checked {
            Ok(()) => terminal::print(&format!(
                "{}: reached\n{}",
                node.name,
                columns(&node.tables)
            )),
            Err(error) => {
                failed += 1;
                terminal::print(&format!("{}: not reached\n", node.name));
                terminal::print_error(&error);
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(Error::new(
            codes::TARGET_MISSING,
            format!("{} can't be reached", count(failed, "source or sink")),
        )),
    }
}

fn columns(tables: &[std::sync::Arc<CatalogTable>]) -> String {
    let lines = tables.iter().map(|table| {
        let columns = table.columns().iter();
        let columns: Vec<String> = columns
            .map(|c| format!("{} {}", c.name, c.data_type))
            .collect();
        format!("  {} ({})\n", table.path(), columns.join(", "))
    });
    lines.collect()
}

/// Shows the first rows after each step.
///
/// # Errors
/// That of a source or a transform.
pub(crate) async fn sample(plan: &JobPlan, limit: usize, print_data: bool) -> Result<()> {
    for step in take_sample(plan, limit).await? {
        terminal::print(&shown(&step, print_data));
    }
    for sink in plan.sinks() {
        terminal::print(&format!("{}: nothing written\n", plan.nodes[sink].name));
    }
    Ok(())
}

fn shown(step: &Sample, print_data: bool) -> String {
    let rows: usize = step.batches.iter().map(Batch::num_rows).sum();
    let mut text = format!("{}: {}\n", step.node, count(rows, "row"));
    let mut done: Vec<&CatalogTable> = Vec::new();
    for batch in &step.batches {
        let of = batch.table().as_ref();
        if done.iter().any(|t| t.path() == of.path()) {
            continue;
        }
        done.push(of);
        let same = step
            .batches
            .iter()
            .filter(|b| b.table().path() == of.path());
        let rows: Vec<Vec<String>> = match print_data {
            true => same.flat_map(cells).collect(),
            false => Vec::new(),
        };
        let columns = of
            .columns()
            .iter()
            .map(|c| format!("{} {}", c.name, c.data_type));
        let header: Vec<String> = std::iter::once("kind".to_owned()).chain(columns).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        text.push_str(&format!("{}\n{}", of.path(), table(&header, &rows)));
    }
    text.push('\n');
    text
}

/// The longest cell that is shown whole.
const WIDEST_CELL: usize = 60;

fn cells(batch: &Batch) -> Vec<Vec<String>> {
    batch
        .rows()
        .map(|row| {
            let values =
                (0..batch.records().num_columns()).map(|column| cut(&row.get(column).to_string()));
            std::iter::once(row.kind().short().to_owned())
                .chain(values)
                .collect()
        })
        .collect()
}

fn cut(cell: &str) -> String {
    let cell: String = cell
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if cell.chars().count() <= WIDEST_CELL {
        return cell;
    }
    let start: String = cell.chars().take(WIDEST_CELL - 1).collect();
    format!("{start}…")
}
