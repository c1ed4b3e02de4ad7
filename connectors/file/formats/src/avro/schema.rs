//! Schemas of files and the columns that they make.

use apache_avro::Schema;
use seatunnel_api::{Column, DataType, RowField};
use serde_json::{Value, json};

use crate::{Fault, Result};

/// The columns of a file with this schema.
pub(super) fn columns(text: &str) -> Result<Vec<Column>> {
    let schema = Schema::parse_str(text)
        .map_err(|e| Fault::malformed(format!("its schema is not valid: {e}")))?;
    let Schema::Record(record) = &schema else {
        return Err(Fault::Unsupported(
            "its rows are no records; only records have columns".to_owned(),
        ));
    };
    let columns = record.fields.iter().map(|field| {
        let data_type = data_type(&field.schema)
            .map_err(|why| Fault::Unsupported(format!("column {:?}: {why}", field.name)))?;
        let mut column = Column::new(&field.name, data_type);
        column.nullable = is_nullable(&field.schema);
        Ok(column)
    });
    columns.collect()
}

fn is_nullable(schema: &Schema) -> bool {
    match schema {
        Schema::Null => true,
        Schema::Union(union) => union.variants().contains(&Schema::Null),
        _ => false,
    }
}

/// | Avro | type |
/// |---|---|
/// | null, boolean, int, long, float, double, bytes, string | the same |
/// | enum, uuid | string |
/// | fixed, duration | bytes |
/// | decimal | decimal |
/// | date, time-* | date, time |
/// | local-timestamp-*, timestamp-* | timestamp, timestamp_tz |
/// | array, map, record | array, map of strings, row |
/// | union with null | what is beside null |
fn data_type(schema: &Schema) -> Result<DataType, String> {
    Ok(match schema {
        Schema::Null => DataType::Null,
        Schema::Boolean => DataType::Boolean,
        Schema::Int => DataType::Int,
        Schema::Long => DataType::BigInt,
        Schema::Float => DataType::Float,
        Schema::Double => DataType::Double,
        Schema::Bytes | Schema::Fixed(_) | Schema::Duration(_) => DataType::Bytes,
        Schema::String | Schema::Enum(_) | Schema::Uuid(_) => DataType::String,
        Schema::Decimal(decimal) => DataType::Decimal {
            precision: u8::try_from(decimal.precision)
                .ok()
                .filter(|p| *p <= seatunnel_api::MAX_DECIMAL)
                .ok_or("a decimal of it has more digits than there are")?,
            scale: i8::try_from(decimal.scale).map_err(|e| e.to_string())?,
        },
        Schema::Date => DataType::Date,
        Schema::TimeMillis | Schema::TimeMicros => DataType::Time,
        Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => DataType::Timestamp,
        Schema::TimestampMillis | Schema::TimestampMicros | Schema::TimestampNanos => {
            DataType::TimestampTz
        }
        Schema::Array(array) => DataType::Array(Box::new(data_type(&array.items)?)),
        Schema::Map(map) => {
            DataType::Map(Box::new(DataType::String), Box::new(data_type(&map.types)?))
        }
        Schema::Record(record) => {
            let fields = record.fields.iter().map(|f| {
                Ok(RowField {
                    name: f.name.clone(),
                    data_type: data_type(&f.schema)?,
                })
            });
            DataType::Row(fields.collect::<Result<Vec<_>, String>>()?.into())
        }
        Schema::Union(union) => {
            let mut others = union.variants().iter().filter(|v| **v != Schema::Null);
            match (others.next(), others.next()) {
                (None, _) => DataType::Null,
                (Some(only), None) => data_type(only)?,
                _ => return Err("a union of several types is no type of a column".to_owned()),
            }
        }
        Schema::BigDecimal => return Err("a decimal without a scale is none".to_owned()),
        Schema::Ref { name } => {
            return Err(format!("the type {name} is used twice or contains itself"));
        }
    })
}

/// The schema of a file with these columns: each may be null, nothing is rounded.
pub(super) fn of_columns(columns: &[Column]) -> Result<String> {
    let fields: Vec<RowField> = columns
        .iter()
        .map(|c| RowField {
            name: c.name.clone(),
            data_type: c.data_type.clone(),
        })
        .collect();
    let text = record("SeaTunnelRecord", "", &fields).to_string();
    Schema::parse_str(&text).map_err(|e| {
        Fault::Unsupported(format!(
            "the columns make no valid Avro schema ({e}); names in Avro are letters, digits and _"
        ))
    })?;
    Ok(text)
}

/// Records inside are called after their path, for two types of one schema can't share a name.
fn record(name: &str, path: &str, fields: &[RowField]) -> Value {
    let fields = fields.iter().map(|field| {
        let path = match path {
            "" => field.name.clone(),
            path => format!("{path}_{}", field.name),
        };
        let value = nullable(&path, &field.data_type);
        json!({ "name": field.name, "type": value, "default": Value::Null })
    });
    let fields: Vec<Value> = fields.collect();
    json!({ "type": "record", "name": name, "fields": fields })
}

fn nullable(path: &str, data_type: &DataType) -> Value {
    let value = match data_type {
        DataType::Null => return json!("null"),
        DataType::String => json!("string"),
        DataType::Boolean => json!("boolean"),
        DataType::TinyInt | DataType::SmallInt | DataType::Int => json!("int"),
        DataType::BigInt => json!("long"),
        DataType::Float => json!("float"),
        DataType::Double => json!("double"),
        DataType::Decimal { precision, scale } => {
            json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
        }
        DataType::Bytes => json!("bytes"),
        DataType::Date => json!({ "type": "int", "logicalType": "date" }),
        DataType::Time => json!({ "type": "long", "logicalType": "time-micros" }),
        DataType::Timestamp => json!({ "type": "long", "logicalType": "local-timestamp-micros" }),
        DataType::TimestampTz => json!({ "type": "long", "logicalType": "timestamp-micros" }),
        DataType::Array(item) => json!({ "type": "array", "items": nullable(path, item) }),
        DataType::FloatVector(_) => json!({ "type": "array", "items": "float" }),
        DataType::Map(_, value) => json!({ "type": "map", "values": nullable(path, value) }),
        DataType::Row(fields) => record(path, path, fields),
    };
    json!(["null", value])
}
