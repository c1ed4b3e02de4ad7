//! What transforms have in common: finding columns, keeping keys, and columns put in a new order.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType as ArrowType, TimeUnit};
use seatunnel_api::config::nearest;
use seatunnel_api::options::Located;
use seatunnel_api::{
    Batch, CatalogTable, Column, ConstraintKey, DataType, Error, PrimaryKey, Result, TablePath,
    TableSchema, java_text,
};

use crate::codes;
use crate::tables::TableStep;

/// The error of a rule that lacks an option.
pub(crate) fn missing_option(plugin: &str, key: &str, table: &CatalogTable) -> Error {
    Error::new(
        codes::RULE_INVALID,
        format!(
            "{plugin} needs the option `{key}` for table {}",
            table.path()
        ),
    )
}

/// Position of the column of this name.
///
/// # Errors
/// If there is none: the nearest name, or all of them.
pub fn column_index(plugin: &str, table: &CatalogTable, name: &Located<String>) -> Result<usize> {
    table.schema().index_of(&name.value).ok_or_else(|| {
        Error::new(
            codes::COLUMN_UNKNOWN,
            format!(
                "{plugin}: table {} has no column `{}`",
                table.path(),
                name.value
            ),
        )
        .with_help(known_columns(
            &name.value,
            &table.schema().names().collect::<Vec<_>>(),
        ))
        .at(&name.span)
    })
}

/// "did you mean" for a column, or what there is to choose from.
pub fn known_columns(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its columns are: {}", known.join(", ")),
    }
}

/// Refuses a list of columns in which a name comes twice.
///
/// # Errors
/// If one does.
pub fn refuse_twins(plugin: &str, table: &CatalogTable, columns: &[Column]) -> Result<()> {
    let mut seen = HashSet::with_capacity(columns.len());
    match columns.iter().find(|c| !seen.insert(c.name.as_str())) {
        None => Ok(()),
        Some(column) => Err(Error::new(
            codes::COLUMN_TWICE,
            format!(
                "{plugin}: the result of table {} would have two columns `{}`",
                table.path(),
                column.name
            ),
        )),
    }
}

/// The same table with these columns. `renamed` gives the new name of an old column, none if it is
/// gone; a key stays if all its columns do.
pub fn with_columns(
    table: &CatalogTable,
    columns: Vec<Column>,
    renamed: impl Fn(&str) -> Option<String>,
) -> Arc<CatalogTable> {
    let schema = table.schema();
    let primary_key = schema.primary_key.as_ref().and_then(|key| {
        let columns: Option<Vec<String>> = key.columns.iter().map(|c| renamed(c)).collect();
        Some(PrimaryKey {
            name: key.name.clone(),
            columns: columns?,
        })
    });
    let constraint_keys = schema
        .constraint_keys
        .iter()
        .filter_map(|key| {
            let columns: Option<Vec<_>> = key
                .columns
                .iter()
                .map(|(name, order)| Some((renamed(name)?, *order)))
                .collect();
            Some(ConstraintKey {
                name: key.name.clone(),
                kind: key.kind,
                columns: columns?,
            })
        })
        .collect();
    let partition_keys = table
        .partition_keys()
        .iter()
        .filter_map(|key| renamed(key))
        .collect();
    let schema = TableSchema {
        columns,
        primary_key,
        constraint_keys,
    };
    Arc::new(
        table
            .with_schema(schema)
            .with_partition_keys(partition_keys),
    )
}

/// Puts a column at the place of the one of its name, or behind the last; returns its position.
/// Of a column that is replaced, all but the type stays.
pub fn put_column(columns: &mut Vec<Column>, column: Column) -> usize {
    match columns.iter().position(|c| c.name == column.name) {
        Some(at) => {
            if columns[at].data_type != column.data_type {
                columns[at].data_type = column.data_type;
                columns[at].source_type = None;
                columns[at].sink_type = None;
                columns[at].length = None;
                columns[at].default_value = None;
            }
            columns[at].nullable |= column.nullable;
            at
        }
        None => {
            columns.push(column);
            columns.len() - 1
        }
    }
}

/// A batch of `table` from columns that fit it, with the kinds of another and what else is known of its rows.
///
/// # Errors
/// If the columns don't fit the table: a bug of the transform.
pub fn rebuilt(table: &Arc<CatalogTable>, columns: Vec<ArrayRef>, of: &Batch) -> Result<Batch> {
    let options = RecordBatchOptions::new().with_row_count(Some(of.num_rows()));
    let records =
        RecordBatch::try_new_with_options(table.arrow_schema().clone(), columns, &options)?;
    Ok(Batch::new(table.clone(), records, of.kinds().clone()).with_facts_of(of))
}

/// Columns chosen from those of the input; no value is touched.
pub struct Projection {
    table: Arc<CatalogTable>,
    sources: Vec<usize>,
}

impl Projection {
    /// `sources` are the positions, in the input, of the columns of `table`.
    pub fn new(table: Arc<CatalogTable>, sources: Vec<usize>) -> Self {
        Self { table, sources }
    }

    /// All columns of `table`, as another table.
    pub fn moved(table: &CatalogTable, path: TablePath) -> Self {
        let sources = (0..table.columns().len()).collect();
        Self::new(Arc::new(table.clone().with_path(path)), sources)
    }
}

impl TableStep for Projection {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let input = batch.records().columns();
        let columns = self.sources.iter().map(|at| input[*at].clone()).collect();
        rebuilt(&self.table, columns, &batch).map(Some)
    }
}

/// Refuses a column whose values have no text form.
///
/// # Errors
/// If it has none.
pub fn check_text(plugin: &str, column: &Column) -> Result<()> {
    match column.data_type {
        DataType::Bytes
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Row(_)
        | DataType::FloatVector(_) => Err(Error::new(
            codes::NOT_TEXT,
            format!(
                "{plugin} works on text, the column `{}` is of the type {}",
                column.name, column.data_type
            ),
        )
        .with_help("turn it into text first, with the Sql transform: cast(… as string)")),
        _ => Ok(()),
    }
}

/// The column as text, as Java's `toString` shows its values; its type has passed [`check_text`].
///
/// # Errors
/// If a value has no text form.
pub fn as_text(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        ArrowType::Utf8 => Ok(column.clone()),
        ArrowType::Float32 => {
            let values = column.as_primitive::<Float32Type>();
            texts_of(column, |row, text| {
                java_text::float(values.value(row), text)
            })
        }
        ArrowType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            texts_of(column, |row, text| {
                java_text::double(values.value(row), text)
            })
        }
        ArrowType::Decimal128(_, scale) => {
            let values = column.as_primitive::<Decimal128Type>();
            texts_of(column, |row, text| {
                java_text::decimal128(values.value(row), *scale, text)
            })
        }
        ArrowType::Decimal256(_, scale) => {
            let values = column.as_primitive::<Decimal256Type>();
            texts_of(column, |row, text| {
                java_text::decimal(values.value(row), *scale, text)
            })
        }
        ArrowType::Time64(TimeUnit::Microsecond) => {
            let values = column.as_primitive::<Time64MicrosecondType>();
            texts_of(column, |row, text| java_text::time(values.value(row), text))
        }
        ArrowType::Timestamp(TimeUnit::Microsecond, zone) => {
            let values = column.as_primitive::<TimestampMicrosecondType>();
            texts_of(column, |row, text| {
                java_text::timestamp(values.value(row), text);
                if zone.is_some() {
                    text.push('Z');
                }
            })
        }
        _ => Ok(cast(column, &ArrowType::Utf8)?),
    }
}

/// What `write` makes of each row that has a value.
fn texts_of(column: &ArrayRef, write: impl Fn(usize, &mut String)) -> Result<ArrayRef> {
    let rows = column.len();
    let mut texts = StringBuilder::with_capacity(rows, rows * 16);
    let mut text = String::new();
    for row in 0..rows {
        if column.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        write(row, &mut text);
        texts.append_value(&text);
    }
    Ok(Arc::new(texts.finish()))
}

/// A column that [`as_text`] made.
pub fn text(column: &ArrayRef) -> &StringArray {
    column.as_string::<i32>()
}
