//! Turns pushed rows into batches.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, NullBuilder, PrimitiveBuilder, StringBuilder,
};
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    ArrayRef, FixedSizeListArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as ArrowType;

use crate::batch::Batch;
use crate::error::{Error, Result, codes};
use crate::row::Value;
use crate::row_kind::{RowKind, RowKinds};
use crate::table::CatalogTable;
use crate::types::{DataType, MAX_DECIMAL128};

/// Collects rows of one table into columns.
///
/// For sources that have rows at hand; one that has columns makes a [`Batch`] directly.
pub struct BatchBuilder {
    table: Arc<CatalogTable>,
    columns: Vec<ColumnBuilder>,
    kinds: Vec<RowKind>,
    bytes: usize,
}

impl BatchBuilder {
    /// An empty builder for rows of `table`.
    pub fn new(table: Arc<CatalogTable>) -> Self {
        let columns = table
            .columns()
            .iter()
            .map(|c| ColumnBuilder::new(&c.data_type))
            .collect();
        Self {
            table,
            columns,
            kinds: Vec::new(),
            bytes: 0,
        }
    }

    /// The table whose rows are collected.
    pub fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// Number of rows collected.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether no row is collected.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// About how many bytes the rows collected take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If the number of values or the type of one is not that of the table; the row is not added.
    pub fn push(&mut self, kind: RowKind, values: &[Value]) -> Result<()> {
        let columns = self.table.columns();
        if values.len() != columns.len() {
            return Err(Error::new(
                codes::VALUE_INVALID,
                format!(
                    "a row has {} values, its table {} columns",
                    values.len(),
                    columns.len()
                ),
            )
            .with_context("table", self.table.path()));
        }
        // Checked before anything is added, so that a refused row leaves no half of itself behind.
        for (column, value) in columns.iter().zip(values) {
            if !fits(&column.data_type, value) {
                return Err(Error::new(
                    codes::VALUE_INVALID,
                    format!(
                        "the value {value} does not fit the type {}",
                        column.data_type
                    ),
                )
                .with_context("table", self.table.path())
                .with_context("column", &column.name));
            }
        }
        for (builder, value) in self.columns.iter_mut().zip(values) {
            self.bytes += builder.push(value);
        }
        self.kinds.push(kind);
        Ok(())
    }

    /// Takes the rows collected as a batch and starts anew.
    pub fn finish(&mut self) -> Batch {
        let rows = self.kinds.len();
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let records =
            RecordBatch::try_new_with_options(self.table.arrow_schema().clone(), columns, &options)
                .expect("the builders were made from the same schema");
        self.bytes = 0;
        let kinds = RowKinds::from_kinds(std::mem::take(&mut self.kinds));
        Batch::new(self.table.clone(), records, kinds)
    }
}

/// Whether a value can stand in a column of a type, nested values included.
fn fits(data_type: &DataType, value: &Value) -> bool {
    match (data_type, value) {
        (_, Value::Null)
        | (DataType::Boolean, Value::Boolean(_))
        | (DataType::TinyInt, Value::TinyInt(_))
        | (DataType::SmallInt, Value::SmallInt(_))
        | (DataType::Int, Value::Int(_))
        | (DataType::BigInt, Value::BigInt(_))
        | (DataType::Float, Value::Float(_))
        | (DataType::Double, Value::Double(_))
        | (DataType::String, Value::String(_))
        | (DataType::Bytes, Value::Bytes(_))
        | (DataType::Date, Value::Date(_))
        | (DataType::Time, Value::Time(_))
        | (DataType::Timestamp, Value::Timestamp(_))
        | (DataType::TimestampTz, Value::TimestampTz(_)) => true,
        (DataType::Decimal { precision, scale }, Value::Decimal(digits, value_scale)) => {
            let text = digits.to_string();
            scale == value_scale && text.trim_start_matches('-').len() <= usize::from(*precision)
        }
        (DataType::Array(item), Value::Array(items)) => items.iter().all(|v| fits(item, v)),
        (DataType::FloatVector(dimension), Value::Array(items)) => {
            items.len() == *dimension as usize && items.iter().all(|v| matches!(v, Value::Float(_)))
        }
        (DataType::Map(key, value), Value::Map(entries)) => entries
            .iter()
            .all(|(k, v)| !k.is_null() && fits(key, k) && fits(value, v)),
        (DataType::Row(fields), Value::Row(values)) => {
            fields.len() == values.len()
                && fields
                    .iter()
                    .zip(values)
                    .all(|(field, v)| fits(&field.data_type, v))
        }
        _ => false,
    }
}

/// Builds one column; values are known to fit.
enum ColumnBuilder {
    Null(NullBuilder),
    Boolean(BooleanBuilder),
    TinyInt(PrimitiveBuilder<Int8Type>),
    SmallInt(PrimitiveBuilder<Int16Type>),
    Int(PrimitiveBuilder<Int32Type>),
    BigInt(PrimitiveBuilder<Int64Type>),
    Float(PrimitiveBuilder<Float32Type>),
    Double(PrimitiveBuilder<Float64Type>),
    Decimal128(PrimitiveBuilder<Decimal128Type>),
    Decimal256(PrimitiveBuilder<Decimal256Type>),
    String(StringBuilder),
    Bytes(BinaryBuilder),
    Date(PrimitiveBuilder<Date32Type>),
    Time(PrimitiveBuilder<Time64MicrosecondType>),
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>),
    Nested(Box<NestedBuilder>),
}

/// Lists, maps, rows and vectors: children, and where each value's children end.
struct NestedBuilder {
    arrow: ArrowType,
    children: Vec<ColumnBuilder>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl ColumnBuilder {
    fn new(data_type: &DataType) -> Self {
        let arrow = data_type.to_arrow();
        let nested = |children: Vec<&DataType>| {
            Self::Nested(Box::new(NestedBuilder {
                arrow: arrow.clone(),
                children: children.into_iter().map(Self::new).collect(),
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
            }))
        };
        match data_type {
            DataType::Null => Self::Null(NullBuilder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::TinyInt => Self::TinyInt(PrimitiveBuilder::new()),
            DataType::SmallInt => Self::SmallInt(PrimitiveBuilder::new()),
            DataType::Int => Self::Int(PrimitiveBuilder::new()),
            DataType::BigInt => Self::BigInt(PrimitiveBuilder::new()),
            DataType::Float => Self::Float(PrimitiveBuilder::new()),
            DataType::Double => Self::Double(PrimitiveBuilder::new()),
            DataType::Decimal { precision, .. } if *precision <= MAX_DECIMAL128 => {
                Self::Decimal128(PrimitiveBuilder::new().with_data_type(arrow))
            }
            DataType::Decimal { .. } => {
                Self::Decimal256(PrimitiveBuilder::new().with_data_type(arrow))
            }
            DataType::String => Self::String(StringBuilder::new()),
            DataType::Bytes => Self::Bytes(BinaryBuilder::new()),
            DataType::Date => Self::Date(PrimitiveBuilder::new()),
            DataType::Time => Self::Time(PrimitiveBuilder::new()),
            DataType::Timestamp | DataType::TimestampTz => {
                Self::Timestamp(PrimitiveBuilder::new().with_data_type(arrow))
            }
            DataType::Array(item) => nested(vec![item]),
            DataType::FloatVector(_) => nested(vec![&DataType::Float]),
            DataType::Map(key, value) => nested(vec![key, value]),
            DataType::Row(fields) => nested(fields.iter().map(|f| &f.data_type).collect()),
        }
    }

    /// Adds a value and says about how many bytes it takes.
    fn push(&mut self, value: &Value) -> usize {
        macro_rules! primitive {
            ($builder:expr, $variant:ident, $size:expr) => {{
                $builder.append_option(match value {
                    Value::$variant(v) => Some(*v),
                    _ => None,
                });
                $size
            }};
        }
        match self {
            Self::Null(b) => {
                b.append_null();
                0
            }
            Self::Boolean(b) => primitive!(b, Boolean, 1),
            Self::TinyInt(b) => primitive!(b, TinyInt, 1),
            Self::SmallInt(b) => primitive!(b, SmallInt, 2),
            Self::Int(b) => primitive!(b, Int, 4),
            Self::BigInt(b) => primitive!(b, BigInt, 8),
            Self::Float(b) => primitive!(b, Float, 4),
            Self::Double(b) => primitive!(b, Double, 8),
            Self::Date(b) => primitive!(b, Date, 4),
            Self::Time(b) => primitive!(b, Time, 8),
            Self::Timestamp(b) => {
                b.append_option(match value {
                    Value::Timestamp(v) | Value::TimestampTz(v) => Some(*v),
                    _ => None,
                });
                8
            }
            Self::Decimal128(b) => {
                b.append_option(match value {
                    Value::Decimal(digits, _) => digits.to_i128(),
                    _ => None,
                });
                16
            }
            Self::Decimal256(b) => {
                b.append_option(match value {
                    Value::Decimal(digits, _) => Some(*digits),
                    _ => None,
                });
                32
            }
            Self::String(b) => match value {
                Value::String(text) => {
                    b.append_value(text);
                    text.len() + 4
                }
                _ => {
                    b.append_null();
                    4
                }
            },
            Self::Bytes(b) => match value {
                Value::Bytes(bytes) => {
                    b.append_value(bytes);
                    bytes.len() + 4
                }
                _ => {
                    b.append_null();
                    4
                }
            },
            Self::Nested(b) => b.push(value),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Null(b) => Arc::new(b.finish()),
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::TinyInt(b) => Arc::new(b.finish()),
            Self::SmallInt(b) => Arc::new(b.finish()),
            Self::Int(b) => Arc::new(b.finish()),
            Self::BigInt(b) => Arc::new(b.finish()),
            Self::Float(b) => Arc::new(b.finish()),
            Self::Double(b) => Arc::new(b.finish()),
            Self::Decimal128(b) => Arc::new(b.finish()),
            Self::Decimal256(b) => Arc::new(b.finish()),
            Self::String(b) => Arc::new(b.finish()),
            Self::Bytes(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::Time(b) => Arc::new(b.finish()),
            Self::Timestamp(b) => Arc::new(b.finish()),
            Self::Nested(b) => b.finish(),
        }
    }
}

impl NestedBuilder {
    fn push(&mut self, value: &Value) -> usize {
        let mut bytes = 4;
        let is_list = matches!(self.arrow, ArrowType::List(_) | ArrowType::Map(..));
        match value {
            Value::Array(items) => {
                for item in items {
                    bytes += self.children[0].push(item);
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    bytes += self.children[0].push(key);
                    bytes += self.children[1].push(value);
                }
            }
            Value::Row(values) => {
                for (child, value) in self.children.iter_mut().zip(values) {
                    bytes += child.push(value);
                }
            }
            // Rows and vectors have a slot of every child even where they are null.
            _ if !is_list => {
                let slots = match self.arrow {
                    ArrowType::FixedSizeList(_, size) => size as usize,
                    _ => 1,
                };
                for child in &mut self.children {
                    for _ in 0..slots {
                        bytes += child.push(&Value::Null);
                    }
                }
            }
            _ => {}
        }
        self.nulls.append(!value.is_null());
        let added = match value {
            Value::Array(items) => items.len(),
            Value::Map(entries) => entries.len(),
            _ => 0,
        };
        let last = self.offsets.last().copied().unwrap_or(0);
        self.offsets.push(last + added as i32);
        bytes
    }

    fn finish(&mut self) -> ArrayRef {
        let nulls = self.nulls.finish();
        let rows = self.offsets.len() - 1;
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let offsets = || OffsetBuffer::new(ScalarBuffer::from(offsets));
        let mut children: Vec<ArrayRef> = self
            .children
            .iter_mut()
            .map(ColumnBuilder::finish)
            .collect();
        match &self.arrow {
            ArrowType::List(item) => Arc::new(ListArray::new(
                item.clone(),
                offsets(),
                children.remove(0),
                nulls,
            )),
            ArrowType::Map(entries, sorted) => {
                let ArrowType::Struct(fields) = entries.data_type() else {
                    unreachable!("a map's entries are a struct by construction");
                };
                let pairs = StructArray::new(fields.clone(), children, None);
                Arc::new(MapArray::new(
                    entries.clone(),
                    offsets(),
                    pairs,
                    nulls,
                    *sorted,
                ))
            }
            ArrowType::FixedSizeList(item, size) => {
                // A null vector still has slots, and the child type is not nullable: fill them with zeros.
                let child = zeros_for_nulls(children.remove(0));
                Arc::new(FixedSizeListArray::new(item.clone(), *size, child, nulls))
            }
            ArrowType::Struct(fields) if fields.is_empty() => {
                Arc::new(StructArray::new_empty_fields(rows, nulls))
            }
            ArrowType::Struct(fields) => {
                Arc::new(StructArray::new(fields.clone(), children, nulls))
            }
            other => unreachable!("{other} is not nested"),
        }
    }
}

/// The same floats with zeros in place of nulls.
fn zeros_for_nulls(column: ArrayRef) -> ArrayRef {
    use arrow_array::cast::AsArray;
    let floats = column.as_primitive::<Float32Type>();
    let values: Vec<f32> = floats.iter().map(Option::unwrap_or_default).collect();
    Arc::new(arrow_array::Float32Array::from(values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, TablePath, TableSchema};

    fn table(types: &[&str]) -> Arc<CatalogTable> {
        let columns = types
            .iter()
            .enumerate()
            .map(|(i, t)| Column::new(format!("c{i}"), DataType::parse(t).unwrap()))
            .collect();
        Arc::new(CatalogTable::new(
            "test",
            TablePath::unnamed(),
            TableSchema::new(columns),
        ))
    }

    #[test]
    fn nested_rows_read_back_as_they_were_pushed() {
        let table = table(&[
            "int",
            "array<string>",
            "map<string, {a = int, b = array<decimal(40, 2)>}>",
            "float_vector(2)",
            "null",
        ]);
        let decimal = Value::Decimal("12345".parse().unwrap(), 2);
        let rows = [
            vec![
                Value::Int(1),
                Value::Array(vec![Value::String("x".into()), Value::Null]),
                Value::Map(vec![(
                    Value::String("k".into()),
                    Value::Row(vec![Value::Int(7), Value::Array(vec![decimal])]),
                )]),
                Value::Array(vec![Value::Float(1.5), Value::Float(2.5)]),
                Value::Null,
            ],
            vec![Value::Null; 5],
        ];
        let mut builder = BatchBuilder::new(table);
        for row in &rows {
            builder.push(RowKind::Insert, row).unwrap();
        }
        let batch = builder.finish();
        assert_eq!(batch.row(0).values(), rows[0]);
        assert_eq!(batch.row(1).values(), rows[1]);
        assert!(builder.is_empty());
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_leaves_nothing_behind() {
        let mut builder = BatchBuilder::new(table(&["int", "decimal(4, 2)"]));
        let wrong = [Value::Int(1), Value::Decimal("12345".parse().unwrap(), 2)];
        let error = builder.push(RowKind::Insert, &wrong).unwrap_err();
        assert!(error.to_string().contains("column c1"), "{error}");
        assert!(builder.push(RowKind::Insert, &[Value::Int(1)]).is_err());
        assert_eq!(builder.finish().num_rows(), 0);
    }
}
