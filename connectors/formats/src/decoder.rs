//! Messages into rows, whatever their format.

use std::sync::Arc;

use seatunnel_api::{Batch, CatalogTable, Column, DataType, Error, Result, RowKind, TableSchema};

use crate::change::{Changes, Filter, Tool};
use crate::codes;
use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
use crate::json::{Dialect, Objects};
use crate::options::{Format, FormatOptions};
use crate::scalars::push_scalar;
use crate::text::Text;

/// A message as it came.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    /// What it is about.
    pub key: Option<&'a [u8]>,
    /// What it says; nothing for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// Whose time the timestamp is: true for the broker's, when it took the message.
    pub is_append_time: bool,
    /// Where it came from.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
}

/// The columns of messages of a format where the job file says `declared`. Without a word of it a message is one
/// text, `content`.
pub fn schema_of(_options: &FormatOptions, declared: Option<&TableSchema>) -> TableSchema {
    match declared.filter(|schema| !schema.columns.is_empty()) {
        Some(schema) => schema.clone(),
        None => TableSchema::new(vec![Column::new("content", DataType::String)]),
    }
}

/// Collects the rows of one table out of messages.
pub struct Decoder {
    rows: RowColumns,
    kind: Kind,
}

enum Kind {
    Content,
    Json(Objects),
    Text(Text),
    Changes(Changes),
}

impl Decoder {
    /// For messages whose rows are of `table`, which has the columns of [`schema_of`]; `declared` says whether the
    /// job file has them.
    ///
    /// # Errors
    /// If the format does not fit the table or can't be read.
    pub fn new(table: Arc<CatalogTable>, options: &FormatOptions, declared: bool) -> Result<Self> {
        let changes = |tool| {
            let filter = options.debezium_record_table_filter.as_ref();
            let filter = filter
                .filter(|_| tool == Tool::Debezium)
                .map(|filter| Filter {
                    database: filter.database_name.clone(),
                    schema: filter.schema_name.clone(),
                    table: filter.table_name.clone(),
                });
            Kind::Changes(Changes::new(tool, &table, filter))
        };
        let kind = match options.format {
            _ if !declared => Kind::Content,
            Format::Json => Kind::Json(Objects::new(&table, Dialect::Plain)),
            Format::Text => Kind::Text(Text::new(&options.field_delimiter)?),
            Format::CanalJson => changes(Tool::Canal),
            Format::DebeziumJson => changes(Tool::Debezium),
            Format::OggJson => changes(Tool::Ogg),
            Format::MaxwellJson => changes(Tool::Maxwell),
            Format::CompatibleKafkaConnectJson => changes(Tool::KafkaConnect),
            Format::CompatibleDebeziumJson | Format::Avro | Format::Protobuf | Format::Native => {
                return Err(Error::new(
                    codes::SCHEMA,
                    format!(
                        "a source can't read messages of the format {:?}",
                        options.format
                    ),
                ));
            }
        };
        Ok(Self {
            rows: RowColumns::new(table),
            kind,
        })
    }

    /// Takes a message: none, one or several rows.
    ///
    /// # Errors
    /// If it can't be read; nothing of it stays then.
    pub fn push(&mut self, message: &Message<'_>) -> Result<()> {
        let Some(value) = message.value else {
            // A tombstone: the key is gone, and the row that it stood for is not told.
            return Ok(());
        };
        let before = self.rows.rows();
        self.kind.decode(value, &mut self.rows).map_err(|fault| {
            self.rows.truncate(before);
            fault.into_error(self.kind.name())
        })
    }

    /// Rows collected.
    pub fn rows(&self) -> usize {
        self.rows.rows()
    }

    /// The rows collected, and none are left.
    ///
    /// # Errors
    /// If a column is larger than 2 GiB.
    pub fn finish(&mut self) -> Result<Batch> {
        self.rows.finish()
    }
}

impl Kind {
    #[inline]
    fn decode(&self, value: &[u8], rows: &mut RowColumns) -> Step {
        match self {
            Self::Json(objects) => objects.decode(value, rows),
            Self::Text(text) => text.decode(value, rows),
            Self::Changes(changes) => changes.decode(value, rows),
            Self::Content => {
                let value = crate::json::text(value)?;
                let column = rows.columns_mut().first_mut();
                let column = column.ok_or_else(|| Fault::new("the table has no column"))?;
                push_scalar(column, &DataType::String, value)?;
                rows.end_row(RowKind::Insert);
                Ok(())
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Content => "text",
            Self::Json(_) => "JSON",
            Self::Text(_) => "delimited text",
            Self::Changes(changes) => changes.name(),
        }
    }
}
