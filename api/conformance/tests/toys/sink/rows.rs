//! Rows as they are written, whole or with a mistake, and as they are read back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, RecordBatch, UInt8Array};
use seatunnel_api::{Batch, BatchBuilder, CatalogTable, RowKind, RowKinds, Value};

use super::Bug;
use crate::toys::{cut, filled};

/// The columns, and the kinds as one more.
pub(super) fn pack(batch: &Batch, bug: Bug) -> RecordBatch {
    let batch = spoil(batch, bug);
    let kinds: UInt8Array = (0..batch.num_rows())
        .map(|row| Some(batch.kinds().get(row) as u8))
        .collect();
    let mut columns: Vec<(String, ArrayRef)> = batch
        .records()
        .columns()
        .iter()
        .enumerate()
        .map(|(index, column)| (format!("c{index}"), column.clone()))
        .collect();
    columns.push(("kind".to_owned(), Arc::new(kinds)));
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

pub(super) fn spoil(batch: &Batch, bug: Bug) -> Batch {
    if !matches!(
        bug,
        Bug::CutsTexts | Bug::NullBecomesEmptyText | Bug::DeletesFirst | Bug::HalfARow
    ) {
        return batch.clone();
    }
    let mut rows: Vec<(RowKind, Vec<Value>)> =
        batch.rows().map(|row| (row.kind(), row.values())).collect();
    for (_, row) in &mut rows {
        for (value, column) in row.iter_mut().zip(batch.table().columns()) {
            *value = match bug {
                Bug::CutsTexts => cut(value),
                Bug::NullBecomesEmptyText => filled(value, &column.data_type),
                _ => value.clone(),
            };
        }
        if bug == Bug::HalfARow {
            *row.last_mut().unwrap() = Value::Null;
        }
    }
    if bug == Bug::DeletesFirst {
        rows.sort_by_key(|(kind, _)| match kind {
            RowKind::Delete | RowKind::UpdateBefore => 0,
            _ => 1,
        });
    }
    let mut builder = BatchBuilder::new(batch.table().clone());
    for (kind, row) in rows {
        builder.push(kind, &row).unwrap();
    }
    builder.finish()
}

pub(super) fn unpack(
    table: &Arc<CatalogTable>,
    records: &RecordBatch,
) -> Vec<(RowKind, Vec<Value>)> {
    let width = table.columns().len();
    let kinds = records.column(width).as_primitive::<UInt8Type>();
    let kinds = kinds
        .values()
        .iter()
        .map(|b| RowKind::from_byte(*b))
        .collect();
    let columns = records.columns()[..width].to_vec();
    let records = RecordBatch::try_new(table.arrow_schema().clone(), columns).unwrap();
    let batch = Batch::new(table.clone(), records, RowKinds::from_kinds(kinds));
    batch.rows().map(|row| (row.kind(), row.values())).collect()
}
