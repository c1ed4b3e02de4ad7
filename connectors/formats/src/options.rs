//! How messages are to be read or written.

use seatunnel_api::options::{OptionEnum, Options};

use crate::avro::AvroOptions;
use crate::protobuf::ProtobufOptions;
use crate::registry::RegistryOptions;

/// What messages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum Format {
    /// A JSON object.
    #[option(name = "json")]
    Json,
    /// Fields between delimiters.
    #[option(name = "text")]
    Text,
    /// A change in Canal's JSON.
    #[option(name = "canal_json")]
    CanalJson,
    /// A change in Debezium's JSON.
    #[option(name = "debezium_json")]
    DebeziumJson,
    /// What Debezium gave to the job, as it is. Only for sinks.
    #[option(name = "compatible_debezium_json")]
    CompatibleDebeziumJson,
    /// A row in the JSON of Kafka Connect. Only for sources.
    #[option(name = "compatible_kafka_connect_json")]
    CompatibleKafkaConnectJson,
    /// A change in Oracle GoldenGate's JSON.
    #[option(name = "ogg_json")]
    OggJson,
    /// A change in Maxwell's JSON.
    #[option(name = "maxwell_json")]
    MaxwellJson,
    /// Avro.
    #[option(name = "avro")]
    Avro,
    /// Protocol Buffers.
    #[option(name = "protobuf")]
    Protobuf,
    /// Messages as they are: key, value, headers, timestamp, offset, partition.
    #[option(name = "native")]
    Native,
}

/// How messages are to be read or written.
#[derive(Clone, Debug, Options)]
pub struct FormatOptions {
    /// What messages hold.
    #[option(default = Format::Json)]
    pub format: Format,
    /// What stands between two fields of the format text. SeaTunnel takes it for a regular expression: `\\|` is `|`.
    #[option(default = ",")]
    pub field_delimiter: String,
    /// Whether changes in Debezium's JSON have a schema beside them. Sources see by themselves.
    #[option(default = true)]
    pub debezium_record_include_schema: bool,
    /// Of which table changes in Debezium's JSON are read; of all if not given.
    #[option(since = "2.3.10")]
    pub debezium_record_table_filter: Option<TableFilter>,
    /// Whether keys in Kafka Connect's JSON have a schema beside them. Sources see by themselves.
    pub key_converter_schema_enabled: Option<bool>,
    /// Whether values in Kafka Connect's JSON have a schema beside them. Sources see by themselves.
    pub value_converter_schema_enabled: Option<bool>,
    /// Whether sources pass over five bytes in front of messages in Avro, the first of them zero, and what
    /// serializers with a schema registry put in front of messages in Protocol Buffers. Messages without are read, too.
    #[option(default = false)]
    pub strip_schema_registry_header: bool,
    /// Messages in Avro.
    #[option(flatten)]
    pub avro: AvroOptions,
    /// Messages in Protocol Buffers.
    #[option(flatten)]
    pub protobuf: ProtobufOptions,
    /// A schema registry.
    #[option(flatten)]
    pub registry: RegistryOptions,
}

/// A table of a database whose changes are captured.
#[derive(Clone, Debug, Options)]
pub struct TableFilter {
    /// Its database; any if not given.
    pub database_name: Option<String>,
    /// Its schema; any if not given.
    pub schema_name: Option<String>,
    /// Its name; any if not given.
    pub table_name: Option<String>,
}
