//! What is left to do of the rows kept back, by key.
//!
//! Of several rows of a key only the last state counts where a row replaces the row of its key. Where
//! rows are inserted, none may be left out; they are divided into steps instead, so that within one
//! step all deletes can come before all puts.

use std::collections::HashMap;

use arrow_array::{Array, ArrayRef};
use arrow_row::{RowConverter, Rows, SortField};
use seatunnel_api::{Batch, Error, Result, RowKind};
use seatunnel_jdbc_core::errors;

/// Which step each row of some batches belongs to. In step `2n` rows are deleted, in `2n + 1` put.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// For each batch and row; [`SKIP`] where nothing is to be done.
    pub(crate) of: Vec<Vec<i32>>,
    /// How many steps there are.
    pub(crate) count: i32,
    /// Whether a row is deleted whose key has a null.
    pub(crate) deletes_null: bool,
}

/// The step of rows that are left out.
pub(crate) const SKIP: i32 = -1;
/// The first step that puts.
pub(crate) const PUT: i32 = 1;

/// How rows are folded.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    /// Places of the key's columns in the rows.
    pub(crate) keys: Vec<usize>,
    /// Whether a row replaces the row of its key.
    pub(crate) replaces: bool,
    /// Whether an update may change the key.
    pub(crate) keys_change: bool,
}

impl Fold {
    /// Divides rows into steps.
    ///
    /// # Errors
    /// If a row is to be deleted and there is no key.
    pub(crate) fn steps(&self, batches: &[Batch]) -> Result<Steps> {
        let plain = batches.iter().all(|batch| batch.kinds().all_puts());
        if plain && !self.replaces {
            return Ok(Steps {
                of: batches.iter().map(|b| vec![PUT; b.num_rows()]).collect(),
                count: PUT + 1,
                deletes_null: false,
            });
        }
        if self.keys.is_empty() {
            return Err(no_key(batches));
        }
        let keys: Vec<Rows> = self.encoded_keys(batches)?;
        let mut steps = Steps {
            of: batches.iter().map(|b| vec![SKIP; b.num_rows()]).collect(),
            count: PUT + 1,
            deletes_null: false,
        };
        let rows: usize = batches.iter().map(Batch::num_rows).sum();
        // Where the last state of each key is; when inserting, of those put in this step.
        let mut last: HashMap<&[u8], (usize, usize)> = HashMap::with_capacity(rows);
        let mut first_of_step = 0;
        for (index, batch) in batches.iter().enumerate() {
            let columns = batch.records().columns();
            let has_nulls = self.keys.iter().any(|k| columns[*k].null_count() > 0);
            for row in 0..batch.num_rows() {
                let put = match batch.kinds().get(row) {
                    RowKind::Insert | RowKind::UpdateAfter => true,
                    RowKind::UpdateBefore if self.replaces && !self.keys_change => continue,
                    RowKind::UpdateBefore | RowKind::Delete => false,
                };
                let null = has_nulls && self.keys.iter().any(|k| columns[*k].is_null(row));
                // A key with a null is no other row's key.
                let key = (!null).then(|| keys[index].row(row).data());
                steps.deletes_null |= null && !put;
                if self.replaces {
                    if let Some((b, r)) = key.and_then(|key| last.insert(key, (index, row))) {
                        steps.of[b][r] = SKIP;
                    }
                } else if put {
                    if let Some(key) = key {
                        last.insert(key, (index, row));
                    }
                } else if null || key.is_some_and(|key| last.contains_key(key)) {
                    first_of_step += 2;
                    last.clear();
                }
                steps.of[index][row] = first_of_step + i32::from(put);
            }
        }
        steps.count = first_of_step + PUT + 1;
        Ok(steps)
    }

    fn encoded_keys(&self, batches: &[Batch]) -> Result<Vec<Rows>> {
        let columns_of = |batch: &Batch| -> Vec<ArrayRef> {
            let columns = batch.records().columns();
            self.keys.iter().map(|k| columns[*k].clone()).collect()
        };
        let Some(first) = batches.first() else {
            return Ok(Vec::new());
        };
        let fields = columns_of(first)
            .iter()
            .map(|c| SortField::new(c.data_type().clone()))
            .collect();
        let converter = RowConverter::new(fields)?;
        batches
            .iter()
            .map(|batch| Ok(converter.convert_columns(&columns_of(batch))?))
            .collect()
    }
}

fn no_key(batches: &[Batch]) -> Error {
    let kind = batches.iter().find_map(|batch| {
        (0..batch.num_rows())
            .map(|row| batch.kinds().get(row))
            .find(|kind| matches!(kind, RowKind::UpdateBefore | RowKind::Delete))
    });
    let kind = kind.unwrap_or(RowKind::Delete);
    Error::new(
        errors::ROW_KIND,
        format!("a row of kind {kind} can't be applied without a key"),
    )
    .with_help("set generate_sink_sql = true and primary_keys")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seatunnel_api::{
        BatchBuilder, CatalogTable, Column, DataType, TablePath, TableSchema, Value,
    };

    use super::*;

    fn batch(rows: &[(RowKind, Option<i32>)]) -> Batch {
        let columns = vec![Column::new("k", DataType::Int)];
        let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        for (kind, key) in rows {
            let value = key.map_or(Value::Null, Value::Int);
            builder.push(*kind, &[value]).unwrap();
        }
        builder.finish()
    }

    fn steps(replaces: bool, keys_change: bool, batches: &[Batch]) -> Steps {
        let fold = Fold {
            keys: vec![0],
            replaces,
            keys_change,
        };
        fold.steps(batches).unwrap()
    }

    use RowKind::{Delete as D, Insert as I, UpdateAfter as A, UpdateBefore as B};

    #[test]
    fn of_a_key_the_last_state_counts_across_batches() {
        let batches = [
            batch(&[(I, Some(1)), (I, Some(2)), (B, Some(2)), (A, Some(3))]),
            batch(&[(D, Some(1)), (I, Some(4)), (D, Some(4)), (I, Some(4))]),
        ];
        let folded = steps(true, true, &batches);
        assert_eq!(folded.of[0], [SKIP, SKIP, 0, 1]);
        assert_eq!(folded.of[1], [0, SKIP, SKIP, 1]);
        assert_eq!(folded.count, 2);
    }

    #[test]
    fn rows_before_an_update_are_left_out_where_keys_never_change() {
        let batches = [batch(&[(B, Some(2)), (A, Some(3)), (D, Some(5))])];
        assert_eq!(steps(true, false, &batches).of[0], [SKIP, 1, 0]);
    }

    #[test]
    fn inserted_rows_all_stay_and_deletes_wait_for_their_step() {
        let batches = [batch(&[
            (I, Some(1)),
            (I, Some(1)),
            (D, Some(2)),
            (D, Some(1)),
            (I, Some(1)),
            (B, Some(9)),
            (A, Some(9)),
        ])];
        let folded = steps(false, true, &batches);
        assert_eq!(folded.of[0], [1, 1, 0, 2, 3, 2, 3]);
        assert_eq!(folded.count, 4);
    }

    #[test]
    fn null_is_no_key() {
        let batches = [batch(&[(I, None), (I, None), (D, None)])];
        let folded = steps(true, true, &batches);
        assert_eq!(folded.of[0], [1, 1, 0]);
        assert!(folded.deletes_null);
    }

    #[test]
    fn without_a_key_rows_can_only_be_put() {
        let fold = Fold {
            keys: vec![],
            replaces: false,
            keys_change: true,
        };
        assert_eq!(fold.steps(&[batch(&[(I, Some(1))])]).unwrap().of[0], [1]);
        assert!(fold.steps(&[batch(&[(D, Some(1))])]).is_err());
    }
}
