//! What is to be read: tables, their topics, where to begin.

use std::sync::Arc;

use fancy_regex::Regex;
use seatunnel_api::options::SchemaOption;
use seatunnel_api::{CatalogTable, Column, DataType, Error, Result, TablePath, TableSchema};

use crate::codes;
use crate::source_options::{
    FormatErrors, KafkaSourceOptions, KafkaTableOptions, Offsets, StartMode,
};

const GROUP: &str = "SeaTunnel-Consumer-Group";

/// Topics that brokers keep for themselves; a pattern never means them.
const INTERNAL: &[&str] = &[
    "__consumer_offsets",
    "__transaction_state",
    "__share_group_state",
];

/// One table and the topics whose messages are its rows.
pub(crate) struct TopicTable {
    /// The table.
    pub(crate) table: Arc<CatalogTable>,
    pub(crate) topics: Topics,
    pub(crate) start: Start,
    /// In batch jobs: where it ends, milliseconds since 1970.
    pub(crate) end_timestamp: Option<i64>,
    pub(crate) group: String,
    pub(crate) errors: FormatErrors,
    /// Headers that are its last columns.
    pub(crate) headers: Vec<String>,
    /// Whether a message is one text: there is no schema.
    pub(crate) content: bool,
    /// What the job file says of it.
    pub(crate) options: KafkaTableOptions,
}

/// Topics by name or by pattern.
pub(crate) enum Topics {
    Named(Vec<String>),
    Matching(Regex),
}

/// Where reading of a partition begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Earliest,
    Latest,
    Group,
    Timestamp(i64),
    Offsets(Offsets),
}

impl TopicTable {
    /// The tables of the options.
    ///
    /// # Errors
    /// If they make no sense together.
    pub(crate) fn all(options: &KafkaSourceOptions) -> Result<Vec<Self>> {
        let shared = &options.table;
        let tables = match &options.tables_configs {
            Some(entries) => entries
                .iter()
                .map(|entry| Self::new(inherit(entry.clone(), shared)))
                .collect::<Result<Vec<_>>>()?,
            None => vec![Self::new(shared.clone())?],
        };
        if tables.is_empty() {
            return Err(invalid("`tables_configs` is empty"));
        }
        Ok(tables)
    }

    fn new(options: KafkaTableOptions) -> Result<Self> {
        let Some(text) = options.topic.as_deref().map(str::trim) else {
            return Err(invalid("each entry of `tables_configs` needs a `topic`"));
        };
        let topics = match options.pattern {
            true => Topics::Matching(pattern(text)?),
            false => {
                let names = text.split(',').map(|name| name.trim().to_owned());
                Topics::Named(names.filter(|name| !name.is_empty()).collect())
            }
        };
        if matches!(&topics, Topics::Named(names) if names.is_empty()) {
            return Err(invalid("`topic` names no topic"));
        }
        let headers = options.kafka_headers_fields.clone().unwrap_or_default();
        Ok(Self {
            table: table(text, options.schema.as_ref(), &headers)?,
            topics,
            start: start(&options)?,
            end_timestamp: options.end_timestamp,
            group: options
                .consumer_group
                .clone()
                .unwrap_or_else(|| GROUP.to_owned()),
            errors: options
                .format_error_handle_way
                .unwrap_or(FormatErrors::Fail),
            headers,
            content: options.schema.is_none(),
            options,
        })
    }

    /// Whether messages of a topic are rows of this table.
    pub(crate) fn has(&self, topic: &str) -> bool {
        match &self.topics {
            Topics::Named(names) => names.iter().any(|name| name == topic),
            Topics::Matching(pattern) => {
                // A pattern that goes back and forth too long over a name does not match it.
                !INTERNAL.contains(&topic) && pattern.is_match(topic).unwrap_or(false)
            }
        }
    }
}

/// What an entry does not say is said for all.
fn inherit(mut entry: KafkaTableOptions, shared: &KafkaTableOptions) -> KafkaTableOptions {
    if entry.start_mode.is_none() {
        entry.start_mode = shared.start_mode;
        entry.start_timestamp = entry.start_timestamp.or(shared.start_timestamp);
        entry.start_offsets = entry.start_offsets.or_else(|| shared.start_offsets.clone());
    }
    entry.end_timestamp = entry.end_timestamp.or(shared.end_timestamp);
    entry.consumer_group = entry
        .consumer_group
        .or_else(|| shared.consumer_group.clone());
    entry.format_error_handle_way = entry
        .format_error_handle_way
        .or(shared.format_error_handle_way);
    entry
}

/// A pattern as it is written for Java, which must match whole names.
fn pattern(text: &str) -> Result<Regex> {
    Regex::new(&format!("^(?:{text})$"))
        .map_err(|e| invalid(format!("`topic` is no regular expression: {text:?}")).with_cause(e))
}

fn start(options: &KafkaTableOptions) -> Result<Start> {
    match options.start_mode {
        None | Some(StartMode::GroupOffsets) => Ok(Start::Group),
        Some(StartMode::Earliest) => Ok(Start::Earliest),
        Some(StartMode::Latest) => Ok(Start::Latest),
        Some(StartMode::Timestamp) => match options.start_timestamp {
            Some(time) => Ok(Start::Timestamp(time)),
            None => Err(invalid(
                "start_mode = timestamp needs `start_mode.timestamp`",
            )),
        },
        Some(StartMode::SpecificOffsets) => match &options.start_offsets {
            Some(offsets) if !offsets.0.is_empty() => Ok(Start::Offsets(offsets.clone())),
            _ => Err(invalid(
                "start_mode = specific_offsets needs `start_mode.offsets`",
            )),
        },
    }
}

/// The table: its name is the topic's unless the schema has one.
fn table(
    topic: &str,
    schema: Option<&SchemaOption>,
    headers: &[String],
) -> Result<Arc<CatalogTable>> {
    let path = schema.and_then(|s| s.path.clone());
    let path = path.unwrap_or_else(|| TablePath::parse(topic, false));
    let mut columns = match schema {
        Some(schema) => schema.schema.clone(),
        None => TableSchema::new(vec![Column::new("content", DataType::String)]),
    };
    for header in headers {
        if columns.index_of(header).is_some() {
            return Err(invalid(format!(
                "the header {header:?} has the name of a column"
            )));
        }
        columns.columns.push(Column::new(header, DataType::String));
    }
    let comment = schema.and_then(|s| s.comment.clone());
    Ok(Arc::new(
        CatalogTable::new("Kafka", path, columns).with_comment(comment),
    ))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(codes::OPTION, message)
}
