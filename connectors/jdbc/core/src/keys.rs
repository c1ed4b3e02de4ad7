//! Splits by the values of a column, where a database has nothing faster.
//!
//! Ranges are half open, and the first and the last have no end unless a bound was given, so that
//! rows between, before and after are all read, also those written since the cuts were made. Null
//! belongs to the first range.

use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, Error, Result};
use serde::{Deserialize, Serialize};

use crate::errors;
use crate::options::JdbcSourceOptions;

/// Splits of one table never become more than this, however far apart its keys are.
pub const MOST_SPLITS: u64 = 1_000;

/// Which rows belong to a split. Bounds are SQL literals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Range {
    /// All.
    All,
    /// Those whose key is at least `from` and less than `until`, or at most `up_to`.
    Key {
        /// Smallest key.
        from: Option<String>,
        /// First key of the next range.
        until: Option<String>,
        /// Largest key, where a bound was given.
        up_to: Option<String>,
        /// Whether rows without a key belong to it.
        with_null: bool,
    },
    /// Those whose key has the hash `index` of `count`; null has hash 0.
    Hash {
        /// Which part.
        index: usize,
        /// How many parts.
        count: usize,
    },
}

impl Range {
    /// The condition that rows of the range fulfil; none if all do. `key` is the quoted column;
    /// `hash` makes an expression of a number from 0 to `count - 1`, never null.
    pub fn predicate(&self, key: &str, hash: impl Fn(&str, usize) -> String) -> Option<String> {
        match self {
            Self::All => None,
            Self::Hash { index, count } => Some(format!("{} = {index}", hash(key, *count))),
            Self::Key {
                from,
                until,
                up_to,
                with_null,
            } => {
                let mut terms = Vec::new();
                terms.extend(from.iter().map(|bound| format!("{key} >= {bound}")));
                terms.extend(until.iter().map(|bound| format!("{key} < {bound}")));
                terms.extend(up_to.iter().map(|bound| format!("{key} <= {bound}")));
                match (terms.is_empty(), with_null) {
                    (true, true) => None,
                    (true, false) => Some(format!("{key} IS NOT NULL")),
                    (false, true) => Some(format!("({} OR {key} IS NULL)", terms.join(" AND "))),
                    (false, false) => Some(terms.join(" AND ")),
                }
            }
        }
    }
}

/// The ranges between cuts, which are SQL literals in ascending order; `lower` and `upper` are
/// bounds that the user gave.
pub fn ranges(cuts: &[String], lower: Option<String>, upper: Option<String>) -> Vec<Range> {
    if cuts.is_empty() && lower.is_none() && upper.is_none() {
        return vec![Range::All];
    }
    (0..=cuts.len())
        .map(|index| Range::Key {
            from: match index {
                0 => lower.clone(),
                _ => Some(cuts[index - 1].clone()),
            },
            until: cuts.get(index).cloned(),
            up_to: upper.clone().filter(|_| index == cuts.len()),
            with_null: index == 0,
        })
        .collect()
}

/// Parts by hash; one part is all.
pub fn hashes(count: usize) -> Vec<Range> {
    match count {
        0 | 1 => vec![Range::All],
        _ => (0..count)
            .map(|index| Range::Hash { index, count })
            .collect(),
    }
}

/// Where to cut `min..=max` into `count` even ranges, about.
pub fn integer_cuts(min: i128, max: i128, count: u64) -> Vec<i128> {
    let Some(width) = max.checked_sub(min).and_then(|w| w.checked_add(1)) else {
        return Vec::new();
    };
    let count = i128::from(count.clamp(1, MOST_SPLITS)).min(width.max(1));
    let step = (width + count - 1) / count;
    (1..count)
        .map(|i| min + i * step)
        .filter(|cut| *cut <= max)
        .collect()
}

/// Where to cut `min..=max` into `count` even ranges, about; none where that makes no sense.
pub fn real_cuts(min: f64, max: f64, count: u64) -> Vec<f64> {
    let count = count.clamp(1, MOST_SPLITS);
    let step = (max - min) / count as f64;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let mut cuts: Vec<f64> = (1..count).map(|i| min + step * i as f64).collect();
    cuts.dedup();
    cuts
}

/// How many splits of about `split_size` rows, at most [`MOST_SPLITS`].
pub fn count_by_size(rows: u64, split_size: u64) -> u64 {
    rows.div_ceil(split_size.max(1)).clamp(1, MOST_SPLITS)
}

/// Whether integer keys are spread so evenly that even ranges of them hold about as many rows each:
/// what `split.even-distribution.factor.*` bound.
pub fn is_even(options: &JdbcSourceOptions, min: i128, max: i128, rows: u64) -> bool {
    let width = max.saturating_sub(min).saturating_add(1) as f64;
    let factor = width / rows.max(1) as f64;
    (options.split_factor_lower..=options.split_factor_upper).contains(&factor)
}

/// A bound that a user gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Without a fraction.
    Integer(i128),
    /// With one.
    Real(f64),
}

impl Number {
    /// Reads the option `option`.
    ///
    /// # Errors
    /// If it is no number.
    pub fn parse(option: &str, text: &str) -> Result<Self> {
        let text = text.trim();
        let real = || {
            let real = text.parse::<f64>().ok().filter(|f| f.is_finite())?;
            Some(Self::Real(real))
        };
        text.parse()
            .map(Self::Integer)
            .ok()
            .or_else(real)
            .ok_or_else(|| Error::new(errors::OPTION, format!("{option} is no number: `{text}`")))
    }

    /// As SQL has it.
    pub fn literal(self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => format!("{number:?}"),
        }
    }
}

/// Place of the column that `partition_column` names.
///
/// # Errors
/// If it is not among the columns read; names the nearest.
pub fn partition_column(table: &CatalogTable, name: &str) -> Result<usize> {
    let exact = table.schema().index_of(name);
    let any_case = || {
        let mut columns = table.columns().iter();
        columns.position(|c| c.name.eq_ignore_ascii_case(name))
    };
    exact.or_else(any_case).ok_or_else(|| {
        let error = Error::new(
            errors::COLUMN_MISSING,
            format!("the partition_column `{name}` is not among the columns read"),
        )
        .with_context("table", table.path());
        match nearest(name, table.schema().names()) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_divide_any_range_without_overflow() {
        assert_eq!(integer_cuts(0, 9, 3), [4, 8]);
        assert_eq!(integer_cuts(5, 5, 4), [] as [i128; 0]);
        assert_eq!(
            integer_cuts(i64::MIN.into(), i64::MAX.into(), 2),
            [0],
            "halves"
        );
        assert_eq!(integer_cuts(i128::MIN, i128::MAX, 2), [] as [i128; 0]);
        assert_eq!(real_cuts(0.0, 1.0, 2), [0.5]);
        assert!(real_cuts(1.0, 1.0, 2).is_empty());
        assert_eq!(count_by_size(u64::MAX, 1), MOST_SPLITS);
    }

    #[test]
    fn ranges_leave_nothing_out() {
        let hash = |key: &str, count: usize| format!("hash({key}) % {count}");
        let all = ranges(&["4".to_owned(), "8".to_owned()], None, None);
        let texts: Vec<_> = all.iter().filter_map(|r| r.predicate("k", hash)).collect();
        assert_eq!(
            texts,
            ["(k < 4 OR k IS NULL)", "k >= 4 AND k < 8", "k >= 8"]
        );
        let bounded = ranges(
            &["4".to_owned()],
            Some("1".to_owned()),
            Some("9".to_owned()),
        );
        let texts: Vec<_> = bounded
            .iter()
            .filter_map(|r| r.predicate("k", hash))
            .collect();
        assert_eq!(
            texts,
            ["(k >= 1 AND k < 4 OR k IS NULL)", "k >= 4 AND k <= 9"]
        );
        assert_eq!(ranges(&[], None, None), [Range::All]);
        let parts = hashes(2);
        assert_eq!(
            parts[1].predicate("k", hash).as_deref(),
            Some("hash(k) % 2 = 1")
        );
    }

    #[test]
    fn bounds_are_numbers() {
        assert_eq!(Number::parse("o", "12").unwrap(), Number::Integer(12));
        assert_eq!(Number::parse("o", "-1.5").unwrap(), Number::Real(-1.5));
        assert!(Number::parse("o", "1; DROP TABLE t").is_err());
    }
}
