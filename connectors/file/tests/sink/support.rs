//! Jobs of one sink, their tables and what they leave on the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeListArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray,
    RecordBatch, StringArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType as ArrowType, Field};
use seatunnel_api::config::{ConfigValue, Kind, Object, Span};
use seatunnel_api::erased::{DynSink, DynWriter};
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, JobContext, JobMode, Metrics, Registry, Result,
    SinkContext, TablePath, TableSchema, TaskContext,
};
use tempfile::TempDir;

/// Says that a test has not tested: past the test harness, which keeps what passing tests print.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// A folder for one test with `out` and `tmp` in it.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Options of a sink that writes here.
    pub(crate) fn options(&self, more: &[(&str, &str)]) -> ConfigValue {
        let (out, tmp) = (self.out(), self.tmp());
        let own = [
            ("path", out.to_str().unwrap()),
            ("tmp_path", tmp.to_str().unwrap()),
        ];
        options(own.iter().chain(more).copied())
    }

    /// Relative names of all files under `out`, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        files_below(&self.out())
    }

    /// The text of all files under `out`, in the order of their names.
    pub(crate) fn text(&self) -> String {
        let files = self.files();
        let texts = files
            .iter()
            .map(|f| fs::read_to_string(self.out().join(f)).unwrap());
        texts.collect()
    }

    /// Writes batches by one writer and commits them.
    pub(crate) async fn run(&self, more: &[(&str, &str)], batches: Vec<Batch>) -> Result<()> {
        let sink = sink(self.options(more), batches[0].table()).await?;
        run(&sink, batches).await
    }
}

/// Writes batches by one writer and commits them, as an engine does.
pub(crate) async fn run(sink: &Arc<dyn DynSink>, batches: Vec<Batch>) -> Result<()> {
    sink.prepare().await?;
    let mut writer = writer(sink, 0).await;
    for batch in batches {
        if let Err(error) = writer.write(batch).await {
            writer.abort().await?;
            return Err(error);
        }
    }
    let committables = writer.prepare_commit(1).await?;
    writer.close().await?;
    sink.commit(committables).await?;
    sink.finish().await
}

/// A block of options; `true`, `false` and lists `[a,b]` are read as such.
pub(crate) fn options<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> ConfigValue {
    let mut object = Object::new();
    for (key, value) in pairs {
        let value = match value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
            Some(items) => {
                let items = items.split(',').map(ConfigValue::string).collect();
                ConfigValue::new(Kind::List(items), Span::none())
            }
            None => ConfigValue::string(value),
        };
        object.insert(key.to_owned(), value);
    }
    ConfigValue::new(Kind::Object(object), Span::none())
}

pub(crate) fn job() -> JobContext {
    JobContext {
        id: "job7".into(),
        name: "test".into(),
        mode: JobMode::Batch,
    }
}

pub(crate) async fn sink(
    config: ConfigValue,
    table: &Arc<CatalogTable>,
) -> Result<Arc<dyn DynSink>> {
    sink_of_tables(config, vec![table.clone()]).await
}

pub(crate) async fn sink_of_tables(
    config: ConfigValue,
    tables: Vec<Arc<CatalogTable>>,
) -> Result<Arc<dyn DynSink>> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let factory = registry.find_sink("localfile").unwrap().clone();
    let context = SinkContext {
        job: job(),
        tables,
        config,
    };
    factory.create(context).await
}

pub(crate) async fn writer(sink: &Arc<dyn DynSink>, subtask: usize) -> Box<dyn DynWriter> {
    let context = TaskContext {
        job: job(),
        subtask,
        parallelism: 2,
        metrics: Metrics::new(),
        dirty: seatunnel_api::DirtyRows::off(),
    };
    sink.writer(context).await.unwrap()
}

/// Relative names of all files in a folder and below, in order; none if there is no such folder.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

pub(crate) fn table(columns: Vec<Column>) -> Arc<CatalogTable> {
    let path = TablePath::parse("shop.orders", false);
    Arc::new(CatalogTable::new("test", path, TableSchema::new(columns)))
}

pub(crate) fn batch(columns: Vec<(&str, DataType, ArrayRef)>) -> Batch {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (name, data_type, array) in columns {
        fields.push(Column::new(name, data_type));
        arrays.push(array);
    }
    let table = table(fields);
    let records = RecordBatch::try_new(table.arrow_schema().clone(), arrays).unwrap();
    Batch::inserts(table, records)
}

/// A table of numbers and names: `id`, `name`, `city`.
pub(crate) fn people(ids: std::ops::Range<i64>) -> Batch {
    const CITIES: [Option<&str>; 3] = [Some("Oslo"), None, Some("São Paulo")];
    let ids: Vec<i64> = ids.collect();
    let names: Vec<String> = ids.iter().map(|id| format!("name {id}")).collect();
    let cities: Vec<Option<&str>> = ids.iter().map(|id| CITIES[*id as usize % 3]).collect();
    batch(vec![
        ("id", DataType::BigInt, Arc::new(Int64Array::from(ids))),
        ("name", DataType::String, Arc::new(StringArray::from(names))),
        (
            "city",
            DataType::String,
            Arc::new(StringArray::from(cities)),
        ),
    ])
}

/// Two rows of every type, the second all NULL.
pub(crate) fn every_type() -> Batch {
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None, Some(3)]),
        None,
    ]);
    // The items of a vector are never null.
    let vector = FixedSizeListArray::new(
        Arc::new(Field::new("item", ArrowType::Float32, false)),
        2,
        Arc::new(Float32Array::from(vec![1.5, -2.0, 0.0, 0.0])),
        Some(vec![true, false].into()),
    );
    let row_type = DataType::parse("{a = int, b = string}").unwrap();
    let ArrowType::Struct(fields) = row_type.to_arrow() else {
        unreachable!("a row type is a struct")
    };
    let row = StructArray::new(
        fields,
        vec![
            Arc::new(Int32Array::from(vec![Some(7), None])),
            Arc::new(StringArray::from(vec![Some("x\"y"), None])),
        ],
        Some(vec![true, false].into()),
    );
    let map_type = DataType::parse("map<string, int>").unwrap();
    let ArrowType::Map(entries_field, _) = map_type.to_arrow() else {
        unreachable!("a map type is a map")
    };
    let ArrowType::Struct(entry_fields) = entries_field.data_type().clone() else {
        unreachable!("entries are a struct")
    };
    let entries = StructArray::new(
        entry_fields,
        vec![
            Arc::new(StringArray::from(vec!["k1", "k2"])),
            Arc::new(Int32Array::from(vec![Some(1), None])),
        ],
        None,
    );
    let map = MapArray::new(
        entries_field,
        OffsetBuffer::new(vec![0, 2, 2].into()),
        entries,
        Some(vec![true, false].into()),
        false,
    );
    let decimal = Decimal128Array::from(vec![Some(-1230), None])
        .with_precision_and_scale(12, 2)
        .unwrap();
    // 2024-02-29 12:30:00.25
    let instant = 1_709_209_800_250_000;
    batch(vec![
        (
            "c_string",
            DataType::String,
            Arc::new(StringArray::from(vec![Some("a,\"b\"\nc"), None])),
        ),
        (
            "c_boolean",
            DataType::Boolean,
            Arc::new(BooleanArray::from(vec![Some(true), None])),
        ),
        (
            "c_tinyint",
            DataType::TinyInt,
            Arc::new(Int8Array::from(vec![Some(-128), None])),
        ),
        (
            "c_smallint",
            DataType::SmallInt,
            Arc::new(Int16Array::from(vec![Some(32767), None])),
        ),
        (
            "c_int",
            DataType::Int,
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None])),
        ),
        (
            "c_bigint",
            DataType::BigInt,
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
        ),
        (
            "c_float",
            DataType::Float,
            Arc::new(Float32Array::from(vec![Some(0.1), None])),
        ),
        (
            "c_double",
            DataType::Double,
            Arc::new(Float64Array::from(vec![Some(1e10), None])),
        ),
        (
            "c_decimal",
            DataType::Decimal {
                precision: 12,
                scale: 2,
            },
            Arc::new(decimal),
        ),
        (
            "c_bytes",
            DataType::Bytes,
            Arc::new(BinaryArray::from(vec![Some(&b"raw"[..]), None])),
        ),
        (
            "c_date",
            DataType::Date,
            Arc::new(Date32Array::from(vec![Some(19_782), None])),
        ),
        (
            "c_time",
            DataType::Time,
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(45_000_000_000),
                None,
            ])),
        ),
        (
            "c_timestamp",
            DataType::Timestamp,
            Arc::new(TimestampMicrosecondArray::from(vec![Some(instant), None])),
        ),
        (
            "c_timestamp_tz",
            DataType::TimestampTz,
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(instant), None]).with_timezone("UTC"),
            ),
        ),
        (
            "c_array",
            DataType::parse("array<int>").unwrap(),
            Arc::new(tags),
        ),
        ("c_map", map_type, Arc::new(map)),
        ("c_row", row_type, Arc::new(row)),
        ("c_vector", DataType::FloatVector(2), Arc::new(vector)),
    ])
}
