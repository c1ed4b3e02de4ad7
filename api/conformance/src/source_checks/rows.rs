//! Tables and rows as they are stored.

use std::collections::BTreeSet;
use std::sync::Arc;

use seatunnel_api::Value;
use seatunnel_api::erased::DynSource;

use super::{Laid, all_rows, default_size, lay, rng};
use crate::compare::EXACTLY;
use crate::datasets::{self, Rows};
use crate::engine::read::{At, Collector, batches_of, reader, rows_of};
use crate::engine::splits::{drain, read_everything};
use crate::fixture::SourceFixture;
use crate::report::{Checked, Findings, failed};

pub(super) async fn tables<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    // The check of types tells what is left out.
    let rows = datasets::types(fixture, &mut Findings::default());
    let laid = lay(fixture, rows, findings).await?;
    let source = laid.open(fixture, 1).await?;
    let tables = source.tables();
    let [table] = tables.as_slice() else {
        return failed(format!(
            "expected one table, announced are {}",
            tables.len()
        ));
    };
    if !Arc::ptr_eq(table, &source.tables()[0]) {
        findings.fail("tables() makes a new table each time; batches carry the announced one");
    }
    let stored = laid.set.data.table();
    let names: Vec<&str> = table.schema().names().collect();
    let expected: Vec<&str> = stored.schema().names().collect();
    if names != expected {
        return failed(format!(
            "expected columns {expected:?}, announced are {names:?}"
        ));
    }
    for (column, stored) in table.columns().iter().zip(stored.columns()) {
        let expected = fixture.announces(&stored.data_type);
        if column.data_type != expected {
            findings.fail(format!(
                "column {}: expected type {expected}, announced is {}",
                column.name, column.data_type
            ));
        }
        if stored.nullable && !column.nullable {
            findings.fail(format!(
                "column {}: it may hold nulls, announced is that it holds none",
                column.name
            ));
        }
    }
    Ok(())
}

pub(super) async fn types<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = datasets::types(fixture, findings);
    whole(fixture, rows, findings).await
}

pub(super) async fn nulls<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let rows = datasets::nulls(fixture, findings);
    whole(fixture, rows, findings).await
}

pub(super) async fn empty<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let laid = lay(fixture, datasets::empty(), findings).await?;
    let laid = laid.with_given_values()?;
    for parallelism in [1, 4] {
        let source = laid.open(fixture, parallelism).await?;
        let (rows, _) = all_rows(&source, parallelism, default_size()).await?;
        if !rows.is_empty() {
            findings.fail(format!("expected no row, came {}", rows.len()));
        }
    }
    Ok(())
}

pub(super) async fn wide<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (columns, why) = fixture.limits().columns;
    if let Some(why) = why {
        findings.note(format!("{columns} columns: {why}"));
    }
    whole(fixture, datasets::wide(columns), findings).await
}

pub(super) async fn large<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let (bytes, why) = fixture.limits().value_bytes;
    if let Some(why) = why {
        findings.note(format!("{bytes} bytes: {why}"));
    }
    whole(fixture, datasets::large(bytes, &mut rng()), findings).await
}

/// All rows by one reader in batches of the usual size.
async fn whole<F: SourceFixture>(fixture: &F, rows: Rows, findings: &mut Findings) -> Checked {
    let laid: Laid = lay(fixture, rows, findings).await?.with_given_values()?;
    let source = laid.open(fixture, 1).await?;
    let (came, _) = all_rows(&source, 1, default_size()).await?;
    if let Err(what) = laid.expect(1, &came, EXACTLY) {
        findings.fail(what);
    }
    Ok(())
}

pub(super) async fn splits<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    for (rows, parallelisms) in [(997, &[1, 2, 3, 8][..]), (2, &[1, 5]), (1, &[1, 3])] {
        let rows = datasets::many(rows, &mut rng());
        let laid = lay(fixture, rows, findings).await?;
        for &parallelism in parallelisms {
            let source = laid.open(fixture, parallelism).await?;
            let read = read_everything(&source, parallelism, batches_of(50)).await?;
            let when = format!("{} readers, {} splits", parallelism, read.len());
            findings.note(when.clone());
            let ids: BTreeSet<&str> = read.iter().map(|r| r.split.id.as_str()).collect();
            if ids.len() < read.len() {
                findings.fail(format!("{when}: several splits have the same id"));
            }
            let came: Vec<_> = read.iter().flat_map(super::rows_of_split).collect();
            if let Err(what) = laid.expect(parallelism, &came, EXACTLY) {
                findings.fail(format!("{when}:\n{what}"));
            }
        }
        let came = without_positions(&laid.open(fixture, 2).await?, 2).await?;
        if let Err(what) = laid.expect(2, &came, EXACTLY) {
            findings.fail(format!("2 readers, positions not asked for:\n{what}"));
        }
    }
    Ok(())
}

/// All rows of a job without checkpoints.
async fn without_positions(
    source: &Arc<dyn DynSource>,
    parallelism: usize,
) -> Checked<Vec<Vec<Value>>> {
    let mut enumerator = source.enumerator(parallelism, None).await?;
    let mut rows = Vec::new();
    let mut reader = reader(source.as_ref(), 0, parallelism).await?;
    for split in drain(enumerator.as_mut(), Vec::new()).await? {
        let mut collector = Collector::new(batches_of(50), At::Never);
        collector.positions = false;
        reader.read(&split.bytes, &mut collector).await?;
        rows.extend(rows_of(&collector.emissions));
    }
    Ok(rows)
}
