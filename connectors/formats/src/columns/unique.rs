//! Values that are kept and values that are dropped: keys of maps that come several times.

use std::ops::Range;

use arrow_buffer::NullBufferBuilder;

use super::Column;
use super::parts::{Fixed, Variable};

impl Column {
    /// Whether a value comes twice behind `from`. For keys of maps.
    pub(super) fn repeats(&self, from: usize) -> bool {
        let rows = self.len();
        // Most maps are so small that comparing all pairs is quicker than a set.
        match rows - from {
            0 | 1 => false,
            2..=16 => (from..rows).any(|a| (a + 1..rows).any(|b| self.same(a, b))),
            _ => self.last_of_each(from).len() < rows - from,
        }
    }

    /// The rows behind `from` that hold the last of equal values, in their order.
    pub(super) fn last_of_each(&self, from: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (from..self.len()).collect();
        rows.sort_by(|a, b| self.order(*a, *b).then(a.cmp(b)));
        let mut keep: Vec<usize> = Vec::with_capacity(rows.len());
        for row in rows {
            match keep.last_mut() {
                Some(last) if self.same(*last, row) => *last = row,
                _ => keep.push(row),
            }
        }
        keep.sort_unstable();
        keep
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.order(a, b).is_eq()
    }

    /// Types that are no keys of messages are all different.
    fn order(&self, a: usize, b: usize) -> std::cmp::Ordering {
        match self {
            Self::Boolean(c) => c.values[a].cmp(&c.values[b]),
            Self::I8(c) => c.values[a].cmp(&c.values[b]),
            Self::I16(c) => c.values[a].cmp(&c.values[b]),
            Self::I32(c) => c.values[a].cmp(&c.values[b]),
            Self::I64(c) => c.values[a].cmp(&c.values[b]),
            Self::Text(c) | Self::Bytes(c) => c.value(a).cmp(c.value(b)),
            _ => a.cmp(&b),
        }
    }

    /// Keeps only these of the rows behind `from`, which come in ascending order.
    pub(super) fn keep(&mut self, from: usize, rows: &[usize]) {
        fn pick<T: Copy + Default>(c: &mut Fixed<T>, from: usize, rows: &[usize]) {
            for (to, row) in (from..).zip(rows) {
                c.values[to] = c.values[*row];
                let valid = c.nulls.is_valid(*row);
                if valid != c.nulls.is_valid(to) {
                    c.nulls.set_bit(to, valid);
                }
            }
            c.truncate(from + rows.len());
        }
        match self {
            Self::Null(have) => *have = from + rows.len(),
            Self::Boolean(c) => pick(c, from, rows),
            Self::I8(c) => pick(c, from, rows),
            Self::I16(c) => pick(c, from, rows),
            Self::I32(c) => pick(c, from, rows),
            Self::I64(c) => pick(c, from, rows),
            Self::F32(c) => pick(c, from, rows),
            Self::F64(c) => pick(c, from, rows),
            Self::Decimal128(c) => pick(c, from, rows),
            Self::Decimal256(c) => pick(c, from, rows),
            Self::Text(c) | Self::Bytes(c) => c.keep(from, rows),
            Self::List(c) => {
                let spans: Vec<_> = rows.iter().map(|r| span(&c.ends, *r)).collect();
                let start = span(&c.ends, from).start;
                let items: Vec<usize> = spans.iter().cloned().flatten().collect();
                c.items.keep(start, &items);
                refit(&mut c.ends, &mut c.nulls, from, rows, start, &spans);
            }
            Self::Map(c) => {
                let spans: Vec<_> = rows.iter().map(|r| span(&c.ends, *r)).collect();
                let start = span(&c.ends, from).start;
                let items: Vec<usize> = spans.iter().cloned().flatten().collect();
                c.keys.keep(start, &items);
                c.values.keep(start, &items);
                refit(&mut c.ends, &mut c.nulls, from, rows, start, &spans);
            }
            Self::Row(c) => {
                for field in &mut c.fields {
                    field.keep(from, rows);
                }
                let valid: Vec<bool> = rows.iter().map(|r| c.nulls.is_valid(*r)).collect();
                c.nulls.truncate(from);
                c.nulls.append_slice(&valid);
            }
            Self::Vector(c) => {
                for (to, row) in (from..).zip(rows) {
                    let (to, row) = (to * c.dimension, row * c.dimension);
                    c.values.copy_within(row..row + c.dimension, to);
                }
                let valid: Vec<bool> = rows.iter().map(|r| c.nulls.is_valid(*r)).collect();
                c.nulls.truncate(from);
                c.nulls.append_slice(&valid);
                c.values.truncate(c.nulls.len() * c.dimension);
            }
        }
    }
}

impl Variable {
    fn value(&self, row: usize) -> &[u8] {
        &self.bytes[span(&self.ends, row)]
    }

    fn keep(&mut self, from: usize, rows: &[usize]) {
        let spans: Vec<_> = rows.iter().map(|r| span(&self.ends, *r)).collect();
        let start = span(&self.ends, from).start;
        let mut at = start;
        for span in &spans {
            self.bytes.copy_within(span.clone(), at);
            at += span.len();
        }
        self.bytes.truncate(at);
        refit(&mut self.ends, &mut self.nulls, from, rows, start, &spans);
    }
}

/// Where the items of a row lie.
fn span(ends: &[usize], row: usize) -> Range<usize> {
    let start = if row == 0 { 0 } else { ends[row - 1] };
    start..ends[row]
}

/// Ends and nulls of the rows that were kept.
fn refit(
    ends: &mut Vec<usize>,
    nulls: &mut NullBufferBuilder,
    from: usize,
    rows: &[usize],
    start: usize,
    spans: &[Range<usize>],
) {
    let valid: Vec<bool> = rows.iter().map(|r| nulls.is_valid(*r)).collect();
    nulls.truncate(from);
    nulls.append_slice(&valid);
    ends.truncate(from);
    let mut at = start;
    for span in spans {
        at += span.len();
        ends.push(at);
    }
}
