//! What tests hand to sources and sinks in the place of an engine: jobs, tasks, tables, rows.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, DirtyKeeper, DirtyRow, DirtyRows,
    JobContext, JobMode, Metrics, PrimaryKey, Result, RowKind, TablePath, TableSchema, TaskContext,
    Value,
};

/// A batch job.
pub fn job() -> JobContext {
    JobContext {
        id: "job-1".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

/// The only task of its source or sink, whose rows must all be good.
pub fn task() -> TaskContext {
    TaskContext {
        job: job(),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::default(),
        dirty: DirtyRows::off(),
    }
}

/// The rows that are set aside, each as the members of a JSON object.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<String>>);

#[async_trait]
impl DirtyKeeper for Kept {
    async fn keep(&self, row: &DirtyRow<'_>) -> Result<()> {
        let mut all = self.0.lock().expect("no test panics while it keeps a row");
        all.push(row.members.clone());
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// A task that sets rows aside.
pub fn task_keeping(kept: &Arc<Kept>) -> TaskContext {
    let keeper: Arc<dyn DirtyKeeper> = kept.clone();
    TaskContext {
        dirty: DirtyRows::new(vec![keeper], "Jdbc", 0, Metrics::default()),
        ..task()
    }
}

/// Polls `work` at most so many times, and gives it up when it then still waits for something.
///
/// Unlike with a limit of time, no machine is too quick for it: with 0, 1, 2… polls until there is a result, work is given up
/// at each place where it waits. Where a busy machine has the answer at once it does not wait.
pub async fn give_up_after<W: Future>(polls: usize, work: W) -> Option<W::Output> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Pending if left == 0 => Poll::Ready(None),
            other => other.map(Some),
        }
    })
    .await
}

/// A table of columns, each a name and a type, with a primary key that may be empty.
#[track_caller]
pub fn table(name: &str, columns: &[(&str, &str)], key: &[&str]) -> Arc<CatalogTable> {
    let columns = columns
        .iter()
        .map(|(name, of)| Column::new(*name, DataType::parse(of).expect("a type's name")))
        .collect();
    let mut schema = TableSchema::new(columns);
    schema.primary_key = (!key.is_empty()).then(|| PrimaryKey {
        name: "pk".to_owned(),
        columns: key.iter().map(|k| (*k).to_owned()).collect(),
    });
    Arc::new(CatalogTable::new("test", TablePath::table(name), schema))
}

/// Rows of a table.
#[track_caller]
pub fn batch(table: &Arc<CatalogTable>, rows: &[(RowKind, Vec<Value>)]) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for (kind, values) in rows {
        builder
            .push(*kind, values)
            .expect("values of the table's types");
    }
    builder.finish()
}

/// Rows of a table that are all inserts.
#[track_caller]
pub fn inserts(table: &Arc<CatalogTable>, rows: Vec<Vec<Value>>) -> Batch {
    let rows: Vec<_> = rows.into_iter().map(|r| (RowKind::Insert, r)).collect();
    batch(table, &rows)
}

/// All splits of a bounded source.
pub async fn splits(source: &Arc<dyn DynSource>, parallelism: usize) -> Vec<SplitBytes> {
    let enumerator = source.enumerator(parallelism, None).await;
    let mut enumerator = enumerator.expect("an enumerator");
    enumerator.discover().await.expect("splits").splits
}
