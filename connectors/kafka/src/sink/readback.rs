//! Reads back what the sink has written, with the source of this crate.

use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::{
    ChangesBecome, JobContext, JobMode, Readback, ReadbackTable, Registry, Result, SourceContext,
};
use seatunnel_formats::Format;
use serde_json::{Value as Json, json};

use super::Table;
use crate::source::KafkaSourceFactory;

/// Options of the sink that the source has too, with the same meaning.
const SHARED: [&str; 3] = ["bootstrap.servers", "format", "field_delimiter"];

/// Options of formats that are the same on both sides begin so.
const SHARED_PREFIXES: [&str; 4] = ["avro_", "protobuf_", "schema_registry", "kafka.config"];

/// What the topic of a table holds that consumers see; nothing if its messages don't tell rows, or
/// rows choose their topics.
///
/// # Errors
/// If the topic can't be read.
pub(super) async fn readback(
    table: &Table,
    config: &ConfigValue,
    job: &JobContext,
) -> Result<Option<Readback>> {
    let reads_rows = matches!(
        table.options.format.format,
        Format::Json | Format::Text | Format::Avro | Format::Protobuf
    );
    let (Some(topic), true) = (table.topic.fixed(), reads_rows) else {
        return Ok(None);
    };
    let headers = table
        .options
        .kafka_headers_fields
        .as_deref()
        .unwrap_or_default();
    let written = table
        .table
        .columns()
        .iter()
        .filter(|c| !headers.contains(&c.name));
    let columns: Vec<Json> = written
        .clone()
        .map(|c| json!({ "name": c.name, "type": c.data_type.to_string() }))
        .collect();
    let mut source = json!({
        "topic": topic,
        "start_mode": "earliest",
        "schema": { "columns": columns },
    });
    let Kind::Object(given) = &config.kind else {
        return Ok(None);
    };
    for (key, value) in given {
        if SHARED.contains(&key.as_str()) || SHARED_PREFIXES.iter().any(|p| key.starts_with(p)) {
            source[key] = value.to_json();
        }
    }
    let mut properties = json!({});
    if let Some(given) = &table.options.client.kafka_config {
        for (name, value) in &given.0 {
            properties[name] = json!(value);
        }
    }
    // What is not committed was not written.
    properties["isolation.level"] = json!("read_committed");
    source["kafka.config"] = properties;
    source["bootstrap.servers"] = json!(table.options.client.bootstrap_servers);
    let registry = Registry::new().source(KafkaSourceFactory);
    let Some(factory) = registry.find_source("Kafka") else {
        return Ok(None);
    };
    let context = SourceContext {
        job: JobContext {
            mode: JobMode::Batch,
            ..job.clone()
        },
        plugin_output: None,
        parallelism: 1,
    };
    let source = factory
        .create(&ConfigValue::from_json(&source), context)
        .await?;
    let names: Vec<String> = written.map(|c| c.name.clone()).collect();
    let tables = source.tables();
    let tables = tables.iter().map(|found| ReadbackTable {
        table: table.table.path().clone(),
        target: found.path().clone(),
        columns: Some(names.clone()),
        changes: ChangesBecome::Rows,
    });
    Ok(Some(Readback {
        tables: tables.collect(),
        source,
    }))
}
