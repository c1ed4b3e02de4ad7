//! State saved and restored at every point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use seatunnel_api::Value;
use seatunnel_api::erased::{DynSource, SplitBytes};

use super::{Laid, lay, rng};
use crate::compare::{EXACTLY, compare};
use crate::datasets;
use crate::engine::read::{Emission, batches_of, read_split, rows_of};
use crate::engine::splits::{drain, read_everything};
use crate::fixture::SourceFixture;
use crate::report::{Checked, Findings, Stop};

/// Batches are small, so that there are many positions.
const BATCH_ROWS: usize = 7;
/// Positions of a split that are tried; more are picked at random.
const MOST_POSITIONS: usize = 24;
const READERS: usize = 2;

pub(super) async fn positions<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    if let Some(why) = fixture.limits().unpositioned {
        return Err(Stop::LeftOut(why.to_owned()));
    }
    let mut rng = rng();
    let laid = lay(fixture, datasets::many(200, &mut rng), findings).await?;
    let source = laid.open(fixture, READERS).await?;
    let mut tried = 0;
    for read in read_everything(&source, READERS, batches_of(BATCH_ROWS)).await? {
        let split = Restored {
            fixture,
            laid: &laid,
            what: format!("split {}", read.split.id),
        };
        let reference = rows_of(&read.emissions);
        let positions = read.emissions.iter().filter(|e| e.position.is_some());
        if read.emissions.len() >= 3 && positions.count() == 0 {
            findings.fail(format!(
                "{}: {} batches and not one position",
                split.what,
                read.emissions.len()
            ));
        }
        for at in points(&read.emissions, MOST_POSITIONS, &mut rng) {
            tried += 1;
            let again = split.from(&read.emissions, at, &reference).await;
            let (taken, rest) = match again {
                Ok(done) => done,
                Err(what) => {
                    findings.fail(what);
                    break;
                }
            };
            // A position that a restored reader gives is one like any other.
            let next = Restored {
                fixture,
                laid: &laid,
                what: format!("{}, restored after batch {}", split.what, at + 1),
            };
            if let Some(second) = points(&rest, 1, &mut rng).first() {
                let left = left_of(&reference, &taken);
                if let Err(what) = next.from(&rest, *second, &left).await {
                    findings.fail(what);
                    break;
                }
            }
        }
    }
    findings.note(format!("{tried} positions"));
    Ok(())
}

/// Emissions with a position, all or so many of them; the last is always there.
fn points(emissions: &[Emission], most: usize, rng: &mut Rng) -> Vec<usize> {
    let all = emissions.iter().enumerate();
    let all = all.filter(|(_, e)| e.position.is_some()).map(|(i, _)| i);
    let mut all: Vec<usize> = all.collect();
    while all.len() > most {
        let one = rng.usize(..if most > 1 { all.len() - 1 } else { all.len() });
        all.remove(one);
    }
    all
}

/// The rows that are not among those taken, by `id`.
fn left_of(reference: &[Vec<Value>], taken: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let mut left = reference.to_vec();
    for row in taken {
        if let Some(at) = left.iter().position(|other| same_row(other, row)) {
            left.swap_remove(at);
        }
    }
    left
}

fn same_row(a: &[Value], b: &[Value]) -> bool {
    a.iter().zip(b).all(|(a, b)| crate::values::same(a, b))
}

struct Restored<'a, F> {
    fixture: &'a F,
    laid: &'a Laid,
    what: String,
}

impl<F: SourceFixture> Restored<'_, F> {
    /// Reads from the position of an emission on with a source made anew. What was taken before and
    /// what comes must be the reference. Gives both.
    async fn from(
        &self,
        emissions: &[Emission],
        at: usize,
        reference: &[Vec<Value>],
    ) -> Result<(Vec<Vec<Value>>, Vec<Emission>), String> {
        let Some(position) = &emissions[at].position else {
            return Err("an emission without a position was picked".to_owned());
        };
        let place = format!(
            "{}: restored after batch {} of {}",
            self.what,
            at + 1,
            emissions.len()
        );
        let source = match self.laid.open(self.fixture, READERS).await {
            Ok(source) => source,
            Err(Stop::Failed(what) | Stop::LeftOut(what)) => {
                return Err(format!("{place}: {what}"));
            }
        };
        let rest = read_split(source.as_ref(), position, batches_of(BATCH_ROWS)).await;
        let rest = rest.map_err(|e| format!("{place}:\n{}", e.report()))?;
        let taken = rows_of(&emissions[..=at]);
        let mut left = left_of(reference, &taken);
        let mut surplus = 0;
        for row in rows_of(&rest) {
            match left.iter().position(|other| same_row(other, &row)) {
                Some(found) => drop(left.swap_remove(found)),
                None => surplus += 1,
            }
        }
        if left.is_empty() && surplus == 0 {
            return Ok((taken, rest));
        }
        Err(format!(
            "{place}: {} rows are missing, {surplus} come again or were not there before",
            left.len()
        ))
    }
}

pub(super) async fn enumerator<F: SourceFixture>(fixture: &F, findings: &mut Findings) -> Checked {
    let mut rng = rng();
    let laid = lay(fixture, datasets::many(150, &mut rng), findings).await?;
    let source = laid.open(fixture, READERS).await?;
    let mut check = Enumerators {
        fixture,
        laid: &laid,
        handed: Vec::new(),
        rows: BTreeMap::new(),
    };
    let mut enumerator = source.enumerator(READERS, None).await?;
    let mut waiting: Vec<SplitBytes> = Vec::new();
    let mut points = 0;
    let at = |what: &str, points: usize| format!("restored {what} (point {points})");
    check
        .verify(
            &enumerator.snapshot()?,
            &[],
            at("before the first discovery", 0),
        )
        .await
        .unwrap_or_else(|what| findings.fail(what));
    loop {
        let found = enumerator.discover().await?;
        check.handed.extend(found.splits.iter().cloned());
        waiting.extend(found.splits);
        points += 1;
        let place = at("after a discovery", points);
        if let Err(what) = check.verify(&enumerator.snapshot()?, &waiting, place).await {
            findings.fail(what);
            break;
        }
        let idle = waiting.is_empty();
        // After each of the first few; then all at once.
        for step in 0.. {
            let Some(split) = waiting.pop() else { break };
            enumerator.split_finished(&split.bytes).await?;
            if step < 3 {
                points += 1;
                let place = at("after a split was read", points);
                if let Err(what) = check.verify(&enumerator.snapshot()?, &waiting, place).await {
                    findings.fail(what);
                }
            }
        }
        match found.next {
            seatunnel_api::NextDiscovery::Never => break,
            _ if idle || points > 50 => break,
            _ => {}
        }
    }
    findings.note(format!("{points} points, {} splits", check.handed.len()));
    Ok(())
}

struct Enumerators<'a, F> {
    fixture: &'a F,
    laid: &'a Laid,
    /// Splits given out so far.
    handed: Vec<SplitBytes>,
    /// The rows of each split that has been read.
    rows: BTreeMap<Vec<u8>, Vec<Vec<Value>>>,
}

impl<F: SourceFixture> Enumerators<'_, F> {
    /// Restores an enumerator in a source made anew. The splits it gives and those given out before
    /// must cover all rows once.
    async fn verify(
        &mut self,
        snapshot: &[u8],
        waiting: &[SplitBytes],
        place: String,
    ) -> Result<(), String> {
        match self.compare(snapshot, waiting).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(what)) => Err(format!("{place}:\n{what}")),
            Err(Stop::Failed(what) | Stop::LeftOut(what)) => Err(format!("{place}: {what}")),
        }
    }

    async fn compare(
        &mut self,
        snapshot: &[u8],
        waiting: &[SplitBytes],
    ) -> Checked<Result<(), String>> {
        let source = self.laid.open(self.fixture, READERS).await?;
        let mut restored = source.enumerator(READERS, Some(snapshot)).await?;
        let rest = drain(restored.as_mut(), waiting.to_vec()).await?;
        let ids: BTreeSet<&str> = self.handed.iter().map(|s| s.id.as_str()).collect();
        if let Some(twice) = rest.iter().find(|s| ids.contains(s.id.as_str())) {
            return Ok(Err(format!("split {} is given out again", twice.id)));
        }
        let mut came = Vec::new();
        for split in self.handed.iter().chain(&rest) {
            came.extend(Self::read(&mut self.rows, &source, split).await?);
        }
        if let crate::fixture::Rows::MadeUp { .. } = self.laid.rows {
            return Ok(self.laid.expect(READERS, &came, EXACTLY));
        }
        let copies = match self.laid.rows {
            crate::fixture::Rows::PerReader => READERS,
            _ => 1,
        };
        let set = &self.laid.set;
        Ok(compare(
            set.data.table(),
            &set.expected,
            copies,
            &came,
            EXACTLY,
        ))
    }

    async fn read(
        known: &mut BTreeMap<Vec<u8>, Vec<Vec<Value>>>,
        source: &Arc<dyn DynSource>,
        split: &SplitBytes,
    ) -> Checked<Vec<Vec<Value>>> {
        if let Some(rows) = known.get(&split.bytes) {
            return Ok(rows.clone());
        }
        let read = read_split(source.as_ref(), &split.bytes, batches_of(100)).await?;
        let rows = rows_of(&read);
        known.insert(split.bytes.clone(), rows.clone());
        Ok(rows)
    }
}
