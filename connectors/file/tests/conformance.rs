//! LocalFile against the conformance kit: CSV, JSON and Parquet, what the source reads and what the
//! sink writes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Data, Fixture, FixtureResult, Holds, Limits, SinkCheck, SinkFixture, SourceFixture,
    Stored, async_trait, read_back, sink_tests, source_tests, write_by,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

source_tests!(csv_source, Files::new("csv"));
source_tests!(json_source, Files::new("json"));
source_tests!(parquet_source, Files::new("parquet"));
sink_tests!(csv_sink, Files::new("csv"));
sink_tests!(json_sink, Files::new("json"));
sink_tests!(parquet_sink, Files::new("parquet"));
sink_tests!(csv_sink_in_place, Files::new("csv").in_place());
sink_tests!(csv_sink_of_one_name, Files::new("csv").named());

const NAME: &str = "LocalFile";

/// A folder for each table.
struct Files {
    format: &'static str,
    in_place: bool,
    named: bool,
    folder: TempDir,
}

impl Files {
    fn new(format: &'static str) -> Self {
        Self {
            format,
            in_place: false,
            named: false,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// The user names the file.
    fn named(mut self) -> Self {
        self.named = true;
        self
    }

    fn path(&self, table: &str) -> PathBuf {
        self.folder.path().join("out").join(table)
    }

    fn sink(&self, table: &str) -> Json {
        json!({
            "path": self.path(table),
            "tmp_path": self.folder.path().join("tmp"),
            "file_format_type": self.format,
            "is_enable_transaction": !self.in_place,
            "custom_filename": self.named,
            "file_name_expression": if self.named { "rows" } else { "${transactionId}" },
        })
    }

    fn source(&self, data: &Data) -> Json {
        let mut config = json!({
            "path": self.path(data.name()),
            "file_format_type": self.format,
            // Many splits of a small file.
            "file_split_size": if data.split_by().is_some() { 4_096 } else { 64 << 20 },
        });
        if self.format != "parquet" {
            config["schema"] = data.schema_block();
        }
        config
    }
}

impl Fixture for Files {
    fn plugin(&self) -> (Registry, &'static str) {
        (seatunnel_connector_file::register(Registry::new()), NAME)
    }

    fn holds(&self, data_type: &DataType, value: &Value) -> Holds {
        if self.format != "csv" || value.is_null() {
            return Holds::Yes;
        }
        match (value, in_csv(data_type, value)) {
            (Value::String(_), _) => Holds::Yes,
            (_, kept) if kept == *value => Holds::Yes,
            (_, kept) => Holds::As(kept, "CSV tells null from empty for texts that stand alone"),
        }
    }

    fn limits(&self) -> Limits {
        let limits = Limits::default().leave_out(
            SinkCheck::RowKinds,
            "a file holds the rows as they come, those of deletes too",
        );
        match self.format {
            "parquet" => limits.memory(48 << 20, "a row group of 32 MiB is written in one piece"),
            _ => limits,
        }
    }
}

/// What CSV makes of a value: inside of lists and rows a text that is null is empty, and what would be
/// written as nothing is null.
fn in_csv(data_type: &DataType, value: &Value) -> Value {
    let nothing = Value::String(String::new());
    match (data_type, value) {
        (DataType::String, Value::Null) => nothing,
        (_, Value::Bytes(bytes)) if bytes.is_empty() => Value::Null,
        (DataType::Map(..), Value::Map(entries)) if entries.is_empty() => Value::Null,
        (DataType::Array(item), Value::Array(items)) => {
            let items: Vec<Value> = items.iter().map(|v| in_csv(item, v)).collect();
            match items.is_empty() || items == [nothing] {
                true => Value::Null,
                false => Value::Array(items),
            }
        }
        (DataType::Row(fields), Value::Row(values)) => {
            let values = fields.iter().zip(values);
            Value::Row(values.map(|(f, v)| in_csv(&f.data_type, v)).collect())
        }
        _ => value.clone(),
    }
}

#[async_trait]
impl SourceFixture for Files {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        let path = self.path(data.name());
        fs::create_dir_all(&path)?;
        write_by(&registry, name, &self.sink(data.name()), data).await?;
        Ok(Stored::new(self.source(data)))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let schema = json!({ "fields": { "id": "bigint", "amount": "decimal(6, 2)" } });
        let block = |path: &PathBuf| json!({ "path": path, "file_format_type": self.format, "schema": schema });
        let missing = self.path("nowhere");
        let malformed = self.path("malformed");
        fs::create_dir_all(&malformed)?;
        let (text, line) = match self.format {
            "csv" => ("1,10.00\n2,20.00\n3,a lot\n", "3"),
            "json" => (
                "{\"id\":1,\"amount\":1.5}\n{\"id\":2,\"amount\":\"a lot\"}\n",
                "2",
            ),
            _ => ("PAR1 and no more", ""),
        };
        fs::write(malformed.join("prices"), text)?;
        Ok(vec![
            Bad::new("a missing folder", block(&missing)).mentions("nowhere"),
            Bad::new("a malformed value", block(&malformed))
                .mentions("malformed/prices")
                .mentions(line),
        ])
    }
}

#[async_trait]
impl SinkFixture for Files {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        Ok(self.sink(&table.path().table))
    }

    async fn rows(
        &self,
        _config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let path = self.path(&table.path().table);
        if !path.exists() || fs::read_dir(&path)?.next().is_none() {
            return Ok(Vec::new());
        }
        let columns: Vec<Json> = table
            .columns()
            .iter()
            .map(|c| json!({ "name": c.name, "type": c.data_type.to_string() }))
            .collect();
        let mut config = json!({ "path": path, "file_format_type": self.format });
        if self.format != "parquet" {
            config["schema"] = json!({ "columns": columns });
        }
        read_back(&self.plugin().0, NAME, &config).await
    }

    async fn leftovers(&self, _config: &Json) -> FixtureResult<Vec<String>> {
        let mut left = Vec::new();
        let mut folders = vec![self.folder.path().join("tmp")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry?.path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => left.push(path.display().to_string()),
                }
            }
        }
        Ok(left)
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let file = self.folder.path().join("a-file");
        fs::write(&file, "")?;
        let mut in_the_way = self.sink("any");
        in_the_way["path"] = json!(file);
        let mut missing = self.sink("missing");
        missing["schema_save_mode"] = json!("ERROR_WHEN_SCHEMA_NOT_EXIST");
        let mut column = self.sink("columns");
        column["sink_columns"] = json!(["id", "nmae"]);
        Ok(vec![
            Bad::new("a file where a folder is needed", in_the_way).mentions("a-file"),
            Bad::new("a missing folder", missing).mentions("missing"),
            Bad::new("a column that is not there", column).mentions("nmae"),
        ])
    }
}
