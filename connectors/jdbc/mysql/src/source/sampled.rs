//! Where to cut a table into parts of about as many rows.
//!
//! Integer keys that are spread evenly are cut evenly. Others are cut where the server's own
//! estimates for ranges of the index (`EXPLAIN`, answered by a few dives into the tree) say that rows
//! are many: heavy ranges are divided further, a few times, each time in one round trip. Texts have
//! no middle that a client could tell, since their order is the collation's: there, guesses behind a
//! common beginning find real keys (`k >= guess ORDER BY k LIMIT 1`), which the server puts in order.

use seatunnel_api::Result;
use seatunnel_jdbc_core::keys;
use seatunnel_jdbc_core::options::JdbcSourceOptions;

use super::cuts::{first, min_max};
use super::domain::Domain;
use super::parts::{Key, Part, failed};
use crate::sink::details::literal;
use crate::wire::{Connection, ResultSet};

/// Into how many a heavy range of numbers is divided at once.
const FAN: i128 = 8;
/// How often heavy ranges are divided.
const ROUNDS: usize = 24;
/// How many heavy ranges are divided at once.
const AT_ONCE: usize = 16;
/// The same of texts, where each takes many guesses.
const TEXTS_AT_ONCE: usize = 4;
const TEXT_ROUNDS: usize = 8;
/// What texts may go on with.
const CHARACTERS: &[&str] = &[
    "-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "_", "a", "b", "c", "d", "e", "f", "g",
    "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
    "A", "G", "M", "S", "Z", "é", "а", "п", "я", "一", "中", "李", "王", "龙",
];

/// A range of keys, and about how many rows it has.
#[derive(Clone, Debug)]
struct Piece<K> {
    from: K,
    rows: u64,
}

/// Puts neighbours together until each has about what one of `count` has to have.
fn merged<K: Clone>(pieces: &[Piece<K>], count: u64) -> Vec<K> {
    let total: u64 = pieces.iter().map(|piece| piece.rows).sum();
    let target = (total / count.max(1)).max(1);
    let mut cuts = Vec::new();
    let mut rows = 0;
    for piece in pieces {
        if rows > 0 && rows + piece.rows / 2 >= target {
            cuts.push(piece.from.clone());
            rows = 0;
        }
        rows += piece.rows;
    }
    cuts.truncate(keys::MOST_SPLITS as usize - 1);
    cuts
}

/// Cuts of keys that are numbers.
pub(super) async fn numbers(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    domain: Domain,
    rows: u64,
    count: u64,
    options: &JdbcSourceOptions,
) -> Result<Vec<String>> {
    let (min, max) = min_max(connection, part, key, &domain.shown(&key.name)).await?;
    let read = |text: Option<String>| text.and_then(|text| domain.read(&text));
    let Some((min, max)) = read(min).zip(read(max)).filter(|(min, max)| min < max) else {
        return Ok(Vec::new());
    };
    let literals = |cuts: &[i128]| -> Vec<String> {
        cuts.iter().filter_map(|cut| domain.literal(*cut)).collect()
    };
    let is_even = domain == Domain::Integer && keys::is_even(options, min, max, rows);
    if is_even || !options.split_allow_sampling {
        return Ok(literals(&keys::integer_cuts(min, max, count)));
    }
    let mut pieces = vec![Piece { from: min, rows }];
    let target = (rows / count).max(1);
    for _ in 0..ROUNDS {
        let until = |index: usize| pieces.get(index + 1).map_or(max + 1, |next| next.from);
        let mut heavy: Vec<usize> = (0..pieces.len())
            .filter(|&index| pieces[index].rows > target && until(index) - pieces[index].from > 1)
            .collect();
        heavy.sort_by_key(|&index| std::cmp::Reverse(pieces[index].rows));
        heavy.truncate(AT_ONCE);
        heavy.sort_unstable();
        if heavy.is_empty() {
            break;
        }
        let divided: Vec<Vec<i128>> = heavy
            .iter()
            .map(|&index| {
                let from = pieces[index].from;
                let mut all = vec![from];
                all.extend(keys::integer_cuts(from, until(index) - 1, FAN as u64));
                all
            })
            .collect();
        let mut ends = Vec::new();
        for (froms, &index) in divided.iter().zip(&heavy) {
            let last = until(index);
            for (place, from) in froms.iter().enumerate() {
                ends.push((*from, froms.get(place + 1).copied().unwrap_or(last)));
            }
        }
        let terms: Vec<String> = ends
            .iter()
            .filter_map(|(from, until)| {
                let from = domain.literal(*from)?;
                // What is beyond all keys is no literal of the type.
                let until = if *until > max {
                    None
                } else {
                    domain.literal(*until)
                };
                Some(match until {
                    Some(until) => format!("{0} >= {from} AND {0} < {until}", key.name),
                    None => format!("{} >= {from}", key.name),
                })
            })
            .collect();
        if terms.len() != ends.len() {
            break;
        }
        let mut estimated = estimates(connection, part, &terms).await?.into_iter();
        let mut next = Vec::with_capacity(pieces.len() + ends.len());
        let mut divided = heavy.iter().zip(divided).peekable();
        for (index, piece) in pieces.into_iter().enumerate() {
            match divided.next_if(|(at, _)| **at == index) {
                Some((_, froms)) => next.extend(froms.into_iter().map(|from| Piece {
                    from,
                    rows: estimated.next().unwrap_or(0),
                })),
                None => next.push(piece),
            }
        }
        pieces = next;
    }
    Ok(literals(&merged(&pieces, count)))
}

/// How many rows the server thinks each condition has, in one round trip.
async fn estimates(
    connection: &mut Connection,
    part: &Part,
    conditions: &[String],
) -> Result<Vec<u64>> {
    let statements: Vec<String> = conditions
        .iter()
        .map(|condition| format!("EXPLAIN SELECT 1 FROM {} WHERE {condition}", part.from))
        .collect();
    let results = connection
        .query(&statements.join("; "))
        .await
        .map_err(|f| failed(f, part))?;
    let rows = |result: &ResultSet| {
        let place = result
            .columns
            .iter()
            .position(|c| c.eq_ignore_ascii_case("rows"));
        let text = place.and_then(|place| first(&result.rows, place));
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok(results.iter().map(rows).collect())
}

/// Cuts of keys that are texts.
pub(super) async fn texts(
    connection: &mut Connection,
    part: &Part,
    key: &Key,
    rows: u64,
    count: u64,
    options: &JdbcSourceOptions,
) -> Result<Vec<String>> {
    let (min, max) = min_max(connection, part, key, &key.name).await?;
    let Some((min, max)) = min.zip(max).filter(|(min, max)| min != max) else {
        return Ok(Vec::new());
    };
    if !options.split_allow_sampling {
        return Ok(Vec::new());
    }
    let target = (rows / count).max(1);
    let mut pieces = vec![Piece { from: min, rows }];
    // How many characters of a piece's beginning its guesses keep, beyond what its ends share.
    for round in 0..TEXT_ROUNDS {
        let until = |index: usize| pieces.get(index + 1).map(|next| next.from.as_str());
        let mut heavy: Vec<usize> = (0..pieces.len())
            .filter(|&index| pieces[index].rows > target)
            .collect();
        heavy.sort_by_key(|&index| std::cmp::Reverse(pieces[index].rows));
        heavy.truncate(TEXTS_AT_ONCE);
        if heavy.is_empty() {
            break;
        }
        let mut looks = Vec::new();
        for &index in &heavy {
            let from = &pieces[index].from;
            let end = until(index);
            let mut bounds = format!("{} > {}", key.name, literal(from));
            if let Some(end) = end {
                bounds.push_str(&format!(" AND {} < {}", key.name, literal(end)));
            }
            for guess in guesses(from, end.unwrap_or(&max), round) {
                looks.push(format!(
                    "(SELECT {0} AS k FROM {1} WHERE {0} >= {2} AND {bounds} ORDER BY {0} LIMIT 1)",
                    key.name,
                    part.from,
                    literal(&guess)
                ));
            }
        }
        if looks.is_empty() {
            continue;
        }
        let known = pieces.iter().map(|piece| {
            format!(
                "(SELECT {0} AS k FROM {1} WHERE {0} = {2} LIMIT 1)",
                key.name,
                part.from,
                literal(&piece.from)
            )
        });
        looks.extend(known);
        let sql = format!(
            "SELECT DISTINCT k FROM ({}) AS found ORDER BY k",
            looks.join(" UNION ALL ")
        );
        let found = connection.rows(&sql).await.map_err(|f| failed(f, part))?;
        let froms: Vec<String> = found
            .into_iter()
            .filter_map(|row| row.into_iter().next()?)
            .collect();
        if froms.len() <= pieces.len() {
            continue;
        }
        let terms: Vec<String> = froms
            .iter()
            .enumerate()
            .map(|(index, from)| {
                let mut term = format!("{} >= {}", key.name, literal(from));
                if let Some(until) = froms.get(index + 1) {
                    term.push_str(&format!(" AND {} < {}", key.name, literal(until)));
                }
                term
            })
            .collect();
        let estimated = estimates(connection, part, &terms).await?;
        let all = froms.into_iter().zip(estimated);
        pieces = all.map(|(from, rows)| Piece { from, rows }).collect();
    }
    let cuts = merged(&pieces, count);
    Ok(cuts.iter().map(|cut| literal(cut)).collect())
}

/// Texts that may lie between two keys.
fn guesses(from: &str, until: &str, round: usize) -> Vec<String> {
    let shared = from
        .chars()
        .zip(until.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let mut guesses = Vec::new();
    // In later rounds, deeper: keys that go on alike for longer than the ends of their range.
    for keep in shared + round / 2..=shared + round / 2 + 1 {
        if keep > from.chars().count() {
            break;
        }
        let head: String = from.chars().take(keep).collect();
        guesses.extend(CHARACTERS.iter().map(|next| format!("{head}{next}")));
    }
    guesses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_come_together_up_to_the_share_of_one() {
        let pieces = |rows: &[u64]| -> Vec<Piece<usize>> {
            let all = rows.iter().enumerate();
            all.map(|(from, rows)| Piece { from, rows: *rows })
                .collect()
        };
        assert_eq!(merged(&pieces(&[10, 10, 10, 10]), 2), [2]);
        assert_eq!(merged(&pieces(&[40]), 4), [] as [usize; 0]);
        assert_eq!(merged(&pieces(&[1, 1, 100, 1, 1]), 2), [2, 3]);
        assert_eq!(merged(&pieces(&[0, 0, 0]), 2), [] as [usize; 0]);
        assert_eq!(merged(&pieces(&[1; 5_000]), 5_000).len(), 999);
    }

    #[test]
    fn guesses_follow_what_the_ends_share() {
        let all = guesses("user0001", "user9999", 0);
        assert!(all.contains(&"user5".to_owned()) && all.contains(&"user0a".to_owned()));
        assert!(guesses("", "z", 0).contains(&"m".to_owned()));
    }
}
