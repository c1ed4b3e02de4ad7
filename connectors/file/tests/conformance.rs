//! LocalFile against the conformance kit: the formats that hold rows of any table, what the source reads and what the
//! sink writes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use seatunnel_conformance::{
    Bad, Data, Fixture, FixtureResult, Holds, Limits, SinkCheck, SinkFixture, SourceCheck,
    SourceFixture, Stored, async_trait, read_back, sink_tests, source_tests, write_by,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

source_tests!(csv_source, Files::new("csv"));
source_tests!(json_source, Files::new("json"));
source_tests!(parquet_source, Files::new("parquet"));
source_tests!(orc_source, Files::new("orc"));
source_tests!(avro_source, Files::new("avro"));
source_tests!(xml_source, Files::new("xml"));
source_tests!(excel_source, Files::new("excel").of_whole_sheets());
source_tests!(json_source_of_zstd, Files::new("json").packed("zstd"));
sink_tests!(orc_sink, Files::new("orc"));
sink_tests!(orc_sink_of_zlib, Files::new("orc").packed("zlib"));
sink_tests!(avro_sink, Files::new("avro"));
sink_tests!(xml_sink, Files::new("xml"));
sink_tests!(excel_sink, Files::new("excel"));
sink_tests!(csv_sink_of_lz4, Files::new("csv").packed("lz4"));
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
    whole: bool,
    codec: &'static str,
    folder: TempDir,
}

impl Files {
    fn new(format: &'static str) -> Self {
        Self {
            format,
            in_place: false,
            named: false,
            whole: false,
            codec: "none",
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// Files are compressed so.
    fn packed(mut self, codec: &'static str) -> Self {
        self.codec = codec;
        self
    }

    /// A reader has a sheet in memory.
    fn of_whole_sheets(mut self) -> Self {
        self.whole = true;
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
            "compress_codec": self.codec,
            "xml_use_attr_format": false,
        })
    }

    /// What a source needs to know besides the columns.
    fn reading(&self, path: PathBuf) -> Json {
        json!({
            "path": path,
            "file_format_type": self.format,
            "xml_row_tag": "RECORD",
            "xml_use_attr_format": false,
            "skip_header_row_number": i32::from(self.format == "excel"),
            // Formats with their own compression know it.
            "compress_codec": if self.format == "orc" { "none" } else { self.codec },
        })
    }

    fn source(&self, data: &Data) -> Json {
        let mut config = self.reading(self.path(data.name()));
        // Many splits of a small file.
        config["file_split_size"] = json!(if data.split_by().is_some() {
            4_096
        } else {
            64 << 20
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
        match self.format {
            "orc" => return in_orc(data_type, value),
            "avro" => return in_avro(data_type),
            "xml" => return in_text(data_type, value, is_of_xml),
            "excel" => return in_excel(data_type, value),
            _ => {}
        }
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
            "orc" => limits.memory(64 << 20, "a stripe of 16 MiB is written in one piece"),
            "excel" => {
                let limits = limits
                    .value_bytes(32_767, "a cell holds 32,767 characters")
                    .memory(4 << 20, "few rows are enough: it takes as much for many");
                match self.whole {
                    true => limits.leave_out(SourceCheck::Memory, "a sheet is read as a whole"),
                    false => limits,
                }
            }
            _ => limits,
        }
    }
}

/// Whether a value, or one inside of it, is such.
fn has(data_type: &DataType, value: &Value, is: &dyn Fn(&DataType, &Value) -> bool) -> bool {
    is(data_type, value)
        || match (data_type, value) {
            (DataType::Array(item), Value::Array(items)) => items.iter().any(|v| has(item, v, is)),
            (DataType::Map(key, item), Value::Map(entries)) => entries
                .iter()
                .any(|(k, v)| has(key, k, is) || has(item, v, is)),
            (DataType::Row(fields), Value::Row(values)) => {
                let mut fields = fields.iter().zip(values);
                fields.any(|(f, v)| has(&f.data_type, v, is))
            }
            _ => false,
        }
}

/// What ORC has no place for.
fn in_orc(data_type: &DataType, value: &Value) -> Holds {
    let has_no_type = |t: &DataType, _: &Value| match t {
        DataType::Null => true,
        DataType::Decimal { precision, .. } => *precision > 38,
        DataType::Row(fields) => fields.is_empty(),
        _ => false,
    };
    let is_in_gap = |_: &DataType, v: &Value| match v {
        Value::Timestamp(micros) | Value::TimestampTz(micros) => (-999_000..0).contains(micros),
        _ => false,
    };
    if has(data_type, value, &has_no_type) {
        Holds::No("ORC has no type for them")
    } else if has(data_type, value, &is_in_gap) {
        Holds::No("readers of ORC take the last second before 1970 for the first one after it")
    } else {
        Holds::Yes
    }
}

/// What Avro has no place for.
fn in_avro(data_type: &DataType) -> Holds {
    match data_type {
        DataType::Map(key, _)
            if !matches!(
                **key,
                DataType::String
                    | DataType::Boolean
                    | DataType::TinyInt
                    | DataType::SmallInt
                    | DataType::Int
                    | DataType::BigInt
            ) =>
        {
            Holds::No("keys of maps are texts in Avro")
        }
        _ => Holds::Yes,
    }
}

/// What a format of texts has no place for.
fn in_text(data_type: &DataType, value: &Value, is_allowed: fn(&str) -> bool) -> Holds {
    let is_unfit = |t: &DataType, v: &Value| match v {
        Value::String(text) => !is_allowed(text),
        // Inside of others bytes are in base64.
        Value::Bytes(bytes) => t == data_type && !std::str::from_utf8(bytes).is_ok_and(is_allowed),
        _ => false,
    };
    match has(data_type, value, &is_unfit) {
        true => Holds::No("texts have no place for all bytes"),
        false => Holds::Yes,
    }
}

fn is_of_xml(text: &str) -> bool {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().all(is_allowed)
}

/// What becomes of values in cells.
fn in_excel(data_type: &DataType, value: &Value) -> Holds {
    let is_empty = match value {
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        _ => false,
    };
    if is_empty {
        return Holds::As(Value::Null, "an empty cell holds nothing");
    }
    in_text(data_type, value, |text| text.len() <= 32_767)
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
        let block = |path: &PathBuf| {
            let mut block = self.reading(path.clone());
            block["schema"] = schema.clone();
            block
        };
        let missing = self.path("nowhere");
        let malformed = self.path("malformed");
        fs::create_dir_all(&malformed)?;
        let (text, line) = match self.format {
            "csv" => ("1,10.00\n2,20.00\n3,a lot\n", "3"),
            "json" => (
                "{\"id\":1,\"amount\":1.5}\n{\"id\":2,\"amount\":\"a lot\"}\n",
                "2",
            ),
            "xml" => (
                "<RECORDS><RECORD><id>1</id></RECORD><RECORD><amount>a lot</amount></RECORD></RECORDS>",
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
        let mut config = self.reading(path);
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
