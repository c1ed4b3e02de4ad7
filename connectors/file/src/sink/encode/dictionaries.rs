//! Which columns of a Parquet file get a dictionary.

use std::collections::HashSet;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_row::{RowConverter, SortField};
use seatunnel_api::column_bytes;

/// Rows that are looked at.
const SAMPLE: usize = 4_096;
/// Values that must be there to say something.
const LEAST: usize = 64;
/// Values seen again without which nothing is said of how many there are.
const SEEN_AGAIN: usize = 8;
/// Bytes that a column's dictionary may have: beyond them its values are written one by one.
pub(super) const DICTIONARY_BYTES: usize = 2 * 1024 * 1024;

/// Decides from the first rows for each column whether a dictionary pays; a row group has about `group` bytes.
///
/// Where half of the values are there twice, it does. Texts are long enough for a dictionary to be quicker than to compress
/// each value, and smaller, as soon as a row group has each value twice. How many different ones there are is told by how many
/// are seen again: of `n` values, each drawn from `d`, about `n² / 2d`. Nested columns always get one.
pub(super) fn that_pay(records: &RecordBatch, group: usize) -> Vec<bool> {
    let bytes: usize = records.columns().iter().map(column_bytes).sum();
    let row = bytes / records.num_rows().max(1);
    let in_group = group / row.max(1);
    let pays = |column: &ArrayRef| pays(column, in_group);
    records.columns().iter().map(pays).collect()
}

fn pays(column: &ArrayRef, in_group: usize) -> bool {
    let rows = column.len().min(SAMPLE);
    let sample = column.slice(0, rows);
    let present = rows - sample.logical_null_count();
    if present < LEAST || column.data_type().is_nested() {
        return true;
    }
    let Some(distinct) = distinct(&sample, rows > present) else {
        return true;
    };
    if distinct * 2 <= present {
        return true;
    }
    let again = present - distinct;
    if column.data_type().primitive_width().is_some() || again < SEEN_AGAIN {
        return false;
    }
    let all = present * present / (2 * again);
    let present_in_group = in_group * present / rows;
    all * 2 <= present_in_group && all * (column_bytes(&sample) / present) <= DICTIONARY_BYTES
}

/// How many different values there are besides null; none if they can't be compared.
fn distinct(values: &ArrayRef, has_null: bool) -> Option<usize> {
    let fields = vec![SortField::new(values.data_type().clone())];
    let rows = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(std::slice::from_ref(values)))
        .ok()?;
    let distinct: HashSet<_> = rows.iter().collect();
    Some(distinct.len() - usize::from(has_null))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Int64Array, StringArray};

    use super::*;

    /// Rows of a group of 32 MiB, some 200 bytes each.
    const IN_GROUP: usize = 160_000;

    /// Values drawn from so many.
    fn texts(of: u64, length: usize) -> ArrayRef {
        let values = drawn(of).map(|n| format!("{n:0length$}"));
        Arc::new(StringArray::from_iter_values(values))
    }

    fn drawn(of: u64) -> impl Iterator<Item = u64> {
        let mut state = 7_u64;
        (0..SAMPLE).map(move |_| {
            // A generator of Lehmer's, whose upper half is good enough.
            state = state.wrapping_mul(0xda94_2042_e4dd_58b5);
            ((state >> 32) * of) >> 32
        })
    }

    #[test]
    fn texts_that_a_row_group_has_several_times_get_one() {
        assert!(pays(&texts(100, 20), IN_GROUP));
        assert!(pays(&texts(30_000, 20), IN_GROUP));
        assert!(
            !pays(&texts(30_000, 20), 40_000),
            "too few rows to see them twice"
        );
        assert!(
            !pays(&texts(30_000, 200), IN_GROUP),
            "too large a dictionary"
        );
        assert!(
            !pays(&texts(u64::from(u32::MAX), 20), IN_GROUP),
            "no value comes twice"
        );
    }

    #[test]
    fn nulls_do_not_count() {
        let rare = |values: ArrayRef| {
            let absent: BooleanArray = drawn(5).map(|n| Some(n == 0)).collect();
            arrow_select::nullif::nullif(&values, &absent).unwrap()
        };
        let unique = texts(u64::from(u32::MAX), 20);
        let with_nulls = rare(unique);
        assert!(with_nulls.null_count() > SAMPLE / 10);
        assert!(!pays(&with_nulls, IN_GROUP));
        assert!(pays(&rare(texts(30_000, 20)), IN_GROUP));
        let numbers: Int64Array = (0..SAMPLE as i64).map(|n| (n > 0).then_some(n)).collect();
        assert!(!pays(&(Arc::new(numbers) as ArrayRef), IN_GROUP));
    }

    #[test]
    fn rows_of_a_slice_are_as_long_as_those_of_the_whole() {
        let whole = texts(30_000, 20);
        let of = |values: ArrayRef| RecordBatch::try_from_iter([("text", values)]).unwrap();
        let group = 60_000 * 30;
        assert_eq!(that_pay(&of(whole.clone()), group), [true]);
        assert_eq!(that_pay(&of(whole.slice(0, 2_048)), group), [true]);
    }

    #[test]
    fn numbers_get_one_where_half_of_them_come_twice() {
        let numbers =
            |of| -> ArrayRef { Arc::new(drawn(of).map(|n| n as i64).collect::<Int64Array>()) };
        assert!(pays(&numbers(1_000), IN_GROUP));
        assert!(!pays(&numbers(30_000), IN_GROUP));
    }
}
