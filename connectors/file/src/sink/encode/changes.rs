//! Rows as changes of a database, in JSON.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{BinaryArray, RecordBatch, UInt32Array};
use arrow_schema::{DataType as ArrowType, Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use seatunnel_api::config::{ConfigValue, Kind, Span};
use seatunnel_api::options::Options;
use seatunnel_api::{Batch, CatalogTable, Result, RowKind};
use seatunnel_formats::{Encoder, Format, FormatOptions, Part};

use crate::sink_options::SinkFormat;

/// Whose changes they look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `{"old":…,"data":[…],"type":"INSERT",…}`
    Canal,
    /// `{"old":…,"data":…,"type":"insert",…}`
    Maxwell,
    /// `{"before":…,"after":…,"op":"c",…}`
    Debezium,
}

/// Makes changes of rows. A row before an update and the row after it are a delete and an insert, or, where they are
/// merged, one update.
pub(crate) struct ChangeEncoder {
    style: Style,
    merge: bool,
    objects: Encoder,
    /// Whose table it is: the members behind the rows.
    source: Vec<u8>,
    schema: SchemaRef,
    /// A row before an update, whose row after it has not come: all its columns, and its object.
    before: Option<(RecordBatch, Vec<u8>)>,
}

/// Changes, and the rows that they are filed by.
pub(crate) struct Changed {
    /// All columns of the rows.
    pub(crate) all: RecordBatch,
    /// One column: the changes.
    pub(crate) messages: RecordBatch,
}

impl ChangeEncoder {
    /// For rows of a table, of which these columns are written; none if the format is none of changes.
    ///
    /// # Errors
    /// If the columns can't be written.
    pub(crate) fn new(
        format: SinkFormat,
        table: &Arc<CatalogTable>,
        columns: &[usize],
        merge: bool,
    ) -> Result<Option<Self>> {
        let style = match format {
            SinkFormat::CanalJson => Style::Canal,
            SinkFormat::MaxwellJson => Style::Maxwell,
            SinkFormat::DebeziumJson => Style::Debezium,
            _ => return Ok(None),
        };
        let nothing = ConfigValue::new(Kind::Object(Default::default()), Span::none());
        let mut options = FormatOptions::from_config("file", &nothing)?;
        options.format = Format::Json;
        let path = table.path();
        let text = |text: Option<&str>| serde_json::Value::from(text).to_string();
        let (database, schema) = (text(path.database.as_deref()), text(path.schema.as_deref()));
        let name = text(Some(&path.table));
        let source = match style {
            Style::Debezium => format!(
                "\"source\":{{\"schema\":{schema},\"database\":{database},\"table\":{name}}},\"ts_ms\":null}}"
            ),
            _ => format!("\"database\":{database},\"table\":{name},\"ts\":null}}"),
        };
        let field = Field::new("change", ArrowType::Binary, true);
        Ok(Some(Self {
            style,
            merge,
            objects: Encoder::new(table, columns, &options, Part::Value)?,
            source: source.into_bytes(),
            schema: Arc::new(Schema::new(vec![field])),
            before: None,
        }))
    }

    /// The changes of a batch. With updates merged, a row before an update waits for the one after it.
    ///
    /// # Errors
    /// If the batch can't be written.
    pub(crate) fn changes(&mut self, batch: &Batch) -> Result<Changed> {
        self.objects.encode(batch)?;
        let mut messages = BinaryBuilder::new();
        let mut kept = Vec::with_capacity(batch.num_rows());
        let mut out = Vec::new();
        // The row that waits, if it is one of this batch; the one before it, if its other half never came.
        let (mut waits, mut alone) = (None, None);
        let mut earlier = self.before.take();
        for row in 0..batch.num_rows() {
            let object = self.objects.get(row).unwrap_or(b"null");
            let kind = batch.kinds().get(row);
            let is_after = kind == RowKind::UpdateAfter;
            let before: Option<Vec<u8>> = match (waits.take(), earlier.take()) {
                (Some((_, object)), _) | (None, Some((_, object))) if is_after => Some(object),
                (Some((before, object)), _) => {
                    self.put(&mut out, Some(&object), None);
                    messages.append_value(&out);
                    out.clear();
                    kept.push(before);
                    None
                }
                (None, other) => {
                    alone = alone.or(other);
                    None
                }
            };
            match kind {
                RowKind::UpdateBefore if self.merge => {
                    waits = Some((row as u32, object.to_vec()));
                    continue;
                }
                RowKind::Insert | RowKind::UpdateAfter => {
                    self.put(&mut out, before.as_deref(), Some(object));
                }
                RowKind::Delete | RowKind::UpdateBefore => self.put(&mut out, Some(object), None),
            }
            messages.append_value(&out);
            out.clear();
            kept.push(row as u32);
        }
        self.before = match waits {
            None => earlier,
            Some((row, object)) => {
                let row = UInt32Array::from(vec![row]);
                Some((take_record_batch(batch.records(), &row)?, object))
            }
        };
        let all = match kept.len() == batch.num_rows() {
            true => batch.records().clone(),
            false => take_record_batch(batch.records(), &UInt32Array::from(kept))?,
        };
        let messages = self.column(messages.finish())?;
        let Some((row, object)) = alone else {
            return Ok(Changed { all, messages });
        };
        let first = self.lone(row, &object)?;
        Ok(Changed {
            all: concat_batches(&all.schema(), [&first.all, &all])?,
            messages: concat_batches(&self.schema, [&first.messages, &messages])?,
        })
    }

    /// The row before an update that still waits, as a delete: nothing may be left at a checkpoint.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn rest(&mut self) -> Result<Option<Changed>> {
        let waits = self.before.take();
        waits
            .map(|(row, object)| self.lone(row, &object))
            .transpose()
    }

    fn lone(&self, all: RecordBatch, object: &[u8]) -> Result<Changed> {
        let mut out = Vec::new();
        self.put(&mut out, Some(object), None);
        let messages = self.column(BinaryArray::from_vec(vec![&out]))?;
        Ok(Changed { all, messages })
    }

    fn column(&self, messages: BinaryArray) -> Result<RecordBatch> {
        let columns = vec![Arc::new(messages) as _];
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// A change: of a row that was, to a row that is.
    fn put(&self, out: &mut Vec<u8>, before: Option<&[u8]>, after: Option<&[u8]>) {
        let null: &[u8] = b"null";
        let (insert, delete, update) = match self.style {
            Style::Canal => ("INSERT", "DELETE", "UPDATE"),
            Style::Maxwell => ("insert", "delete", "update"),
            Style::Debezium => ("c", "d", "u"),
        };
        let kind = match (before, after) {
            (Some(_), Some(_)) => update,
            (_, Some(_)) => insert,
            _ => delete,
        };
        let (first, second, third) = match self.style {
            Style::Debezium => ("{\"before\":", ",\"after\":", ",\"op\":\""),
            _ => ("{\"old\":", ",\"data\":", ",\"type\":\""),
        };
        // Canal and Maxwell have the row of a delete where the row of an insert is.
        let (old, data) = match (self.style, before, after) {
            (Style::Debezium, before, after) => (before, after),
            (_, Some(deleted), None) => (None, Some(deleted)),
            (_, before, after) => (before, after),
        };
        for (lead, object) in [(first, old), (second, data)] {
            out.extend_from_slice(lead.as_bytes());
            match (object, self.style) {
                (Some(object), Style::Canal) => {
                    out.push(b'[');
                    out.extend_from_slice(object);
                    out.push(b']');
                }
                (object, _) => out.extend_from_slice(object.unwrap_or(null)),
            }
        }
        out.extend_from_slice(third.as_bytes());
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(&self.source);
    }
}
