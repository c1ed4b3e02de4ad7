//! A source that counts, in several ways.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{Int64Array, RecordBatch};
use async_trait::async_trait;
use seatunnel_api::plan::NodeKind;
use seatunnel_api::state::{StateKind, decode, encode};
use seatunnel_api::{
    AssignedSplits, Batch, Boundedness, CatalogTable, Column, DataType, Discovery, Error,
    NextDiscovery, Output, Result, Source, SourceReader, Split, SplitEnumerator, State, TablePath,
    TableSchema, TaskContext, Value, erase_source,
};
use serde::{Deserialize, Serialize};

use crate::BROKEN;
use crate::fate::Fate;

/// Numbers `next..end` of the split that began at `first`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counting {
    pub first: i64,
    pub next: i64,
    pub end: i64,
}

impl State for Counting {}
impl Split for Counting {
    fn id(&self) -> String {
        format!("from {}", self.first)
    }
}

/// `count` splits of `rows` numbers each, from `first` on.
pub fn splits(first: i64, count: i64, rows: i64) -> Vec<Counting> {
    (0..count)
        .map(|n| first + n * rows)
        .map(|first| Counting {
            first,
            next: first,
            end: first + rows,
        })
        .collect()
}

/// How a reader goes about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// One split after the other, a position with each batch.
    Batches,
    /// Row by row, a position now and then: most batches have none.
    Rows,
    /// All splits it gets at once, in turn.
    Together,
}

/// Numbers from `from` on are read once `until` says so, however quick or slow the machine is.
#[derive(Clone)]
pub struct Hold {
    pub from: i64,
    pub until: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Hold {
    /// Numbers from `from` on are never read.
    pub fn for_good(from: i64) -> Self {
        Self {
            from,
            until: Arc::new(|| false),
        }
    }
}

#[derive(Clone)]
pub struct Count {
    pub table: Arc<CatalogTable>,
    pub splits: Vec<Counting>,
    pub way: Way,
    /// Whether a split comes when the one before is finished.
    pub chained: bool,
    /// Whether it goes on when all is read, without rows.
    pub endless: bool,
    pub rows_per_batch: i64,
    pub pause: Duration,
    pub hold: Hold,
    pub fate: Arc<Fate>,
    pub told: Arc<Told>,
}

/// What the enumerator was told.
#[derive(Default)]
pub struct Told {
    pub finished: Mutex<Vec<String>>,
    pub durable: Mutex<Vec<Vec<Counting>>>,
    pub discoveries: AtomicU64,
}

impl Count {
    pub fn new(splits: Vec<Counting>, fate: &Arc<Fate>) -> Self {
        Self {
            table: table("numbers"),
            splits,
            way: Way::Batches,
            chained: false,
            endless: false,
            rows_per_batch: 7,
            pause: Duration::from_millis(1),
            hold: Hold::for_good(i64::MAX),
            fate: fate.clone(),
            told: Arc::default(),
        }
    }

    pub fn node(self, parallelism: usize) -> NodeKind {
        NodeKind::Source {
            source: erase_source(self),
            parallelism,
        }
    }
}

pub fn table(name: &str) -> Arc<CatalogTable> {
    let columns = vec![Column::new("n", DataType::BigInt)];
    let path = TablePath::table(name);
    Arc::new(CatalogTable::new("test", path, TableSchema::new(columns)))
}

#[async_trait]
impl Source for Count {
    type Split = Counting;
    type Reader = CountReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    fn boundedness(&self) -> Boundedness {
        match self.endless {
            true => Boundedness::Unbounded,
            false => Boundedness::Bounded,
        }
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<Counting>> {
        Ok(self.splits.clone())
    }

    async fn enumerator(
        &self,
        _parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<Counting>>> {
        let state = match state {
            Some(bytes) => decode(StateKind::Enumerator, bytes)?,
            None => Handed(0, 0),
        };
        Ok(Box::new(CountEnumerator {
            source: self.clone(),
            state,
        }))
    }

    async fn reader(&self, _context: TaskContext) -> Result<CountReader> {
        Ok(CountReader {
            source: self.clone(),
        })
    }
}

/// How many splits were handed over, and how many of them are finished.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Handed(usize, usize);
impl State for Handed {}

struct CountEnumerator {
    source: Count,
    state: Handed,
}

#[async_trait]
impl SplitEnumerator<Counting> for CountEnumerator {
    async fn discover(&mut self) -> Result<Discovery<Counting>> {
        self.source.told.discoveries.fetch_add(1, Ordering::SeqCst);
        let all = &self.source.splits;
        let upto = match self.source.chained {
            true => all.len().min(self.state.1 + 1),
            false => all.len(),
        };
        let splits = all[self.state.0.min(upto)..upto].to_vec();
        self.state.0 = upto;
        let next = match () {
            () if self.source.endless => NextDiscovery::After(Duration::from_millis(5)),
            () if self.state.0 < all.len() => NextDiscovery::OnSplitFinished,
            () => NextDiscovery::Never,
        };
        Ok(Discovery { splits, next })
    }

    async fn split_finished(&mut self, split: Counting) -> Result<()> {
        self.state.1 += 1;
        if self.state.1 > self.state.0 {
            let message = format!("{} was told of once more than there are splits", split.id());
            return Err(Error::new(BROKEN, message));
        }
        self.source.told.finished.lock().unwrap().push(split.id());
        Ok(())
    }

    async fn checkpoint_durable(&mut self, positions: Vec<Counting>) -> Result<()> {
        self.source.told.durable.lock().unwrap().push(positions);
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        encode(StateKind::Enumerator, &self.state)
    }
}

pub struct CountReader {
    source: Count,
}

impl CountReader {
    /// The next batch of a split; the split is what is left.
    fn batch(&self, split: &mut Counting) -> Result<Batch> {
        let end = split.end.min(split.next + self.source.rows_per_batch);
        let numbers = Int64Array::from_iter_values(split.next..end);
        split.next = end;
        let schema = self.source.table.arrow_schema().clone();
        let records = RecordBatch::try_new(schema, vec![Arc::new(numbers)])?;
        Ok(Batch::inserts(self.source.table.clone(), records))
    }

    /// Before the numbers from `next` on.
    async fn step(&self, next: i64) -> Result<()> {
        self.source.fate.point().await?;
        tokio::time::sleep(self.source.pause).await;
        let hold = &self.source.hold;
        while next >= hold.from && !(hold.until)() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

#[async_trait]
impl SourceReader for CountReader {
    type Split = Counting;

    async fn read(&mut self, mut split: Counting, out: &mut Output<'_, Counting>) -> Result<()> {
        while split.next < split.end {
            self.step(split.next).await?;
            if self.source.way == Way::Batches {
                let batch = self.batch(&mut split)?;
                out.emit(batch, &split).await?;
                continue;
            }
            for _ in 0..self.source.rows_per_batch.min(split.end - split.next) {
                let row = [Value::BigInt(split.next)];
                out.row(&self.source.table, &row).await?;
                split.next += 1;
            }
            out.position(&split).await?;
        }
        Ok(())
    }

    async fn read_assigned(
        &mut self,
        splits: &mut AssignedSplits<'_, Counting>,
        out: &mut Output<'_, Counting>,
    ) -> Result<()> {
        if self.source.way != Way::Together {
            while let Some(split) = splits.next().await? {
                let id = split.id();
                self.read(split, out).await?;
                out.flush().await?;
                splits.finished(&id).await?;
            }
            return Ok(());
        }
        let mut open: VecDeque<Counting> = VecDeque::new();
        loop {
            while let Some(more) = splits.try_next()? {
                open.push_back(more);
            }
            if open.is_empty() {
                match splits.next().await? {
                    Some(split) => open.push_back(split),
                    None => return Ok(()),
                }
            }
            self.step(open.iter().map(|split| split.next).max().unwrap_or(0))
                .await?;
            // Rows of two splits in a row, then where both are.
            let mut positions = Vec::new();
            for _ in 0..2.min(open.len()) {
                let Some(mut split) = open.pop_front() else {
                    break;
                };
                let batch = self.batch(&mut split)?;
                positions.push(split.clone());
                out.emit_all(batch, &positions).await?;
                if split.next < split.end {
                    open.push_back(split);
                } else {
                    splits.finished(&split.id()).await?;
                    positions.pop();
                }
            }
        }
    }
}
