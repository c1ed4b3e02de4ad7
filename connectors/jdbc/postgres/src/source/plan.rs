//! Divides tables and queries into splits.

use seatunnel_api::{DataType, Result};
use seatunnel_jdbc_core::keys::{self, MOST_SPLITS};
use seatunnel_jdbc_core::options::JdbcSourceOptions;

use super::part::{Key, Origin, Part, Piece};
use super::split::{PgSplit, Range};
use crate::wire::Connection;

/// Tables of fewer pages are not worth a division.
const LEAST_PAGES: u64 = 64;
/// Splits for each reader: a reader that is done early takes the next.
const PER_READER: u64 = 8;
/// Rows that are sampled for each cut.
const SAMPLED: u64 = 100;
/// Rows of a table that is sampled row by row.
const FEW_ROWS: u64 = 200_000;

/// What a part is divided into, and by what, for the log.
pub(crate) struct Division {
    pub(crate) ranges: Vec<Range>,
    pub(crate) by: &'static str,
}

impl Division {
    fn one(by: &'static str) -> Self {
        Self {
            ranges: vec![Range::All],
            by,
        }
    }

    fn keys(ranges: Vec<keys::Range>, by: &'static str) -> Self {
        Self {
            ranges: ranges.into_iter().map(Range::Key).collect(),
            by,
        }
    }
}

/// Whether a part may become more than one split, so that these must be read under one snapshot.
pub(crate) fn may_divide(part: &Part, parallelism: usize) -> bool {
    let wanted = part.parts.unwrap_or(parallelism) > 1;
    match &part.origin {
        Origin::Table {
            pieces: Some(pieces),
            ..
        } if part.key.is_none() => {
            wanted
                && pieces
                    .iter()
                    .filter_map(|p| p.pages)
                    .map(u64::from)
                    .sum::<u64>()
                    >= LEAST_PAGES
        }
        Origin::Table { .. } | Origin::Query(_) => wanted && part.key.is_some(),
        Origin::Statement(_) => false,
    }
}

/// Divides a part. Asks the server only where keys divide it.
pub(crate) async fn divide(
    connection: &mut Connection,
    part: &Part,
    options: &JdbcSourceOptions,
    parallelism: usize,
) -> Result<Division> {
    match (&part.origin, &part.key) {
        (Origin::Statement(_), _) => Ok(Division::one("a statement that is no query")),
        (
            Origin::Table {
                pieces: Some(pieces),
                rows,
                ..
            },
            None,
        ) => {
            let splits = match part.parts {
                Some(parts) => parts as u64,
                None if parallelism == 1 => 1,
                None => keys::count_by_size(*rows, options.split_size)
                    .min(parallelism as u64 * PER_READER),
            };
            Ok(by_pages(pieces, splits.min(MOST_SPLITS)))
        }
        (_, None) => Ok(Division::one("nothing divides it")),
        (_, Some(key)) => by_key(connection, part, key, options, parallelism).await,
    }
}

fn by_pages(pieces: &[Piece], splits: u64) -> Division {
    let pages: u64 = pieces.iter().filter_map(|p| p.pages).map(u64::from).sum();
    if splits <= 1 || pages < LEAST_PAGES {
        return Division::one("one reader, or too small to be divided");
    }
    let size = pages.div_ceil(splits).max(LEAST_PAGES / 2);
    let mut ranges = Vec::new();
    for piece in pieces {
        let table = piece.name.clone();
        let Some(pages) = piece.pages else {
            ranges.push(Range::Whole { table });
            continue;
        };
        // Even ones, rather than a small one at the end.
        let count = u64::from(pages).div_ceil(size).max(1);
        let cut = |n: u64| (u64::from(pages) * n / count) as u32;
        ranges.extend((0..count).map(|n| Range::Pages {
            table: table.clone(),
            from: cut(n),
            until: (n + 1 < count).then(|| cut(n + 1)),
        }));
    }
    Division {
        ranges,
        by: "ranges of pages",
    }
}

async fn by_key(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    options: &JdbcSourceOptions,
    parallelism: usize,
) -> Result<Division> {
    let count = part.parts.unwrap_or(parallelism).min(MOST_SPLITS as usize);
    let bounds = || (key.lower.clone(), key.upper.clone());
    if count <= 1 {
        let (lower, upper) = bounds();
        return Ok(Division::keys(
            keys::ranges(&[], lower, upper),
            "one reader",
        ));
    }
    let (is_sampled, rows) = match &part.origin {
        Origin::Table { sampled, rows, .. } => (*sampled && options.split_allow_sampling, *rows),
        _ => (false, 0),
    };
    let is_integer = matches!(
        key.data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
    ) || matches!(key.data_type, DataType::Decimal { scale: 0, .. });
    let is_number = is_integer
        || matches!(
            key.data_type,
            DataType::Float | DataType::Double | DataType::Decimal { .. }
        );
    if is_number {
        let (min, max) = extremes(connection, part, key).await?;
        let (Some(min), Some(max)) = (min, max) else {
            let (lower, upper) = bounds();
            return Ok(Division::keys(
                keys::ranges(&[], lower, upper),
                "no keys but null",
            ));
        };
        let integers = (min.parse::<i128>().ok(), max.parse::<i128>().ok());
        let cuts: Vec<String> = match integers {
            (Some(min), Some(max)) if is_integer => {
                if is_sampled && !keys::is_even(options, min, max, rows) {
                    return sampled(connection, part, key, options, count, rows).await;
                }
                let cuts = keys::integer_cuts(min, max, count as u64);
                cuts.iter().map(i128::to_string).collect()
            }
            _ => {
                let real = |text: &str| text.parse().unwrap_or(f64::NAN);
                let cuts = keys::real_cuts(real(&min), real(&max), count as u64);
                cuts.iter().map(|cut| format!("{cut:?}")).collect()
            }
        };
        let (lower, upper) = bounds();
        return Ok(Division::keys(
            keys::ranges(&cuts, lower, upper),
            "even ranges of keys",
        ));
    }
    if is_sampled {
        return sampled(connection, part, key, options, count, rows).await;
    }
    if key.lower.is_some() || key.upper.is_some() {
        let (lower, upper) = bounds();
        return Ok(Division::keys(
            keys::ranges(&[], lower, upper),
            "bounds of keys",
        ));
    }
    Ok(Division::keys(keys::hashes(count), "the hash of keys"))
}

/// Smallest and largest key within the bounds, as text.
async fn extremes(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
) -> Result<(Option<String>, Option<String>)> {
    if let (Some(lower), Some(upper)) = (&key.lower, &key.upper) {
        return Ok((Some(lower.clone()), Some(upper.clone())));
    }
    let (name, from) = (&key.name, part.from());
    let sql = match &part.origin {
        // One by one, each may be answered from an index.
        Origin::Table { .. } => {
            format!("SELECT (SELECT min({name}) FROM {from}), (SELECT max({name}) FROM {from})")
        }
        _ => format!("SELECT min({name}), max({name}) FROM {from}"),
    };
    let mut row = connection.rows(&sql).await?.into_iter().flatten();
    let (min, max) = (row.next().flatten(), row.next().flatten());
    Ok((key.lower.clone().or(min), key.upper.clone().or(max)))
}

/// Ranges between quantiles of sampled keys.
async fn sampled(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    options: &JdbcSourceOptions,
    count: usize,
    rows: u64,
) -> Result<Division> {
    let wanted = (count as u64 * SAMPLED).max(rows / options.split_inverse_sampling_rate.max(1));
    let percent = (wanted as f64 * 100.0 / rows.max(1) as f64).clamp(0.001, 100.0);
    // Whole pages are quicker to draw, but a small table has too few of them.
    let method = if rows < FEW_ROWS {
        "BERNOULLI"
    } else {
        "SYSTEM"
    };
    let quantiles: Vec<String> = (1..count)
        .map(|n| format!("{:?}", n as f64 / count as f64))
        .collect();
    let mut terms = vec![format!("{} IS NOT NULL", key.name)];
    terms.extend(
        key.lower
            .iter()
            .map(|bound| format!("{} > {bound}", key.name)),
    );
    terms.extend(
        key.upper
            .iter()
            .map(|bound| format!("{} <= {bound}", key.name)),
    );
    let sql = format!(
        "SELECT DISTINCT cut, cut::text FROM unnest((SELECT percentile_disc(ARRAY[{}]) WITHIN GROUP (ORDER BY {name}) \
         FROM {from} TABLESAMPLE {method} ({percent}) WHERE {terms})) AS cut WHERE cut IS NOT NULL ORDER BY 1",
        quantiles.join(", "),
        name = key.name,
        from = part.from(),
        terms = terms.join(" AND "),
    );
    let cuts: Vec<String> = connection
        .rows(&sql)
        .await?
        .into_iter()
        .filter_map(|row| row.into_iter().nth(1).flatten())
        .map(|cut| key.literal(&cut))
        .collect();
    let ranges = keys::ranges(&cuts, key.lower.clone(), key.upper.clone());
    Ok(Division::keys(ranges, "ranges of sampled keys"))
}

impl Key {
    /// A key as SQL has it.
    pub(crate) fn literal(&self, text: &str) -> String {
        format!("{}::{}", crate::ddl::literal(text), self.type_name)
    }
}

/// Splits for ranges.
pub(crate) fn splits(part: usize, ranges: Vec<Range>, together: bool) -> Vec<PgSplit> {
    let split = |(number, range)| PgSplit {
        part,
        number,
        range,
        together,
        snapshot: None,
        rows: 0,
        after: None,
    };
    ranges.into_iter().enumerate().map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(pages: Option<u32>) -> Piece {
        Piece {
            name: "t".to_owned(),
            pages,
        }
    }

    #[test]
    fn pages_are_divided_evenly_and_the_last_range_has_no_end() {
        let division = by_pages(&[piece(Some(1_000)), piece(Some(10)), piece(None)], 4);
        let bounds: Vec<_> = division
            .ranges
            .iter()
            .map(|range| match range {
                Range::Pages { from, until, .. } => (Some(*from), *until),
                _ => (None, None),
            })
            .collect();
        assert_eq!(
            bounds,
            [
                (Some(0), Some(250)),
                (Some(250), Some(500)),
                (Some(500), Some(750)),
                (Some(750), None),
                (Some(0), None),
                (None, None)
            ]
        );
    }

    #[test]
    fn small_tables_are_one_split() {
        assert_eq!(by_pages(&[piece(Some(10))], 8).ranges, [Range::All]);
        assert_eq!(by_pages(&[], 8).ranges, [Range::All]);
    }
}
