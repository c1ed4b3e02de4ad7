//! Rows as JSON objects, or as fields between delimiters.

use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result};

use super::Messages;
use super::change::Envelope;
use crate::cells::{CellStyle, Cells, Delimited, Json, TimeText, render};
use crate::codes;
use crate::text::plain_delimiter;

/// Puts rows together: columns are rendered one by one, then their values row by row.
pub(super) struct Lines {
    style: Style,
    columns: Vec<Column>,
    /// What stands behind the last value.
    tail: &'static [u8],
}

enum Style {
    Json(Json),
    Text(Box<Delimited>),
}

struct Column {
    /// Its place in the table.
    index: usize,
    data_type: DataType,
    /// What stands before its value.
    lead: Vec<u8>,
    cells: Cells,
}

fn iso(between: u8) -> [TimeText; 3] {
    [
        TimeText::Iso(between),
        TimeText::Iso(between),
        TimeText::Iso(between),
    ]
}

impl Lines {
    /// A JSON object for each row.
    pub(super) fn json(table: &CatalogTable, columns: &[usize]) -> Self {
        let style = Json::new(iso(b'T'));
        let columns = columns.iter().enumerate().map(|(place, index)| {
            let column = &table.columns()[*index];
            let mut lead = vec![if place == 0 { b'{' } else { b',' }];
            style.string(&mut lead, column.name.as_bytes(), 0);
            lead.push(b':');
            Column {
                index: *index,
                data_type: column.data_type.clone(),
                lead,
                cells: Cells::default(),
            }
        });
        let columns: Vec<Column> = columns.collect();
        Self {
            tail: if columns.is_empty() { b"{}" } else { b"}" },
            columns,
            style: Style::Json(style),
        }
    }

    /// Fields with `delimiter` between them.
    ///
    /// # Errors
    /// If the delimiter is empty, or values nest too deep for the separators that there are.
    pub(super) fn text(table: &CatalogTable, columns: &[usize], delimiter: &str) -> Result<Self> {
        let delimiter = plain_delimiter(delimiter)?;
        let style = Delimited::new(&String::from_utf8_lossy(&delimiter), "", iso(b' '));
        let mut fields = Vec::with_capacity(columns.len());
        for index in columns {
            let column = &table.columns()[*index];
            if Delimited::is_too_deep(&column.data_type) {
                return Err(Error::new(
                    codes::SCHEMA,
                    format!(
                        "column `{}` nests deeper than text has separators for",
                        column.name
                    ),
                )
                .with_context("type", &column.data_type)
                .with_help("write it as json"));
            }
            fields.push(Column {
                index: *index,
                data_type: column.data_type.clone(),
                lead: if fields.is_empty() {
                    Vec::new()
                } else {
                    delimiter.clone()
                },
                cells: Cells::default(),
            });
        }
        Ok(Self {
            style: Style::Text(Box::new(style)),
            columns: fields,
            tail: b"",
        })
    }

    /// One message a row.
    pub(super) fn encode(&mut self, batch: &Batch, messages: &mut Messages) {
        self.render(batch);
        for row in 0..batch.num_rows() {
            self.row(row, messages.buffer());
            messages.end();
        }
    }

    /// One message a row, with what tells its kind around it.
    pub(super) fn encode_in(
        &mut self,
        batch: &Batch,
        envelope: &Envelope,
        messages: &mut Messages,
    ) {
        self.render(batch);
        for row in 0..batch.num_rows() {
            let (before, behind) = envelope.around(batch.kinds().get(row));
            let out = messages.buffer();
            out.extend_from_slice(before);
            self.row(row, out);
            out.extend_from_slice(behind);
            messages.end();
        }
    }

    #[inline]
    fn row(&self, row: usize, out: &mut Vec<u8>) {
        for column in &self.columns {
            out.extend_from_slice(&column.lead);
            out.extend_from_slice(column.cells.get(row));
        }
        out.extend_from_slice(self.tail);
    }

    fn render(&mut self, batch: &Batch) {
        for column in &mut self.columns {
            let values = batch.records().column(column.index).as_ref();
            column.cells.clear();
            match &self.style {
                Style::Json(style) => {
                    render(values, &column.data_type, style, 0, &mut column.cells)
                }
                Style::Text(style) => {
                    render(
                        values,
                        &column.data_type,
                        style.as_ref(),
                        0,
                        &mut column.cells,
                    );
                }
            }
        }
    }
}
