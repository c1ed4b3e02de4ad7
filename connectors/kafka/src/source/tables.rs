//! What is to be read: tables, their topics, where to begin.

use std::sync::Arc;

use fancy_regex::Regex;
use seatunnel_api::{CatalogTable, Column, DataType, Error, Result, TablePath};
use seatunnel_formats::{Format, FormatOptions, schema_of};

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

/// What is known of each row besides its values: when its message was sent or stored.
pub(super) const EVENT_TIME: &str = "EventTime";

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
    /// The columns without those of headers, as the format sees them.
    pub(crate) decoded: Arc<CatalogTable>,
    /// Whether the job file says what columns there are.
    pub(crate) declared: bool,
    pub(crate) format: FormatOptions,
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
        let Some(first) = tables.first() else {
            return Err(invalid("`tables_configs` is empty"));
        };
        if !options.commit_on_checkpoint && tables.iter().any(|t| t.group != first.group) {
            return Err(invalid(
                "with commit_on_checkpoint = false all tables must have one `consumer.group`",
            ));
        }
        Ok(tables)
    }

    fn new(mut options: KafkaTableOptions) -> Result<Self> {
        if options.is_native {
            options.format.format = Format::Native;
        }
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
        if !headers.is_empty() && options.format.format == Format::Native {
            return Err(invalid(
                "the format native has all headers in one column: leave `kafka_headers_fields` out",
            ));
        }
        let (table, decoded) = tables(text, &options, &headers)?;
        Ok(Self {
            table,
            decoded,
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
            declared: options
                .schema
                .as_ref()
                .is_some_and(|s| !s.schema.columns.is_empty()),
            format: options.format,
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

/// The table, with and without columns of headers. Its name is the topic's unless the schema has one.
fn tables(
    topic: &str,
    options: &KafkaTableOptions,
    headers: &[String],
) -> Result<(Arc<CatalogTable>, Arc<CatalogTable>)> {
    let schema = options.schema.as_ref();
    let path = schema.and_then(|s| s.path.clone());
    let path = path.unwrap_or_else(|| TablePath::parse(topic, false));
    let columns = schema_of(&options.format, schema.map(|s| &s.schema));
    let mut all = columns.clone();
    for header in headers {
        if all.index_of(header).is_some() {
            return Err(invalid(format!(
                "the header {header:?} has the name of a column"
            )));
        }
        all.columns.push(Column::new(header, DataType::String));
    }
    let comment = schema.and_then(|s| s.comment.clone());
    let table = |columns| {
        let table = CatalogTable::new("Kafka", path.clone(), columns);
        let table = table.with_fact(EVENT_TIME, DataType::BigInt);
        Arc::new(table.with_comment(comment.clone()))
    };
    Ok((table(all), table(columns)))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(codes::OPTION, message)
}
