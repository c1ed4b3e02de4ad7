//! Jobs of one source and the rows that it reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::{DynSource, SplitBytes};
use seatunnel_api::{
    Batch, BatchSize, Emitter, JobContext, JobMode, Metrics, Registry, Result, SourceContext,
    TaskContext, Value,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

pub(crate) type Rows = Vec<Vec<Value>>;

/// Keeps what a reader emits.
pub(crate) struct Collector {
    pub(crate) batches: Vec<(Batch, Option<Vec<u8>>)>,
    size: BatchSize,
}

impl Collector {
    /// For batches of so many rows.
    pub(crate) fn of_rows(rows: usize) -> Self {
        let size = BatchSize {
            rows,
            ..BatchSize::default()
        };
        Self {
            batches: Vec::new(),
            size,
        }
    }

    pub(crate) fn rows(&self) -> Rows {
        let batches = self.batches.iter();
        batches
            .flat_map(|(batch, _)| batch.rows().map(|r| r.values()).collect::<Vec<_>>())
            .collect()
    }
}

#[async_trait]
impl Emitter for Collector {
    async fn emit(&mut self, batch: Batch, position: Option<Vec<u8>>) -> Result<()> {
        self.batches.push((batch, position));
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        true
    }

    fn batch_size(&self) -> BatchSize {
        self.size
    }
}

fn job() -> JobContext {
    JobContext {
        id: "job7".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

pub(crate) async fn source(options: &Json) -> Result<Arc<dyn DynSource>> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let factory = registry.find_source("localfile").unwrap().clone();
    let context = SourceContext {
        job: job(),
        plugin_output: None,
        parallelism: 1,
    };
    factory
        .create(&ConfigValue::from_json(options), context)
        .await
}

pub(crate) async fn splits(source: &Arc<dyn DynSource>, readers: usize) -> Result<Vec<SplitBytes>> {
    let mut enumerator = source.enumerator(readers, None).await?;
    Ok(enumerator.discover().await?.splits)
}

/// Reads one split, given as bytes, in batches of so many rows.
pub(crate) async fn read_split(
    source: &Arc<dyn DynSource>,
    split: &[u8],
    rows: usize,
) -> Result<Collector> {
    let context = TaskContext {
        job: job(),
        subtask: 0,
        parallelism: 1,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    let mut reader = source.reader(context).await?;
    let mut collector = Collector::of_rows(rows);
    reader.read(split, &mut collector).await?;
    Ok(collector)
}

/// All rows, read by so many readers' splits one after the other.
pub(crate) async fn read_by(options: &Json, readers: usize) -> Result<Rows> {
    let source = source(options).await?;
    let mut rows = Vec::new();
    for split in splits(&source, readers).await? {
        rows.extend(read_split(&source, &split.bytes, 8_192).await?.rows());
    }
    Ok(rows)
}

/// All rows.
pub(crate) async fn read(options: &Json) -> Result<Rows> {
    read_by(options, 1).await
}

/// The message of what goes wrong, with its help.
pub(crate) async fn failure(options: &Json) -> String {
    let error = read(options).await.unwrap_err();
    format!("{error}\n{error:?}")
}

/// Rows of texts for comparisons: NULL is `~`.
pub(crate) fn texts(rows: &Rows) -> Vec<Vec<String>> {
    let text = |value: &Value| match value {
        Value::Null => "~".to_owned(),
        Value::String(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::BigInt(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    rows.iter()
        .map(|row| row.iter().map(text).collect())
        .collect()
}

/// A folder for one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, the folders on its way too.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Options that read the folder.
    pub(crate) fn options(&self, format: &str, fields: Json, more: Json) -> Json {
        let mut options = json!({
            "path": self.path().to_str().unwrap(),
            "file_format_type": format,
        });
        if !fields.is_null() {
            options["schema"] = json!({ "fields": fields });
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            options[key] = value.clone();
        }
        options
    }
}
