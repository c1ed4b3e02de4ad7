//! Changes of rows reduced to the last one of each key.
//!
//! What stands at the end is all that counts where a row replaces the one of its key as a whole: then
//! the changes of some batches become rows to delete and rows to put, which go by bulk.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_row::{RowConverter, SortField};
use seatunnel_api::{Batch, Result, RowKind};

use super::form::Form;
use super::plan::Plan;

/// Rows by their place: batch and row in it.
pub(crate) type Place = (usize, usize);

/// What is left of the changes of some batches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    /// Rows whose keys are to be deleted, in order.
    pub(crate) deletes: Vec<Place>,
    /// Rows to put, in order.
    pub(crate) puts: Vec<Place>,
}

/// Folds batches; none where that could change the result, so that each change must be applied in turn.
///
/// # Errors
/// If keys can't be compared: a bug.
pub(crate) fn fold(plan: &Plan, batches: &[Batch]) -> Result<Option<Folded>> {
    if !plan.folds || !batches.iter().all(|batch| comparable(plan, batch)) {
        return Ok(None);
    }
    let place = |key: &usize| plan.fields[*key].place;
    let types = plan.table.columns();
    let sort = plan
        .keys
        .iter()
        .map(|key| SortField::new(types[place(key)].data_type.to_arrow()))
        .collect();
    let converter = RowConverter::new(sort)?;
    let mut keys = Vec::with_capacity(batches.len());
    for batch in batches {
        let columns: Vec<_> = plan
            .keys
            .iter()
            .map(|key| batch.records().column(place(key)).clone())
            .collect();
        keys.push(converter.convert_columns(&columns)?);
    }
    let rows: usize = batches.iter().map(Batch::num_rows).sum();
    let mut last: HashMap<&[u8], (Place, bool)> = HashMap::with_capacity(rows);
    for (index, (batch, keys)) in batches.iter().zip(&keys).enumerate() {
        for row in 0..batch.num_rows() {
            let puts = match batch.kinds().get(row) {
                RowKind::Insert | RowKind::UpdateAfter => true,
                RowKind::UpdateBefore if !plan.keys_change => continue,
                RowKind::UpdateBefore | RowKind::Delete => false,
            };
            last.insert(keys.row(row).data(), ((index, row), puts));
        }
    }
    let mut folded = Folded::default();
    for (place, puts) in last.into_values() {
        match puts {
            true => folded.puts.push(place),
            false => folded.deletes.push(place),
        }
    }
    folded.deletes.sort_unstable();
    folded.puts.sort_unstable();
    Ok(Some(folded))
}

/// Whether keys that differ in their bytes differ for the server too, and none is null.
fn comparable(plan: &Plan, batch: &Batch) -> bool {
    plan.keys.iter().all(|key| {
        let field = &plan.fields[*key];
        let column = batch.records().column(field.place);
        column.null_count() == 0
            && (field.exact
                || (field.form == Form::Text && plain(column.as_string::<i32>().iter())))
    })
}

/// Whether no collation takes two of these texts for the same: printable ASCII in one case, with no
/// blank at the end.
fn plain<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> bool {
    let (mut small, mut capital) = (false, false);
    for text in texts.flatten() {
        let bytes = text.as_bytes();
        if bytes.last() == Some(&b' ') {
            return false;
        }
        for byte in bytes {
            match byte {
                b'a'..=b'z' => small = true,
                b'A'..=b'Z' => capital = true,
                b' '..=b'~' => {}
                _ => return false,
            }
        }
    }
    !(small && capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_collations_may_take_for_the_same_are_told() {
        let all = |texts: &[&str]| plain(texts.iter().map(|t| Some(*t)));
        assert!(all(&["abc-1", "b_2", ""]));
        assert!(all(&["ABC-1", "B2"]));
        assert!(!all(&["abc", "ABC"]));
        assert!(!all(&["a "]));
        assert!(!all(&["é"]));
        assert!(!all(&["a\u{1}"]));
    }
}
