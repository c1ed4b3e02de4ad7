//! The toy sink: files of a folder for each table, moved there from a hidden one at the commit.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, RecordBatch, UInt8Array};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, CheckpointId, Error, Guarantee, PluginInfo, Registry,
    Result, RowKind, RowKinds, Sink, SinkContext, SinkFactory, SinkWriter, State, TaskContext,
    Value, codes, erase_sink,
};
use seatunnel_conformance::{Bad, Connection, Fixture, FixtureResult, SinkFixture};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::{MISSING, Server, cut, filled};

/// One mistake each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    CommitsEarly,
    WritesInPlace,
    CommitsTwice,
    CommitsFromMemory,
    BuffersEverything,
    DeletesFirst,
    DropsLastBatch,
    WritersOverwrite,
    CutsTexts,
    NullBecomesEmptyText,
    AbortFlushes,
    AbortCommits,
    HangsWhenKilled,
    EndsWhenKilled,
    ErrorWithoutCode,
    ErrorWithoutFolder,
    FailsWithoutRows,
    PromisesTooMuch,
    HalfARow,
}

/// A fixture of the toy sink with a mistake.
pub(crate) struct Toy {
    pub(crate) bug: Bug,
    server: Arc<Server>,
    folder: TempDir,
}

impl Toy {
    pub(crate) fn new(bug: Bug) -> Self {
        Self {
            bug,
            server: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }
}

impl Fixture for Toy {
    fn plugin(&self) -> (Registry, &'static str) {
        let factory = ToyFactory {
            bug: self.bug,
            server: self.server.clone(),
        };
        (Registry::new().sink(factory), "Toy")
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self.server.as_ref())
    }
}

#[async_trait]
impl SinkFixture for Toy {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        let folder = self.folder.path().join(&table.path().table);
        fs::create_dir(&folder)?;
        Ok(json!({ "folder": folder }))
    }

    async fn rows(
        &self,
        config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(config["folder"].as_str().unwrap())? {
            let path = entry?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for file in files {
            for records in FileReader::try_new(File::open(file)?, None)? {
                for (kind, row) in unpack(table, &records?) {
                    match kind {
                        RowKind::Insert | RowKind::UpdateAfter => rows.push(row),
                        RowKind::UpdateBefore | RowKind::Delete => {
                            if let Some(at) = rows.iter().rposition(|r| r[0] == row[0]) {
                                rows.remove(at);
                            }
                        }
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let config = json!({ "folder": self.folder.path().join("nowhere") });
        Ok(vec![
            Bad::new("a missing folder", config).mentions("nowhere"),
        ])
    }
}

struct ToyFactory {
    bug: Bug,
    server: Arc<Server>,
}

/// Options of the toy.
#[derive(Clone, Debug, Options)]
struct ToyOptions {
    /// The folder.
    folder: String,
}

const PROMISE: Guarantee = Guarantee::ExactlyOnce("always");

#[async_trait]
impl SinkFactory for ToyFactory {
    type Options = ToyOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Toy",
            aliases: &[],
            summary: "A sink for tests.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        match self.bug {
            Bug::PromisesTooMuch => Guarantee::AtLeastOnce,
            _ => PROMISE,
        }
    }

    async fn create(&self, options: ToyOptions, context: SinkContext) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(ToySink {
            folder: PathBuf::from(options.folder),
            job: context.job.id,
            bug: self.bug,
            server: self.server.clone(),
            known: Arc::default(),
        }))
    }
}

struct ToySink {
    folder: PathBuf,
    job: Arc<str>,
    bug: Bug,
    server: Arc<Server>,
    /// For the one that remembers what it should write down.
    known: Arc<Mutex<Vec<String>>>,
}

/// The name of a file that is ready.
#[derive(Serialize, Deserialize)]
struct Ready(String);

impl State for Ready {}

fn lost<T>(error: impl std::error::Error + Send + Sync + 'static) -> Result<T> {
    Err(Error::new(MISSING, "the file can't be written").with_cause(error))
}

impl ToySink {
    fn staged(&self, name: &str) -> PathBuf {
        self.folder.join(".staged").join(name)
    }
}

#[async_trait]
impl Sink for ToySink {
    type Committable = Ready;
    type Writer = ToyWriter;

    async fn prepare(&self) -> Result<()> {
        self.server.ask()?;
        if !self.folder.exists() {
            let folder = self.folder.display();
            return Err(match self.bug {
                Bug::ErrorWithoutCode => Error::new(codes::INTERNAL, format!("no {folder}")),
                Bug::ErrorWithoutFolder => Error::new(MISSING, "the folder is not there"),
                _ => Error::new(MISSING, format!("there is no folder {folder}")),
            });
        }
        fs::create_dir_all(self.folder.join(".staged")).or_else(lost)
    }

    async fn writer(&self, context: TaskContext) -> Result<ToyWriter> {
        Ok(ToyWriter {
            folder: self.folder.clone(),
            prefix: match self.bug {
                Bug::WritersOverwrite => self.job.to_string(),
                _ => format!("{}-{}", self.job, context.subtask),
            },
            bug: self.bug,
            server: self.server.clone(),
            known: self.known.clone(),
            file: None,
            files: 0,
            kept: Vec::new(),
        })
    }

    async fn commit(&self, committables: Vec<Ready>) -> Result<()> {
        match (self.server.ask(), self.bug) {
            (Err(_), Bug::EndsWhenKilled) => return Ok(()),
            (answer, _) => answer?,
        }
        for Ready(name) in committables {
            let (staged, shown) = (self.staged(&name), self.folder.join(&name));
            match self.bug {
                Bug::CommitsTwice => {
                    let number = fs::read_dir(&self.folder).map_or(0, Iterator::count);
                    fs::copy(staged, self.folder.join(format!("{name}-{number}"))).or_else(lost)?;
                }
                Bug::CommitsFromMemory if !self.known.lock().unwrap().contains(&name) => {}
                _ if staged.exists() => fs::rename(staged, shown).or_else(lost)?,
                _ if shown.exists() => {}
                _ => return Err(Error::new(MISSING, format!("{name} is not there any more"))),
            }
        }
        Ok(())
    }

    async fn abort(&self, committables: Vec<Ready>) -> Result<()> {
        if self.bug == Bug::AbortCommits {
            return self.commit(committables).await;
        }
        for Ready(name) in committables {
            fs::remove_file(self.staged(&name)).or_else(lost)?;
        }
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        PROMISE
    }
}

struct ToyWriter {
    folder: PathBuf,
    prefix: String,
    bug: Bug,
    server: Arc<Server>,
    known: Arc<Mutex<Vec<String>>>,
    file: Option<(String, FileWriter<File>)>,
    files: usize,
    kept: Vec<Batch>,
}

#[async_trait]
impl SinkWriter for ToyWriter {
    type Committable = Ready;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        tokio::task::yield_now().await;
        match (self.server.ask(), self.bug) {
            (Ok(()), _) => {}
            (Err(_), Bug::HangsWhenKilled) => std::future::pending().await,
            (Err(_), Bug::EndsWhenKilled) => return Ok(()),
            (Err(error), _) => return Err(error),
        }
        match self.bug {
            Bug::BuffersEverything | Bug::DropsLastBatch => self.kept.push(batch),
            _ => self.append(&batch)?,
        }
        if self.bug == Bug::DropsLastBatch && self.kept.len() > 1 {
            let first = self.kept.remove(0);
            self.append(&first)?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _: CheckpointId) -> Result<Vec<Ready>> {
        tokio::task::yield_now().await;
        match (self.server.ask(), self.bug) {
            (Err(_), Bug::EndsWhenKilled) => return Ok(Vec::new()),
            (answer, _) => answer?,
        }
        if self.bug == Bug::BuffersEverything {
            for batch in std::mem::take(&mut self.kept) {
                self.append(&batch)?;
            }
        }
        self.close_file()
    }

    async fn abort(&mut self) -> Result<()> {
        match self.bug {
            Bug::AbortFlushes => {
                for Ready(name) in self.close_file()? {
                    let from = self.folder.join(".staged").join(&name);
                    fs::rename(from, self.folder.join(name)).or_else(lost)?;
                }
            }
            _ => {
                if let Some((name, file)) = self.file.take() {
                    drop(file);
                    fs::remove_file(self.folder.join(".staged").join(name)).or_else(lost)?;
                }
            }
        }
        Ok(())
    }
}

impl ToyWriter {
    fn append(&mut self, batch: &Batch) -> Result<()> {
        let records = pack(batch, self.bug);
        if self.file.is_none() {
            self.files += 1;
            // Files of a job are read in the order they were begun in.
            let name = format!("{}-{:05}-{}", self.prefix, self.files, now());
            let name = match self.bug {
                Bug::WritersOverwrite => format!("{}-{:05}", self.prefix, self.files),
                _ => name,
            };
            let path = match self.bug {
                Bug::WritesInPlace => self.folder.join(&name),
                _ => self.folder.join(".staged").join(&name),
            };
            let file = File::create(path).or_else(lost)?;
            self.file = Some((name, FileWriter::try_new(file, &records.schema())?));
        }
        if let Some((_, file)) = &mut self.file {
            file.write(&records)?;
            if self.bug == Bug::WritesInPlace {
                file.finish()?;
                self.file = None;
            }
        }
        Ok(())
    }

    fn close_file(&mut self) -> Result<Vec<Ready>> {
        let Some((name, mut file)) = self.file.take() else {
            return match self.bug {
                Bug::FailsWithoutRows => Err(Error::new(MISSING, "there is no file to close")),
                _ => Ok(Vec::new()),
            };
        };
        file.finish()?;
        self.known.lock().unwrap().push(name.clone());
        if self.bug == Bug::CommitsEarly {
            let staged = self.folder.join(".staged").join(&name);
            fs::rename(staged, self.folder.join(&name)).or_else(lost)?;
        }
        Ok(vec![Ready(name)])
    }
}

/// A name that grows, also over restarts.
fn now() -> u128 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// The columns, and the kinds as one more.
fn pack(batch: &Batch, bug: Bug) -> RecordBatch {
    let batch = spoil(batch, bug);
    let kinds: UInt8Array = (0..batch.num_rows())
        .map(|row| Some(batch.kinds().get(row) as u8))
        .collect();
    let mut columns: Vec<(String, ArrayRef)> = batch
        .records()
        .columns()
        .iter()
        .enumerate()
        .map(|(index, column)| (format!("c{index}"), column.clone()))
        .collect();
    columns.push(("kind".to_owned(), Arc::new(kinds)));
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

fn spoil(batch: &Batch, bug: Bug) -> Batch {
    if !matches!(
        bug,
        Bug::CutsTexts | Bug::NullBecomesEmptyText | Bug::DeletesFirst | Bug::HalfARow
    ) {
        return batch.clone();
    }
    let mut rows: Vec<(RowKind, Vec<Value>)> =
        batch.rows().map(|row| (row.kind(), row.values())).collect();
    for (_, row) in &mut rows {
        for (value, column) in row.iter_mut().zip(batch.table().columns()) {
            *value = match bug {
                Bug::CutsTexts => cut(value),
                Bug::NullBecomesEmptyText => filled(value, &column.data_type),
                _ => value.clone(),
            };
        }
        if bug == Bug::HalfARow {
            *row.last_mut().unwrap() = Value::Null;
        }
    }
    if bug == Bug::DeletesFirst {
        rows.sort_by_key(|(kind, _)| match kind {
            RowKind::Delete | RowKind::UpdateBefore => 0,
            _ => 1,
        });
    }
    let mut builder = BatchBuilder::new(batch.table().clone());
    for (kind, row) in rows {
        builder.push(kind, &row).unwrap();
    }
    builder.finish()
}

fn unpack(table: &Arc<CatalogTable>, records: &RecordBatch) -> Vec<(RowKind, Vec<Value>)> {
    let width = table.columns().len();
    let kinds = records.column(width).as_primitive::<UInt8Type>();
    let kinds = kinds
        .values()
        .iter()
        .map(|b| RowKind::from_byte(*b))
        .collect();
    let columns = records.columns()[..width].to_vec();
    let records = RecordBatch::try_new(table.arrow_schema().clone(), columns).unwrap();
    let batch = Batch::new(table.clone(), records, RowKinds::from_kinds(kinds));
    batch.rows().map(|row| (row.kind(), row.values())).collect()
}
