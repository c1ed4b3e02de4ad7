//! The sink: checks rows as they come, counts them, and looks at the counts at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Error, Guarantee, Result, Sink, SinkWriter, State,
    TaskContext,
};
use serde::{Deserialize, Serialize};

use crate::codes;
use crate::field_check::FieldChecks;
use crate::rules::{RuleKind, Rules, ValueRule};

pub(crate) const GUARANTEE: Guarantee =
    Guarantee::ExactlyOnce("as long as the process that counts lives");

pub(crate) struct AssertSink {
    rules: Arc<Rules>,
    /// What has been committed, by who counted it and when: committed again, it counts once.
    counted: Mutex<HashMap<(usize, CheckpointId), BTreeMap<String, u64>>>,
}

impl AssertSink {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules: rules.into(),
            counted: Mutex::default(),
        }
    }

    fn totals(&self) -> BTreeMap<String, u64> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut totals = BTreeMap::new();
        for (table, rows) in counted.values().flatten() {
            *totals.entry(table.clone()).or_default() += rows;
        }
        totals
    }
}

/// Rows of each table that one writer saw up to a checkpoint, since the one before.
#[derive(Serialize, Deserialize)]
pub(crate) struct Counts {
    subtask: usize,
    checkpoint: CheckpointId,
    rows: BTreeMap<String, u64>,
}

impl State for Counts {}

#[async_trait]
impl Sink for AssertSink {
    type Committable = Counts;
    type Writer = AssertWriter;

    async fn writer(&self, context: TaskContext) -> Result<AssertWriter> {
        Ok(AssertWriter {
            rules: self.rules.clone(),
            subtask: context.subtask,
            tables: Vec::new(),
        })
    }

    async fn commit(&self, committables: Vec<Counts>) -> Result<()> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for counts in committables {
            counted.insert((counts.subtask, counts.checkpoint), counts.rows);
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        let totals = self.totals();
        for (table, rules) in &self.rules.rows {
            let rows = totals.get(table).copied().unwrap_or(0);
            for rule in rules {
                check_rows(rule, rows).map_err(|e| e.with_context("table", table))?;
            }
        }
        let seen: BTreeSet<String> = totals.into_keys().collect();
        let names = &self.rules.table_names;
        if !names.is_empty() && seen != *names {
            return Err(Error::new(
                codes::BROKEN,
                format!(
                    "rows came from the tables [{}], `table-names` says [{}]",
                    joined(&seen),
                    joined(names)
                ),
            )
            .at(&self.rules.table_names_span));
        }
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        GUARANTEE
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn check_rows(rule: &ValueRule, rows: u64) -> Result<()> {
    let unusable = |message: String| Error::new(codes::RULE, message).at(&rule.span);
    let Some(kind) = rule.kind else {
        return Err(unusable("the row rule has no `rule_type`".to_owned()));
    };
    if !matches!(kind, RuleKind::MinRow | RuleKind::MaxRow) {
        // A rule on values has nothing to say about counts.
        return Ok(());
    }
    let Some(limit) = rule.limit else {
        return Err(unusable(format!("{} has no `rule_value`", kind.name())));
    };
    let kept = match kind {
        RuleKind::MinRow => rows as f64 >= limit,
        _ => rows as f64 <= limit,
    };
    if kept {
        return Ok(());
    }
    Err(Error::new(
        codes::BROKEN,
        format!(
            "the number of rows breaks the rule {} {limit}: it is {rows}",
            kind.name()
        ),
    )
    .at(&rule.span))
}

pub(crate) struct AssertWriter {
    rules: Arc<Rules>,
    subtask: usize,
    /// The tables whose rows have come.
    tables: Vec<Table>,
}

struct Table {
    table: Arc<CatalogTable>,
    path: String,
    checks: Option<FieldChecks>,
    /// Rows since the writer was made.
    rows: u64,
    /// Of these, those that are not handed over yet.
    open: u64,
}

#[async_trait]
impl SinkWriter for AssertWriter {
    type Committable = Counts;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let known = |t: &Table| Arc::ptr_eq(&t.table, batch.table());
        let index = match self.tables.iter().position(known) {
            Some(index) => index,
            None => {
                let path = batch.table().path().to_string();
                let rules = self.rules.fields_of(&path).cloned();
                self.tables.push(Table {
                    table: batch.table().clone(),
                    checks: rules.map(|rules| FieldChecks::new(batch.table(), rules)),
                    path,
                    rows: 0,
                    open: 0,
                });
                self.tables.len() - 1
            }
        };
        let table = &mut self.tables[index];
        if let Some(checks) = &table.checks {
            checks.check(&batch, table.rows)?;
        }
        table.rows += batch.num_rows() as u64;
        table.open += batch.num_rows() as u64;
        Ok(())
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Counts>> {
        let mut rows = BTreeMap::new();
        for table in self.tables.iter_mut().filter(|t| t.open > 0) {
            *rows.entry(table.path.clone()).or_default() += std::mem::take(&mut table.open);
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Counts {
            subtask: self.subtask,
            checkpoint,
            rows,
        }])
    }
}
