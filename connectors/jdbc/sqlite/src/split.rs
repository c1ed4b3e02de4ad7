//! What one reader works on alone: a part of a table or of a query.
//!
//! Ordinary tables are divided by ranges of their rowid, which every row has, which is never null,
//! and which their b-tree is sorted by; a `partition_column` is divided by ranges if it holds
//! numbers and by a hash otherwise. Ranges are half open and the first and the last have no end
//! unless a bound was given, so that rows between, before and after are all read. Null belongs to
//! the first part.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use seatunnel_api::{DataType, Split, State};
use serde::{Deserialize, Serialize};

use crate::read::Part;

/// A part of a table or query, and how far it has been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SqliteSplit {
    /// Which of the source's tables.
    pub(crate) table: usize,
    /// Which part of it.
    pub(crate) number: usize,
    /// What belongs to it.
    pub(crate) range: Range,
    /// The last rowid read, where rows are read by rowid.
    pub(crate) after: Option<i64>,
    /// Rows read.
    pub(crate) rows: u64,
}

impl State for SqliteSplit {}

impl Split for SqliteSplit {
    fn id(&self) -> String {
        format!("{}-{}", self.table, self.number)
    }
}

/// Which rows belong to a split. Bounds are SQL literals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Range {
    /// All.
    All,
    /// Those whose rowid is at least `from` and less than `until`.
    Rowid {
        from: Option<i64>,
        until: Option<i64>,
    },
    /// Those whose key is at least `from` and less than `until`, or at most `up_to`.
    Key {
        from: Option<String>,
        until: Option<String>,
        up_to: Option<String>,
        with_null: bool,
    },
    /// Those whose key has the hash `index` of `count`.
    Hash { index: usize, count: usize },
}

/// What divides a table or query.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// Nothing: one split.
    None,
    /// The rowid, under this name.
    Rowid(&'static str),
    /// A column.
    Column {
        /// Its quoted name.
        name: String,
        /// Its type.
        data_type: DataType,
        /// Into how many parts; by `split_size` if not given.
        parts: Option<usize>,
        /// Smallest value to read.
        lower: Option<Number>,
        /// Largest value to read.
        upper: Option<Number>,
    },
}

/// A bound of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    Real(f64),
}

impl Number {
    /// Reads a bound as a job file has it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().map(Self::Integer).ok().or_else(|| {
            let real = text.parse::<f64>().ok().filter(|f| f.is_finite())?;
            Some(Self::Real(real))
        })
    }

    fn literal(self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => format!("{number:?}"),
        }
    }
}

/// Splits of one table never become more than this, however far apart its keys are.
const MOST_SPLITS: i128 = 1_000;
/// The name of the hash in SQL.
const HASH: &str = "seatunnel_hash";

/// Divides a table or query.
pub(crate) fn plan(
    connection: &Connection,
    part: &Part,
    split_size: u64,
    parallelism: usize,
) -> rusqlite::Result<Vec<Range>> {
    match &part.key {
        Key::None => Ok(vec![Range::All]),
        Key::Rowid(name) => {
            let (min, max) = bounds(connection, part, name, true)?;
            let (Value::Integer(min), Value::Integer(max)) = (min, max) else {
                return Ok(vec![Range::All]);
            };
            let cuts = integer_cuts(min, max, by_size(min, max, split_size));
            Ok(ranges(&cuts)
                .map(|(from, until)| Range::Rowid {
                    from: from.copied(),
                    until: until.copied(),
                })
                .collect())
        }
        Key::Column {
            name,
            data_type,
            parts,
            lower,
            upper,
        } => {
            let numeric = !matches!(data_type, DataType::String | DataType::Bytes);
            let (min, max) = match (lower, upper) {
                (Some(lower), Some(upper)) => (to_value(*lower), to_value(*upper)),
                _ if numeric => {
                    let (min, max) = bounds(connection, part, name, part.query.is_none())?;
                    (lower.map_or(min, to_value), upper.map_or(max, to_value))
                }
                _ => (Value::Null, Value::Null),
            };
            let count = |by_size: i128| parts.map_or(by_size, |parts| parts as i128);
            let cuts: Vec<Number> = match (&min, &max) {
                (Value::Integer(min), Value::Integer(max)) => {
                    let (min, max) = (*min, *max);
                    let by_size = if part.query.is_none() {
                        by_size(min, max, split_size)
                    } else {
                        parallelism as i128
                    };
                    integer_cuts(min, max, count(by_size))
                        .into_iter()
                        .map(Number::Integer)
                        .collect()
                }
                (Value::Integer(_) | Value::Real(_), Value::Integer(_) | Value::Real(_))
                    if numeric =>
                {
                    let (min, max) = (to_real(&min), to_real(&max));
                    let count = count(parallelism as i128).clamp(1, MOST_SPLITS) as usize;
                    real_cuts(min, max, count)
                }
                _ if numeric => Vec::new(),
                _ => {
                    let count = count(parallelism as i128).clamp(1, MOST_SPLITS) as usize;
                    return Ok(match count {
                        1 => vec![Range::All],
                        _ => (0..count)
                            .map(|index| Range::Hash { index, count })
                            .collect(),
                    });
                }
            };
            let last = cuts.len();
            Ok(ranges(&cuts)
                .enumerate()
                .map(|(index, (from, until))| Range::Key {
                    from: match index {
                        0 => lower.map(Number::literal),
                        _ => from.map(|n| n.literal()),
                    },
                    until: until.map(|n| n.literal()),
                    up_to: upper.filter(|_| index == last).map(Number::literal),
                    with_null: index == 0,
                })
                .collect())
        }
    }
}

fn to_value(number: Number) -> Value {
    match number {
        Number::Integer(number) => Value::Integer(number),
        Number::Real(number) => Value::Real(number),
    }
}

fn to_real(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        _ => 0.0,
    }
}

/// Smallest and largest key. Asked for one by one where there may be an index to answer from.
fn bounds(
    connection: &Connection,
    part: &Part,
    key: &str,
    one_by_one: bool,
) -> rusqlite::Result<(Value, Value)> {
    let from = &part.from;
    let sql = if one_by_one {
        format!("SELECT (SELECT min({key}) FROM {from}), (SELECT max({key}) FROM {from})")
    } else {
        format!("SELECT min({key}), max({key}) FROM {from}")
    };
    connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn by_size(min: i64, max: i64, split_size: u64) -> i128 {
    let width = i128::from(max) - i128::from(min) + 1;
    (width + i128::from(split_size) - 1) / i128::from(split_size.max(1))
}

/// Where to cut `min..=max` into `count` even ranges, about.
fn integer_cuts(min: i64, max: i64, count: i128) -> Vec<i64> {
    let width = (i128::from(max) - i128::from(min) + 1).max(1);
    let count = count.clamp(1, MOST_SPLITS).min(width);
    let step = (width + count - 1) / count;
    (1..count)
        .map(|i| i128::from(min) + i * step)
        .filter(|cut| *cut <= i128::from(max))
        .map(|cut| cut as i64)
        .collect()
}

fn real_cuts(min: f64, max: f64, count: usize) -> Vec<Number> {
    let step = (max - min) / count as f64;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let mut cuts: Vec<f64> = (1..count).map(|i| min + step * i as f64).collect();
    cuts.dedup();
    cuts.into_iter().map(Number::Real).collect()
}

/// The ranges between cuts: before the first, between, after the last.
fn ranges<T>(cuts: &[T]) -> impl Iterator<Item = (Option<&T>, Option<&T>)> {
    (0..=cuts.len()).map(|i| (i.checked_sub(1).and_then(|i| cuts.get(i)), cuts.get(i)))
}

/// The condition that a split's rows fulfil; none if all do.
pub(crate) fn predicate(split: &SqliteSplit, key: &Key) -> Option<String> {
    let mut terms = Vec::new();
    match (&split.range, key) {
        (Range::Rowid { from, until }, Key::Rowid(name)) => {
            match (split.after, from) {
                (Some(after), _) => terms.push(format!("{name} > {after}")),
                (None, Some(from)) => terms.push(format!("{name} >= {from}")),
                (None, None) => {}
            }
            terms.extend(until.map(|until| format!("{name} < {until}")));
        }
        (Range::All, Key::Rowid(name)) => {
            terms.extend(split.after.map(|after| format!("{name} > {after}")));
        }
        (
            Range::Key {
                from,
                until,
                up_to,
                with_null,
            },
            Key::Column { name, .. },
        ) => {
            terms.extend(from.iter().map(|bound| format!("{name} >= {bound}")));
            terms.extend(until.iter().map(|bound| format!("{name} < {bound}")));
            terms.extend(up_to.iter().map(|bound| format!("{name} <= {bound}")));
            if *with_null && !terms.is_empty() {
                return Some(format!("({} OR {name} IS NULL)", terms.join(" AND ")));
            }
        }
        (Range::Hash { index, count }, Key::Column { name, .. }) => {
            terms.push(format!("{HASH}({name}) % {count} = {index}"));
        }
        _ => {}
    }
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// Makes the hash known to a connection. Values that are equal have the same hash; null has 0.
pub(crate) fn register_hash(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(HASH, 1, flags, |context| {
        let hash = match context.get_raw(0) {
            ValueRef::Null => 0,
            ValueRef::Integer(number) => crc32fast::hash(&number.to_le_bytes()),
            ValueRef::Real(number) => crc32fast::hash(&number.to_bits().to_le_bytes()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => crc32fast::hash(bytes),
        };
        Ok(i64::from(hash))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_divide_any_range_without_overflow() {
        assert_eq!(integer_cuts(0, 9, 3), [4, 8]);
        assert_eq!(integer_cuts(5, 5, 4), [] as [i64; 0]);
        assert_eq!(integer_cuts(i64::MIN, i64::MAX, 2), [0]);
        assert_eq!(by_size(i64::MIN, i64::MAX, 1), 1 << 64);
        assert!(integer_cuts(i64::MIN, i64::MAX, 1 << 64).len() < 1_000);
        assert_eq!(real_cuts(0.0, 1.0, 2), [Number::Real(0.5)]);
        assert!(real_cuts(1.0, 1.0, 2).is_empty());
    }

    #[test]
    fn bounds_are_numbers() {
        assert_eq!(Number::parse("12"), Some(Number::Integer(12)));
        assert_eq!(Number::parse("-1.5"), Some(Number::Real(-1.5)));
        assert_eq!(Number::parse("1; DROP TABLE t"), None);
    }
}
