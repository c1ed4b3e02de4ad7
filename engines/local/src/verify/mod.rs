//! Compares what the sinks of a job hold with what its sources bring.
//!
//! Sources are read and run through the transforms once more, targets are read back at the same
//! time; nothing is written. Each row becomes a 128-bit hash of its values in a form that does not
//! depend on the type they are kept in; the hashes of a table are added up, in some thousand buckets
//! by the key of the row. Buckets that differ are read once more and compared row by row: memory
//! depends on [`VerifyOptions::memory`], not on the size of the tables.
//!
//! What counts as the same value:
//!
//! | values | the same if |
//! |---|---|
//! | integers, decimals, booleans | the numbers are equal, whatever their width and scale; true is 1 |
//! | floating point | equal as 64 bits if one side has them; 0.0 is -0.0, NaN is NaN |
//! | text | byte by byte; blanks at the end count unless a side is `char(n)` |
//! | text against other types | the text reads as the value |
//! | json and jsonb | but for blanks and the order of keys |
//! | date, timestamp with and without zone | they are the same microsecond, read as UTC; a date is its midnight |
//! | lists, maps, rows | value by value, in their order; against text as JSON |
//!
//! ```no_run
//! # async fn example(plan: seatunnel_api::plan::JobPlan) -> seatunnel_api::Result<()> {
//! use seatunnel_engine_local::verify::{Verification, VerifyOptions};
//! use seatunnel_engine_local::{JobHandle, LocalEngine};
//!
//! let mut verification = Verification::new(&plan, VerifyOptions::default()).await?;
//! while let Some(pass) = verification.next_pass() {
//!     LocalEngine::default().run(&pass, &JobHandle::new(&pass)).await?;
//!     verification.finish_pass()?;
//! }
//! assert!(verification.report().is_equal());
//! # Ok(())
//! # }
//! ```

mod canonical;
pub mod codes;
mod compare;
mod encode;
mod report;
mod sink;
mod tally;
mod unit;

use std::collections::HashMap;
use std::sync::Arc;

use seatunnel_api::erased::DynSource;
use seatunnel_api::plan::{DirtyPlace, JobPlan, Node, NodeKind};
use seatunnel_api::{
    Boundedness, Error, JobMode, Readback, ReadbackTable, Result, TablePath, erase_sink,
};

use compare::{CompareOptions, compare};
use sink::{Route, Side, TallySink, Wanted};
use tally::Tally;
use unit::Unit;

pub use report::{Difference, DifferenceKind, TableReport, ValueDifference, VerifyReport};

/// How a job is verified.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions {
    /// How many differences of each table are described.
    pub differences: usize,
    /// Whether a target may hold rows that don't come from the sources.
    pub allow_extra: bool,
    /// About how many bytes of rows are kept to name those that differ.
    pub memory: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            differences: 10,
            allow_extra: false,
            memory: 32 << 20,
        }
    }
}

/// Buckets of all tables together.
const BUCKETS: usize = 1 << 14;
/// Buckets that each table has at least.
const FEWEST_BUCKETS: usize = 1 << 6;
/// How much more than estimated the rows of chosen buckets may take before they are given up.
const MOST_OVER_ESTIMATE: usize = 4;

/// A comparison under way: passes over the data until everything is known.
pub struct Verification {
    plan: JobPlan,
    sinks: Vec<SinkUnits>,
    units: Vec<UnitState>,
    unread: Vec<String>,
    options: VerifyOptions,
    buckets: usize,
    started: bool,
}

/// A sink that is read back.
struct SinkUnits {
    /// Its position in the plan.
    node: usize,
    readbacks: Vec<(Arc<dyn DynSource>, Vec<usize>)>,
}

/// How far the comparison of a unit is.
struct UnitState {
    unit: Arc<Unit>,
    /// What the first pass has counted; of buckets that were looked into, what is left after changes.
    expected: Tally,
    found: Tally,
    /// The sides of the pass under way.
    sides: Option<[Arc<Side>; 2]>,
    /// What the first pass has counted, as it came.
    first: Option<[Tally; 2]>,
    chosen: Vec<bool>,
    looked_into: Vec<bool>,
    report: TableReport,
}

impl Verification {
    /// Asks the sinks of a job how they are read back.
    ///
    /// # Errors
    /// If no sink can be read back, a target is missing, or a source has no end.
    pub async fn new(plan: &JobPlan, options: VerifyOptions) -> Result<Self> {
        let mut verification = Self {
            plan: readable(plan)?,
            sinks: Vec::new(),
            units: Vec::new(),
            unread: Vec::new(),
            options,
            buckets: 0,
            started: false,
        };
        for index in plan.sinks() {
            let node = &plan.nodes[index];
            let NodeKind::Sink(sink) = &node.kind else {
                continue;
            };
            let readback = sink.readback().await;
            match readback.map_err(|e| e.with_context("plugin", &node.name))? {
                Some(readbacks) => verification.add(index, node, readbacks)?,
                None => verification.unread.push(node.name.clone()),
            }
        }
        if verification.units.is_empty() {
            let sinks = verification.unread.join(", ");
            return Err(Error::new(
                codes::NOT_READABLE,
                format!("there is nothing to compare: {sinks} can't be read back"),
            )
            .with_help("sinks that write files or tables can be verified, those that only show or check rows can not"));
        }
        let each = BUCKETS / verification.units.len().next_power_of_two();
        verification.buckets = each.max(FEWEST_BUCKETS);
        Ok(verification)
    }

    fn add(&mut self, index: usize, node: &Node, readbacks: Vec<Readback>) -> Result<()> {
        let mut own = SinkUnits {
            node: index,
            readbacks: Vec::new(),
        };
        for Readback { source, tables } in readbacks {
            let mut targets: Vec<(&TablePath, Vec<&ReadbackTable>)> = Vec::new();
            for table in &tables {
                match targets.iter_mut().find(|(path, _)| **path == table.target) {
                    Some((_, inputs)) => inputs.push(table),
                    None => targets.push((&table.target, vec![table])),
                }
            }
            let mut units = Vec::new();
            for (path, readback) in targets {
                let unit = make_unit(node, source.as_ref(), path, &readback)?;
                units.push(self.units.len());
                self.units.push(UnitState::new(unit, self.options));
            }
            own.readbacks.push((source, units));
        }
        self.sinks.push(own);
        Ok(())
    }

    /// A job that reads both sides and writes nothing; none if all is known. After it has run
    /// through, [`Verification::finish_pass`] must be called.
    pub fn next_pass(&mut self) -> Option<JobPlan> {
        let buckets = self.buckets;
        if self.started {
            self.choose();
        }
        for state in &mut self.units {
            let sides = if !self.started {
                Some([None, None])
            } else if state.chosen.contains(&true) {
                let bytes = self.options.memory.saturating_mul(MOST_OVER_ESTIMATE);
                let wanted = Wanted {
                    buckets: state.chosen.as_slice().into(),
                    bytes,
                };
                Some([Some(wanted.clone()), Some(wanted)])
            } else {
                None
            };
            state.sides =
                sides.map(|sides| sides.map(|wanted| Arc::new(Side::new(buckets, wanted))));
        }
        self.started = true;
        let any = self.units.iter().any(|state| state.sides.is_some());
        any.then(|| self.pass())
    }

    /// The job of a pass.
    fn pass(&self) -> JobPlan {
        let mut plan = self.plan.clone();
        let widest = |node: &Node| match node.kind {
            NodeKind::Source { parallelism, .. } => parallelism,
            _ => 1,
        };
        let parallelism = plan.nodes.iter().map(widest).max().unwrap_or(1);
        for index in plan.sinks().collect::<Vec<_>>() {
            let node = &mut plan.nodes[index];
            let mut routes = HashMap::new();
            let units = self.sinks.iter().filter(|sink| sink.node == index);
            let units = units.flat_map(|sink| &sink.readbacks);
            for state in units.flat_map(|(_, units)| units).map(|u| &self.units[*u]) {
                let Some([side, _]) = &state.sides else {
                    continue;
                };
                let inputs = state.unit.inputs.iter();
                routes.extend(inputs.map(|(table, positions)| {
                    (table.clone(), Route::of_input(&state.unit, positions, side))
                }));
            }
            node.kind = NodeKind::Sink(erase_sink(TallySink(Arc::new(routes))));
            // Rows that a transform rejects are left out as they were then, and not kept again.
            node.dirty = node.dirty.take().map(|place| DirtyPlace {
                path: None,
                ..place
            });
        }
        for sink in &self.sinks {
            let name = self.plan.nodes[sink.node].name.clone();
            plan.nodes[sink.node].name = format!("rows for {name}");
            for (source, units) in &sink.readbacks {
                let mut routes = HashMap::new();
                for state in units.iter().map(|u| &self.units[*u]) {
                    if let Some([_, side]) = &state.sides {
                        let route = Route::of_target(&state.unit, side);
                        routes.insert(state.unit.target.0.clone(), route);
                    }
                }
                if routes.is_empty() {
                    continue;
                }
                let tables = source.tables();
                let next = plan.nodes.len();
                plan.nodes.push(Node {
                    name: format!("target of {name}"),
                    kind: NodeKind::Source {
                        source: source.clone(),
                        parallelism,
                    },
                    outputs: vec![next + 1],
                    tables: tables.clone(),
                    dirty: None,
                });
                plan.nodes.push(Node {
                    name: format!("rows in {name}"),
                    kind: NodeKind::Sink(erase_sink(TallySink(Arc::new(routes)))),
                    outputs: Vec::new(),
                    tables,
                    dirty: None,
                });
            }
        }
        plan
    }

    /// Takes in what a pass has found.
    ///
    /// # Errors
    /// If values can't be compared.
    pub fn finish_pass(&mut self) -> Result<()> {
        for state in &mut self.units {
            let Some([expected, found]) = state.sides.take() else {
                continue;
            };
            let tallies = [expected.tally(), found.tally()];
            let Some(first) = &state.first else {
                [state.expected, state.found] = tallies.clone();
                state.first = Some(tallies);
                state.chosen = vec![false; self.buckets];
                state.looked_into = vec![false; self.buckets];
                continue;
            };
            state.report.changed_meanwhile |= *first != tallies;
            state.look(expected.take_kept(), found.take_kept(), self.options)?;
        }
        Ok(())
    }

    /// What was found.
    pub fn report(&self) -> VerifyReport {
        VerifyReport {
            tables: self.units.iter().map(UnitState::report).collect(),
            unread: self.unread.clone(),
        }
    }

    /// Chooses the buckets that the next pass looks into, as many as memory allows.
    fn choose(&mut self) {
        let mut left = self.options.memory as u64;
        for state in &mut self.units {
            state.chosen.fill(false);
            if !state.wants_a_look(self.options) {
                continue;
            }
            let seen = state.expected.seen() + state.found.seen();
            let bytes = state.expected.bytes + state.found.bytes;
            // Keys and hashes are kept besides the rows.
            let of_row = 2 * bytes / seen.max(1) + 64;
            for bucket in state.unequal().collect::<Vec<_>>() {
                let rows = state.expected.buckets[bucket].seen + state.found.buckets[bucket].seen;
                let needed = rows.saturating_mul(of_row);
                // The first one is always tried, or there would be no end.
                if needed > left && left < self.options.memory as u64 {
                    break;
                }
                state.chosen[bucket] = true;
                left = left.saturating_sub(needed.max(1));
            }
        }
    }
}

impl UnitState {
    fn new(unit: Unit, options: VerifyOptions) -> Self {
        let inputs = unit.inputs.iter();
        let key = unit.columns[..unit.key].iter();
        let report = TableReport {
            sink: unit.sink.clone(),
            inputs: inputs.map(|(table, _)| table.to_string()).collect(),
            target: unit.target.0.to_string(),
            key: key.map(|column| column.name.clone()).collect(),
            columns_missing: unit.missing.clone(),
            columns_extra: unit.extra.clone(),
            complete: true,
            extra_allowed: options.allow_extra,
            ..TableReport::default()
        };
        Self {
            unit: Arc::new(unit),
            expected: Tally::new(0),
            found: Tally::new(0),
            sides: None,
            first: None,
            chosen: Vec::new(),
            looked_into: Vec::new(),
            report,
        }
    }

    /// Buckets that differ and that were not looked into.
    fn unequal(&self) -> impl Iterator<Item = usize> {
        let pairs = self.expected.buckets.iter().zip(&self.found.buckets);
        pairs
            .enumerate()
            .filter(|(bucket, (a, b))| {
                !self.looked_into[*bucket] && (a.sum != b.sum || a.rows != b.rows)
            })
            .map(|(bucket, _)| bucket)
    }

    /// Whether rows that differ are still to be found.
    fn wants_a_look(&self, options: VerifyOptions) -> bool {
        let report = &self.report;
        let extra = if options.allow_extra { 0 } else { report.extra };
        let nothing_yet = report.missing + report.different + extra == 0;
        let may_be_equal = self.unit.folds() || options.allow_extra;
        nothing_yet
            && report.complete
            && !report.changed_meanwhile
            && (options.differences > 0 || may_be_equal)
    }

    /// Compares the rows of the chosen buckets; none were kept where they are too many.
    fn look(
        &mut self,
        expected: Option<Vec<sink::Kept>>,
        found: Option<Vec<sink::Kept>>,
        options: VerifyOptions,
    ) -> Result<()> {
        let (Some(expected), Some(found)) = (expected, found) else {
            self.report.complete = false;
            return Ok(());
        };
        let options = CompareOptions {
            differences: options.differences,
            allow_extra: options.allow_extra,
        };
        let buckets = self.chosen.len();
        let result = compare(&self.unit, &expected, &found, buckets, options)?;
        self.report.missing += result.missing;
        self.report.extra += result.extra;
        self.report.different += result.different;
        self.report.differences.extend(result.differences);
        for (bucket, chosen) in self.chosen.iter().enumerate() {
            if *chosen {
                self.looked_into[bucket] = true;
                let own = &mut self.expected.buckets[bucket];
                own.sum = result.expected.buckets[bucket].sum;
                own.rows = result.expected.buckets[bucket].rows;
            }
        }
        Ok(())
    }

    fn report(&self) -> TableReport {
        let mut report = self.report.clone();
        report.rows_expected = self.expected.rows();
        report.rows_found = self.found.rows();
        report.checksum_expected = self.expected.checksum();
        report.checksum_found = self.found.checksum();
        report.complete &= self.unequal().next().is_none();
        report
    }
}

/// The job, as a batch job that runs once.
fn readable(plan: &JobPlan) -> Result<JobPlan> {
    let mut plan = plan.clone();
    for node in &plan.nodes {
        if let NodeKind::Source { source, .. } = &node.kind
            && source.boundedness() == Boundedness::Unbounded
        {
            return Err(Error::new(
                codes::NOT_COMPARABLE,
                format!("{} has no end: there is no moment at which its target holds all of it", node.name),
            )
            .with_help("verify a job in batch mode, or compare after the stream with a batch job over the same tables"));
        }
    }
    plan.job.mode = JobMode::Batch;
    // What is counted can't be taken back.
    plan.env.job_retry_times = Some(0);
    plan.env.checkpoint_interval = None;
    Ok(plan)
}

/// A target of a sink and the tables that go into it.
fn make_unit(
    node: &Node,
    source: &dyn DynSource,
    path: &TablePath,
    readback: &[&ReadbackTable],
) -> Result<Unit> {
    let lost = |what: &str, path: &TablePath| {
        Error::new(codes::NOT_COMPARABLE, format!("{what} {path} is not there"))
            .with_context("plugin", &node.name)
    };
    let tables = source.tables();
    let target = tables.iter().find(|table| table.path() == path);
    let target = target.ok_or_else(|| lost("the target", path))?;
    let inputs = readback
        .iter()
        .map(|one| {
            let mut tables = node.tables.iter();
            let input = tables.find(|table| *table.path() == one.table);
            let input = input.ok_or_else(|| lost("the table", &one.table))?;
            Ok((input.clone(), *one))
        })
        .collect::<Result<Vec<_>>>()?;
    Unit::new(&node.name, &inputs, target)
}
