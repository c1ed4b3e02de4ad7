//! What a sink holds beside what it should hold.

use std::collections::BTreeMap;
use std::fmt;

/// Rows of a source, each as one line.
pub(crate) fn rows(count: usize) -> Vec<String> {
    // A payload that tells a row that was changed, or cut, from another.
    let payload = |id: usize| format!("p{:x}", (id as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (0..count)
        .map(|id| format!("{id},{}", payload(id)))
        .collect()
}

/// How far a sink is from what it should hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    lost: Vec<String>,
    doubled: Vec<String>,
    /// Rows that were never read.
    strange: Vec<String>,
}

impl Difference {
    pub(crate) fn of(expected: &[String], found: &[String]) -> Self {
        let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
        for row in found {
            *copies.entry(row).or_default() += 1;
        }
        let mut difference = Self::default();
        for row in expected {
            match copies.remove(row.as_str()) {
                None => difference.lost.push(row.clone()),
                Some(1) => {}
                Some(_) => difference.doubled.push(row.clone()),
            }
        }
        difference.strange = copies.into_keys().map(str::to_owned).collect();
        difference
    }

    /// How many rows came more than once, which is forgiven: for sinks that promise no more.
    pub(crate) fn forgive_doubled(&mut self) -> usize {
        std::mem::take(&mut self.doubled).len()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (what, rows) in [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("strange", &self.strange),
        ] {
            if let (Some(from), Some(to)) = (rows.first(), rows.last()) {
                let comma = if first { "" } else { ", " };
                write!(f, "{comma}{} {what}: {from} … {to}", rows.len())?;
                first = false;
            }
        }
        Ok(())
    }
}

#[test]
fn lost_doubled_and_changed_rows_are_told_apart() {
    let expected = rows(10);
    assert_eq!(Difference::of(&expected, &expected), Difference::default());
    let mut found = expected.clone();
    found.reverse();
    found[9] = "0,changed".to_owned();
    found.push(expected[5].clone());
    let difference = Difference::of(&expected, &found);
    assert_eq!(difference.lost, [expected[0].clone()]);
    assert_eq!(difference.doubled, [expected[5].clone()]);
    assert_eq!(difference.strange, ["0,changed"]);
    assert!(
        difference.to_string().starts_with("1 lost: 0,p"),
        "{difference}"
    );
}
