//! Which columns of a Parquet file get a dictionary.

use std::collections::HashSet;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_row::{RowConverter, SortField};
use seatunnel_api::column_bytes;

/// Rows that are looked at.
const SAMPLE: usize = 4_096;
/// Values that must be there to say something.
const LEAST: usize = 64;
/// Values of the second half seen again without which nothing is said of how many there are.
const SEEN_AGAIN: usize = 8;
/// Bytes that a column's dictionary may have: beyond them its values are written one by one.
pub(super) const DICTIONARY_BYTES: usize = 2 * 1024 * 1024;

/// Decides from the first rows for each column whether a dictionary pays; a row group has about `group` bytes.
///
/// Where half of the values are there twice, it does. Texts are long enough for a dictionary to be quicker than to compress
/// each value, and smaller, as soon as a row group has each value twice. How many different ones there are is told by how many
/// of the sample's second half are seen again, those of the first half: of `n` values drawn from `d`, beside `m`, about
/// `m · n / d`. Values that only lie beside each other don't count. Nested columns always get one.
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
    let Some(seen) = seen(&sample) else {
        return true;
    };
    if seen.distinct * 2 <= present {
        return true;
    }
    if column.data_type().primitive_width().is_some() || seen.again < SEEN_AGAIN {
        return false;
    }
    let all = seen.before * (present - seen.before) / seen.again;
    let present_in_group = in_group * present / rows;
    all * 2 <= present_in_group && all * (column_bytes(&sample) / present) <= DICTIONARY_BYTES
}

/// What values are like, besides null.
struct Seen {
    /// How many different ones there are.
    distinct: usize,
    /// How many there are in the first half.
    before: usize,
    /// How many of the second half are in the first, too.
    again: usize,
}

/// Looks at values; none if they can't be compared.
fn seen(values: &ArrayRef) -> Option<Seen> {
    let fields = vec![SortField::new(values.data_type().clone())];
    let rows = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(std::slice::from_ref(values)))
        .ok()?;
    let nulls = values.logical_nulls();
    let half = values.len() / 2;
    let (mut first, mut second) = (HashSet::new(), HashSet::new());
    let (mut before, mut again) = (0, 0);
    for (place, row) in rows.iter().enumerate() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(place)) {
            continue;
        }
        if place < half {
            before += 1;
            first.insert(row);
        } else if first.contains(&row) {
            again += 1;
        } else {
            second.insert(row);
        }
    }
    let distinct = first.len() + second.len();
    Some(Seen {
        distinct,
        before,
        again,
    })
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
    fn values_that_lie_beside_each_other_come_only_once() {
        // Two of three are there twice, and never again.
        let sorted = (0..SAMPLE).map(|n| format!("{:020}", n * 3 / 5));
        let sorted: ArrayRef = Arc::new(StringArray::from_iter_values(sorted));
        assert!(!pays(&sorted, IN_GROUP));
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
