//! Each batch by itself: schema, size, content, position.

use std::sync::Arc;

use arrow_array::Array;
use seatunnel_api::{Batch, BatchSize, CatalogTable};

use super::{lay, rng};
use crate::datasets;
use crate::engine::splits::read_everything;
use crate::fixture::SourceFixture;
use crate::report::{Checked, Findings};

/// Batches of "about" so many bytes may have this many times as many.
const ABOUT: usize = 4;

pub(super) async fn well_formed<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let sizes = [
        BatchSize::default(),
        BatchSize {
            rows: 30,
            bytes: 1 << 20,
        },
        BatchSize {
            rows: 100_000,
            bytes: 64 << 10,
        },
    ];
    let rng = &mut rng();
    let sets = [
        datasets::types(fixture, &mut Findings::default()),
        datasets::many(500, rng),
        datasets::bulk(1, 1 << 20, rng),
    ];
    for rows in sets {
        let laid = lay(fixture, rows, findings).await?;
        let source = laid.open(fixture, 2).await?;
        let tables = source.tables();
        for size in sizes {
            for read in read_everything(&source, 2, size).await? {
                let mut last = Some(read.split.bytes.as_slice());
                for emission in &read.emissions {
                    if let Err(what) = inspect(&emission.batch, &tables, size) {
                        findings.fail(format!("split {}: {what}", read.split.id));
                        return Ok(());
                    }
                    if emission.position.is_some() && emission.position.as_deref() == last {
                        findings.fail(format!(
                            "split {}: the position after a batch of {} rows is that before it",
                            read.split.id,
                            emission.batch.num_rows()
                        ));
                        return Ok(());
                    }
                    last = emission.position.as_deref().or(last);
                }
            }
        }
    }
    Ok(())
}

fn inspect(batch: &Batch, tables: &[Arc<CatalogTable>], size: BatchSize) -> Result<(), String> {
    let table = batch.table();
    if !tables.iter().any(|announced| Arc::ptr_eq(announced, table)) {
        return Err(format!(
            "a batch carries a table {} that is not the announced one",
            table.path()
        ));
    }
    let (schema, expected) = (batch.records().schema(), table.arrow_schema());
    if schema.fields() != expected.fields() {
        let differs = schema.fields().iter().zip(expected.fields());
        let mut differs = differs.filter(|(came, expected)| came != expected);
        return Err(match differs.next() {
            Some((came, expected)) => {
                format!("a batch has the field {came:?}, its table {expected:?}")
            }
            None => "a batch has another number of columns than its table".to_owned(),
        });
    }
    let (rows, bytes) = (batch.num_rows(), batch.num_bytes());
    if rows == 0 {
        return Err("a batch without rows was handed over".to_owned());
    }
    if rows > size.rows {
        return Err(format!(
            "a batch has {rows} rows, asked for are {}",
            size.rows
        ));
    }
    if rows > 1 && bytes > ABOUT * size.bytes {
        return Err(format!(
            "a batch has {bytes} bytes, asked for are {}",
            size.bytes
        ));
    }
    for (column, values) in table.columns().iter().zip(batch.records().columns()) {
        if !column.nullable && values.null_count() > 0 {
            return Err(format!(
                "column {} has nulls and is announced to have none",
                column.name
            ));
        }
        if let Err(error) = values.to_data().validate_full() {
            return Err(format!("column {} is damaged: {error}", column.name));
        }
    }
    Ok(())
}
