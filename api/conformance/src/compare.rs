//! Whether the rows that came are those that were expected, whatever their order.

use std::collections::BTreeMap;

use seatunnel_api::{CatalogTable, Value};

use crate::values::{id_of, same, shown};

/// What may differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Rows may be missing.
    pub(crate) missing: bool,
    /// Rows may come again.
    pub(crate) again: bool,
}

pub(crate) const EXACTLY: Allowed = Allowed {
    missing: false,
    again: false,
};
pub(crate) const AT_LEAST: Allowed = Allowed {
    missing: false,
    again: true,
};
/// Not all rows, but whole ones.
pub(crate) const SOME: Allowed = Allowed {
    missing: true,
    again: true,
};

/// Compares rows by their `id`, the first value.
///
/// # Errors
/// A sentence for each way in which they differ, with examples.
pub(crate) fn compare(
    table: &CatalogTable,
    expected: &[Vec<Value>],
    copies: usize,
    came: &[Vec<Value>],
    allowed: Allowed,
) -> Result<(), String> {
    let mut known: BTreeMap<i64, (&[Value], usize)> = BTreeMap::new();
    for row in expected {
        let id = id_of(row).ok_or("a row of the check has no id")?;
        known.insert(id, (row, 0));
    }
    let (mut foreign, mut differences) = (Vec::new(), Vec::new());
    for row in came {
        let entry = id_of(row).and_then(|id| known.get_mut(&id).map(|known| (id, known)));
        let Some((id, (expected, times))) = entry else {
            foreign.push(row.first().map_or("no column".to_owned(), shown));
            continue;
        };
        *times += 1;
        if expected.len() != row.len() {
            differences.push(format!(
                "row id {id} has {} values, expected {}",
                row.len(),
                expected.len()
            ));
            continue;
        }
        for ((column, expected), came) in table.columns().iter().zip(*expected).zip(row) {
            if !same(expected, came) {
                differences.push(format!(
                    "row id {id}, column {} ({}): expected {}, came {}",
                    column.name,
                    column.data_type,
                    shown(expected),
                    shown(came)
                ));
            }
        }
    }
    let ids = |wrong: &dyn Fn(usize) -> bool| -> Vec<String> {
        known
            .iter()
            .filter(|(_, (_, times))| wrong(*times))
            .map(|(id, (_, times))| match *times {
                0 => id.to_string(),
                times => format!("{id} ({times} times)"),
            })
            .collect()
    };
    let missing = if allowed.missing {
        Vec::new()
    } else {
        ids(&|times| times < copies)
    };
    let again = if allowed.again {
        Vec::new()
    } else {
        ids(&|times| times > copies)
    };
    let mut findings = Vec::new();
    let rows = expected.len() * copies;
    say(
        &mut findings,
        missing,
        &format!("of {rows} rows are missing: ids"),
    );
    say(
        &mut findings,
        again,
        &format!("of {rows} rows came too often: ids"),
    );
    say(&mut findings, foreign, "rows came that nobody wrote: ids");
    differences.truncate(5);
    findings.extend(differences);
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n"))
    }
}

fn say(findings: &mut Vec<String>, ids: Vec<String>, what: &str) {
    if ids.is_empty() {
        return;
    }
    let more = if ids.len() > 5 { ", …" } else { "" };
    let first: Vec<&str> = ids.iter().take(5).map(String::as_str).collect();
    findings.push(format!("{} {what} {}{more}", ids.len(), first.join(", ")));
}
