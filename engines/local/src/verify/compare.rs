//! Compares the rows of both sides that were kept, key by key.

use std::collections::HashMap;

use arrow_array::Array;
use seatunnel_api::{Batch, ChangesBecome, Result, RowKind, Value};

use super::encode::key_columns;
use super::report::{Difference, DifferenceKind, ValueDifference};
use super::sink::{Kept, comes};
use super::tally::Tally;
use super::unit::Unit;

/// What was found in the rows that were kept.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) missing: u64,
    pub(crate) extra: u64,
    pub(crate) different: u64,
    /// The first ones, in the order of the key.
    pub(crate) differences: Vec<Difference>,
    /// What should be there after all changes, in their buckets.
    pub(crate) expected: Tally,
}

/// A row that was kept.
#[derive(Clone, Copy)]
struct Place<'a> {
    kept: &'a Kept,
    row: usize,
}

impl<'a> Place<'a> {
    fn key(&self) -> &'a [u8] {
        self.kept.keys.row(self.row).data()
    }

    fn hash(&self) -> u128 {
        self.kept.hashes[self.row].row
    }

    fn kind(&self) -> RowKind {
        self.kept.batch.kinds().get(self.row)
    }
}

/// Compares; `limit` differences are described.
///
/// # Errors
/// If a value can't be compared.
pub(crate) fn compare(
    unit: &Unit,
    expected: &[Kept],
    found: &[Kept],
    buckets: usize,
    options: CompareOptions,
) -> Result<Found> {
    let mut result = Found {
        missing: 0,
        extra: 0,
        different: 0,
        differences: Vec::new(),
        expected: Tally::new(buckets),
    };
    let expected = sorted(expected);
    let found = sorted(found);
    let (mut expected, mut found) = (&expected[..], &found[..]);
    loop {
        let key = match (expected.first(), found.first()) {
            (Some(a), Some(b)) => a.key().min(b.key()),
            (Some(one), None) | (None, Some(one)) => one.key(),
            (None, None) => break,
        };
        let events = group(&mut expected, key);
        let there = group(&mut found, key);
        let should = remaining(unit, events, there);
        for place in &should {
            let hash = place.kept.hashes[place.row];
            let bucket = hash.key as usize & (buckets - 1);
            result.expected.add(bucket, hash.row, true);
        }
        result.add(unit, &should, there, options)?;
    }
    Ok(result)
}

/// What is described.
#[derive(Clone, Copy)]
pub(crate) struct CompareOptions {
    pub(crate) differences: usize,
    pub(crate) allow_extra: bool,
}

/// Rows by key, those of a key in the order they came in.
fn sorted(kept: &[Kept]) -> Vec<Place<'_>> {
    let rows = kept.iter().flat_map(|kept| {
        let rows = 0..kept.batch.num_rows();
        rows.map(move |row| Place { kept, row })
    });
    let mut places: Vec<Place<'_>> = rows.collect();
    places.sort_by(|a, b| a.key().cmp(b.key()));
    places
}

/// Takes the rows of a key off the front.
fn group<'s, 'a>(places: &mut &'s [Place<'a>], key: &[u8]) -> &'s [Place<'a>] {
    let length = places.iter().take_while(|p| p.key() == key).count();
    let (group, rest) = places.split_at(length);
    *places = rest;
    group
}

/// The rows of a key that should be there after all its events.
fn remaining<'a>(unit: &Unit, events: &[Place<'a>], there: &[Place<'a>]) -> Vec<Place<'a>> {
    let rows_stay = unit.changes == ChangesBecome::Rows;
    // Those that came, less those that went: right whenever the halves of changes are whole.
    let mut left: Vec<Place<'a>> = Vec::with_capacity(events.len());
    for event in events {
        if rows_stay || comes(event.kind()) {
            left.push(*event);
        } else if let Some(at) = left.iter().rposition(|p| p.hash() == event.hash()) {
            left.remove(at);
        }
    }
    if !unit.folds() || same(&left, there) {
        return left;
    }
    // The last row of the key has replaced all before.
    let last = events.last();
    let last = last.filter(|event| comes(event.kind()));
    last.copied().into_iter().collect()
}

fn same(a: &[Place<'_>], b: &[Place<'_>]) -> bool {
    a.len() == b.len() && {
        let (only_a, only_b) = unmatched(a, b);
        only_a.is_empty() && only_b.is_empty()
    }
}

/// Rows that only one of both has, in their order.
fn unmatched<'a>(a: &[Place<'a>], b: &[Place<'a>]) -> (Vec<Place<'a>>, Vec<Place<'a>>) {
    let mut counts: HashMap<u128, i64> = HashMap::new();
    for place in b {
        *counts.entry(place.hash()).or_default() += 1;
    }
    let take = |counts: &mut HashMap<u128, i64>, place: &Place<'_>| {
        let left = counts.entry(place.hash()).or_default();
        *left -= 1;
        *left < 0
    };
    let only_a = a.iter().filter(|p| take(&mut counts, p)).copied();
    let only_a = only_a.collect();
    let mut counts: HashMap<u128, i64> = HashMap::new();
    for place in a {
        *counts.entry(place.hash()).or_default() += 1;
    }
    let only_b = b.iter().filter(|p| take(&mut counts, p)).copied();
    (only_a, only_b.collect())
}

impl Found {
    /// Counts and describes what differs in the rows of a key.
    fn add(
        &mut self,
        unit: &Unit,
        should: &[Place<'_>],
        there: &[Place<'_>],
        options: CompareOptions,
    ) -> Result<()> {
        let (missing, extra) = unmatched(should, there);
        let pairs = missing.len().min(extra.len());
        let describe = |found: &mut Self, place: &Place<'_>, kind| {
            if found.differences.len() < options.differences {
                let key = described_key(unit, place);
                found.differences.push(Difference { key, kind });
            }
        };
        for (a, b) in missing.iter().zip(&extra) {
            self.different += 1;
            if self.differences.len() < options.differences {
                let values = value_differences(unit, a, b)?;
                describe(self, a, DifferenceKind::Values(values));
            }
        }
        if let [first, ..] = &missing[pairs..] {
            let rows = (missing.len() - pairs) as u64;
            self.missing += rows;
            describe(self, first, DifferenceKind::Missing(rows));
        }
        if let [first, ..] = &extra[pairs..] {
            let rows = (extra.len() - pairs) as u64;
            self.extra += rows;
            if !options.allow_extra {
                describe(self, first, DifferenceKind::Extra(rows));
            }
        }
        Ok(())
    }
}

fn described_key(unit: &Unit, place: &Place<'_>) -> Vec<(String, String)> {
    let columns = unit.columns[..key_columns(unit)].iter();
    let places = columns.zip(place.kept.positions.iter());
    places
        .map(|(column, position)| {
            let value = shown(&place.kept.batch, place.row, *position);
            (column.name.clone(), value)
        })
        .collect()
}

/// The columns of two rows of a key whose values differ.
fn value_differences(unit: &Unit, a: &Place<'_>, b: &Place<'_>) -> Result<Vec<ValueDifference>> {
    let (batch_a, batch_b) = (a.kept.batch.slice(a.row, 1), b.kept.batch.slice(b.row, 1));
    let (at_a, at_b) = (&a.kept.positions, &b.kept.positions);
    let mut differences = Vec::new();
    for (index, column) in unit.columns.iter().enumerate() {
        let (mut values_a, mut values_b) = (Vec::new(), Vec::new());
        let canonical = &column.canonical;
        canonical.convert(&batch_a, at_a[index], &mut values_a)?;
        canonical.convert(&batch_b, at_b[index], &mut values_b)?;
        let mut pairs = values_a.iter().zip(&values_b);
        if pairs.any(|(a, b)| a.to_data() != b.to_data()) {
            differences.push(ValueDifference {
                column: column.name.clone(),
                expected: shown(&batch_a, 0, at_a[index]),
                found: shown(&batch_b, 0, at_b[index]),
            });
        }
    }
    Ok(differences)
}

/// The longest value that is shown whole, in characters.
const WIDEST_VALUE: usize = 60;

fn shown(batch: &Batch, row: usize, position: usize) -> String {
    let value = batch.row(row).get(position);
    let text = value.to_string();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.chars().take(WIDEST_VALUE).map(plain).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    match value {
        // Blanks at the end are seen then, and a text is no null.
        Value::String(_) => format!("\"{shown}\""),
        _ => shown,
    }
}
