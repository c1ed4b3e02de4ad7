//! How a table or query is divided: by what the user names, else by what the table has.

use seatunnel_api::Result;
use seatunnel_jdbc_core::keys::{self, Number, Range};
use seatunnel_jdbc_core::options::JdbcSourceOptions;

use super::domain::Domain;
use super::parts::{Key, Part, failed};
use super::sampled::{numbers, texts};
use crate::wire::Connection;

/// Splits of a table for each reader: enough for a slow one to be made up for, and few enough for
/// their statements to cost nothing.
const PER_READER: u64 = 16;
/// How a part is divided, and why, for the log.
pub(super) struct Plan {
    pub(super) ranges: Vec<Range>,
    pub(super) why: String,
}

impl Plan {
    fn whole(why: &str) -> Self {
        Self {
            ranges: vec![Range::All],
            why: why.to_owned(),
        }
    }
}

/// Divides a part for so many readers.
pub(super) async fn plan(
    connection: &mut Connection,
    part: &Part,
    options: &JdbcSourceOptions,
    parallelism: usize,
) -> Result<Plan> {
    let Some(key) = &part.key else {
        return Ok(Plan::whole(match part.query {
            Some(_) => "it is a query without partition_column",
            None => "it has no key that divides it",
        }));
    };
    if key.is_given {
        return given(connection, part, key, parallelism).await;
    }
    if parallelism <= 1 {
        return Ok(Plan::whole("there is one reader"));
    }
    let rows = match part.count {
        true => count(connection, part).await?,
        false => part.rows.unwrap_or(0),
    };
    let wanted = keys::count_by_size(rows, options.split_size)
        .min(PER_READER.saturating_mul(parallelism as u64));
    if wanted <= 1 {
        return Ok(Plan::whole("it is small"));
    }
    let cuts = match key.domain {
        Some(Domain::Text) => texts(connection, part, key, rows, wanted, options).await?,
        Some(domain) => numbers(connection, part, key, domain, rows, wanted, options).await?,
        None => Vec::new(),
    };
    Ok(Plan {
        ranges: keys::ranges(&cuts, None, None),
        why: format!("by ranges of {}", key.name),
    })
}

/// Divides by the column that the user names.
async fn given(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    parallelism: usize,
) -> Result<Plan> {
    let count = key.parts.unwrap_or(parallelism).max(1) as u64;
    let count = count.min(keys::MOST_SPLITS);
    let why = format!("by ranges of partition_column {}", key.name);
    let text = |bound: &Option<Number>| bound.map(Number::literal);
    let bounds = (text(&key.lower), text(&key.upper));
    if key.is_real {
        let real = |number: Number| match number {
            Number::Integer(number) => number as f64,
            Number::Real(number) => number,
        };
        let (min, max) = min_max(connection, part, key, &key.name).await?;
        let min = key.lower.map(real).or(min.and_then(|t| t.parse().ok()));
        let max = key.upper.map(real).or(max.and_then(|t| t.parse().ok()));
        let cuts = min
            .zip(max)
            .map(|(min, max)| keys::real_cuts(min, max, count));
        let cuts: Vec<String> = cuts.iter().flatten().map(|c| format!("{c:?}")).collect();
        return Ok(Plan {
            ranges: keys::ranges(&cuts, bounds.0, bounds.1),
            why,
        });
    }
    let Some(domain) = key.domain else {
        return Ok(Plan {
            ranges: keys::hashes(count as usize),
            why: format!("by a hash of partition_column {}", key.name),
        });
    };
    let given = key
        .lower
        .and_then(|n| domain.bound(n))
        .zip(key.upper.and_then(|n| domain.bound(n)));
    let range = match given {
        Some(range) => Some(range),
        None if count == 1 => None,
        None => {
            let (min, max) = min_max(connection, part, key, &domain.shown(&key.name)).await?;
            let min = key
                .lower
                .and_then(|n| domain.bound(n))
                .or(min.and_then(|t| domain.read(&t)));
            let max = key
                .upper
                .and_then(|n| domain.bound(n))
                .or(max.and_then(|t| domain.read(&t)));
            min.zip(max)
        }
    };
    let cuts = range.map(|(min, max)| keys::integer_cuts(min, max, count));
    let cuts: Vec<String> = cuts
        .iter()
        .flatten()
        .filter_map(|cut| domain.literal(*cut))
        .collect();
    Ok(Plan {
        ranges: keys::ranges(&cuts, bounds.0, bounds.1),
        why,
    })
}

async fn count(connection: &mut Connection, part: &Part) -> Result<u64> {
    let sql = format!("SELECT COUNT(*) FROM {}", part.from);
    let rows = connection.rows(&sql).await.map_err(|f| failed(f, part))?;
    Ok(first(&rows, 0).and_then(|t| t.parse().ok()).unwrap_or(0))
}

pub(super) fn first(rows: &[Vec<Option<String>>], place: usize) -> Option<String> {
    rows.first()?.get(place)?.clone()
}

/// Smallest and largest key, as `shown` shows them. Each is asked for alone: an index answers so.
pub(super) async fn min_max(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    shown: &str,
) -> Result<(Option<String>, Option<String>)> {
    let (name, from) = (&key.name, &part.from);
    let sql = match part.query {
        Some(_) => format!("SELECT MIN({shown}), MAX({shown}) FROM {from}"),
        None => format!(
            "SELECT (SELECT {shown} FROM {from} WHERE {name} IS NOT NULL ORDER BY {name} LIMIT 1), \
             (SELECT {shown} FROM {from} WHERE {name} IS NOT NULL ORDER BY {name} DESC LIMIT 1)"
        ),
    };
    let rows = connection.rows(&sql).await.map_err(|f| failed(f, part))?;
    Ok((first(&rows, 0), first(&rows, 1)))
}
