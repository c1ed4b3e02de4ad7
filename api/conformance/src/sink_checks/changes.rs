//! Rows that change rows.

use std::collections::BTreeMap;

use seatunnel_api::{RowKind, Value};

use super::{Target, rng};
use crate::compare::EXACTLY;
use crate::datasets::{self, Dataset};
use crate::fixture::SinkFixture;
use crate::report::{Checked, Findings};

pub(super) async fn in_order<F: SinkFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let set = changes();
    let first = Target::of(fixture, set).await?;
    for batch_rows in [1, 5, 10_000] {
        let target = first.another().await?;
        target.load(target.data().batches(batch_rows), 1).await?;
        let rows = target.set.expected.len();
        if let Err(what) = target.expect(rows, EXACTLY).await? {
            findings.fail(format!("batches of {batch_rows} rows:\n{what}"));
        }
    }
    Ok(())
}

/// Random changes of 30 keys: each key is inserted, updated, deleted and inserted again, also within
/// one batch. Ends in the rows that are left.
fn changes() -> Dataset {
    let mut rng = rng();
    let mut live: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    let mut gone: Vec<i64> = (1..=30).collect();
    let (mut rows, mut kinds) = (Vec::new(), Vec::new());
    let mut say = |kind: RowKind, row: &[Value]| {
        rows.push(row.to_vec());
        kinds.push(kind);
    };
    for step in 0..300_i64 {
        let row = |id: i64| {
            let amount = if step % 11 == 0 {
                Value::Null
            } else {
                Value::BigInt(step)
            };
            vec![
                Value::BigInt(id),
                Value::String(format!("step {step}")),
                amount,
            ]
        };
        let pick = live.keys().nth(rng.usize(0..live.len().max(1))).copied();
        match (rng.u8(0..4), pick) {
            (0, Some(id)) => {
                let before = live.remove(&id).unwrap_or_default();
                say(RowKind::Delete, &before);
                gone.push(id);
                // Often the same key comes back at once.
                if rng.bool() {
                    gone.pop();
                    say(RowKind::Insert, &row(id));
                    live.insert(id, row(id));
                }
            }
            (1 | 2, Some(id)) => {
                let before = live.insert(id, row(id)).unwrap_or_default();
                say(RowKind::UpdateBefore, &before);
                say(RowKind::UpdateAfter, &row(id));
            }
            _ if !gone.is_empty() => {
                let id = gone.swap_remove(rng.usize(0..gone.len()));
                say(RowKind::Insert, &row(id));
                live.insert(id, row(id));
            }
            _ => {}
        }
    }
    let data = datasets::changing(rows).with_kinds(kinds);
    Dataset {
        data,
        expected: live.into_values().collect(),
    }
}
