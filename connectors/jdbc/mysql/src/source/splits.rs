//! What one reader works on alone.

use std::fmt::Write as _;

use seatunnel_api::{Split, State};
use seatunnel_jdbc_core::keys;
use serde::{Deserialize, Serialize};

use super::parts::Part;
use crate::ddl::QUOTE;

/// A part of a table or query, and how far it has been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MySqlSplit {
    /// Which of the source's tables.
    pub(super) table: usize,
    /// Which part of it.
    pub(super) number: usize,
    /// What belongs to it.
    pub(super) range: keys::Range,
    /// The last key read, as literals, where rows are read in the order of the primary key.
    pub(super) after: Option<Vec<String>>,
    /// Rows read.
    pub(super) rows: u64,
}

impl State for MySqlSplit {}

impl Split for MySqlSplit {
    fn id(&self) -> String {
        format!("{}-{}", self.table, self.number)
    }
}

impl MySqlSplit {
    /// The statement that reads what is left of the split; `ordered` by the primary key.
    pub(super) fn statement(&self, part: &Part, ordered: bool) -> String {
        let key = part.key.as_ref().map(|key| key.name.as_str());
        let predicate = key.and_then(|key| {
            self.range.predicate(key, |key, count| {
                format!("COALESCE(CRC32({key}) % {count}, 0)")
            })
        });
        let names: Vec<String> = part
            .order
            .iter()
            .map(|place| QUOTE.name(&part.table.columns()[*place].name))
            .collect();
        let after = self.after.as_ref().and_then(|after| behind(&names, after));
        let condition = part.condition.as_ref().map(|c| format!("({c}\n)"));
        let is_free = condition.is_none();
        let terms: Vec<String> = [predicate, after, condition]
            .into_iter()
            .flatten()
            .collect();
        if let (Some(query), true) = (&part.query, terms.is_empty()) {
            return query.clone();
        }
        let mut sql = format!("SELECT {} FROM {}", part.columns, part.from);
        if ordered && is_free {
            // Rows lie in this order: without the hint, some servers sort a whole table.
            sql.push_str(" FORCE INDEX (PRIMARY)");
        }
        if !terms.is_empty() {
            let _ = write!(sql, " WHERE {}", terms.join(" AND "));
        }
        if ordered {
            let _ = write!(sql, " ORDER BY {}", names.join(", "));
        }
        sql
    }
}

/// The condition that rows behind a key fulfil. The first term alone tells servers the range of an
/// index; they don't take it from `(a, b) > (x, y)`.
fn behind(names: &[String], key: &[String]) -> Option<String> {
    let ((name, value), rest) = (names.first().zip(key.first())?, key.len().min(names.len()));
    if rest == 1 {
        return Some(format!("{name} > {value}"));
    }
    let later = behind(&names[1..], &key[1..])?;
    Some(format!(
        "{name} >= {value} AND ({name} > {value} OR ({later}))"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_key_of_several_columns() {
        let texts =
            |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| t.to_string()).collect() };
        assert_eq!(behind(&texts(&["a"]), &texts(&["1"])).unwrap(), "a > 1");
        assert_eq!(
            behind(&texts(&["a", "b", "c"]), &texts(&["1", "2", "3"])).unwrap(),
            "a >= 1 AND (a > 1 OR (b >= 2 AND (b > 2 OR (c > 3))))"
        );
    }
}
