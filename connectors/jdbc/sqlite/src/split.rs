//! What one reader works on alone: a part of a table or of a query.
//!
//! Ordinary tables are divided by ranges of their rowid, which every row has, which is never null,
//! and which their b-tree is sorted by; a `partition_column` is divided by ranges if it holds
//! numbers and by a hash otherwise.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use seatunnel_api::{DataType, Split, State};
use serde::{Deserialize, Serialize};

use seatunnel_jdbc_core::keys::{self, Number};

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

/// Which rows belong to a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Range {
    /// Those whose rowid is at least `from` and less than `until`.
    Rowid {
        from: Option<i64>,
        until: Option<i64>,
    },
    /// Those of a range of keys; of a table that is not read by rowid, all.
    Key(keys::Range),
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

/// The name of the hash in SQL.
const HASH: &str = "seatunnel_hash";

/// Divides a table or query.
pub(crate) fn plan(
    connection: &Connection,
    part: &Part,
    split_size: u64,
    parallelism: usize,
) -> rusqlite::Result<Vec<Range>> {
    let all = |ranges: Vec<keys::Range>| ranges.into_iter().map(Range::Key).collect();
    match &part.key {
        Key::None => Ok(vec![Range::Key(keys::Range::All)]),
        Key::Rowid(name) => {
            let (min, max) = bounds(connection, part, name, true)?;
            let (Value::Integer(min), Value::Integer(max)) = (min, max) else {
                return Ok(vec![Range::Key(keys::Range::All)]);
            };
            let (min, max) = (i128::from(min), i128::from(max));
            let cuts = keys::integer_cuts(min, max, by_size(min, max, split_size));
            let cuts: Vec<i64> = cuts.into_iter().map(|cut| cut as i64).collect();
            Ok((0..=cuts.len())
                .map(|index| Range::Rowid {
                    from: index.checked_sub(1).map(|before| cuts[before]),
                    until: cuts.get(index).copied(),
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
            let by_reader = parts.unwrap_or(parallelism) as u64;
            if matches!(data_type, DataType::String | DataType::Bytes) {
                return Ok(all(keys::hashes(by_reader.min(keys::MOST_SPLITS) as usize)));
            }
            let (min, max) = match (lower, upper) {
                (Some(lower), Some(upper)) => (Some(*lower), Some(*upper)),
                _ => {
                    let (min, max) = bounds(connection, part, name, part.query.is_none())?;
                    (lower.or(to_number(&min)), upper.or(to_number(&max)))
                }
            };
            let cuts: Vec<String> = match (min, max) {
                (Some(Number::Integer(min)), Some(Number::Integer(max))) => {
                    let count = match parts {
                        None if part.query.is_none() => by_size(min, max, split_size),
                        _ => by_reader,
                    };
                    let cuts = keys::integer_cuts(min, max, count);
                    cuts.iter().map(i128::to_string).collect()
                }
                (Some(min), Some(max)) => {
                    let cuts = keys::real_cuts(to_real(min), to_real(max), by_reader);
                    cuts.iter().map(|cut| format!("{cut:?}")).collect()
                }
                _ => Vec::new(),
            };
            let literal = |bound: &Option<Number>| bound.map(Number::literal);
            Ok(all(keys::ranges(&cuts, literal(lower), literal(upper))))
        }
    }
}

fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Integer((*number).into())),
        Value::Real(number) => Some(Number::Real(*number)),
        _ => None,
    }
}

fn to_real(number: Number) -> f64 {
    match number {
        Number::Integer(number) => number as f64,
        Number::Real(number) => number,
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

fn by_size(min: i128, max: i128, split_size: u64) -> u64 {
    let width = u64::try_from(max - min + 1).unwrap_or(u64::MAX);
    keys::count_by_size(width, split_size)
}

/// The condition that a split's rows fulfil; none if all do.
pub(crate) fn predicate(split: &SqliteSplit, key: &Key) -> Option<String> {
    match (&split.range, key) {
        (Range::Rowid { from, until }, Key::Rowid(name)) => {
            let mut terms = Vec::new();
            match (split.after, from) {
                (Some(after), _) => terms.push(format!("{name} > {after}")),
                (None, Some(from)) => terms.push(format!("{name} >= {from}")),
                (None, None) => {}
            }
            terms.extend(until.map(|until| format!("{name} < {until}")));
            (!terms.is_empty()).then(|| terms.join(" AND "))
        }
        (Range::Key(_), Key::Rowid(name)) => split.after.map(|after| format!("{name} > {after}")),
        (Range::Key(range), Key::Column { name, .. }) => {
            range.predicate(name, |key, count| format!("{HASH}({key}) % {count}"))
        }
        _ => None,
    }
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
