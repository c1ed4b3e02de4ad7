//! Schemas: from tables to what Spark writes as JSON, and back.
//!
//! | SeaTunnel | Spark |
//! |---|---|
//! | `string` | string |
//! | `boolean` | boolean |
//! | `tinyint`, `smallint`, `int`, `bigint` | byte, short, integer, long |
//! | `float`, `double` | float, double |
//! | `decimal(p, s)` | decimal(p, s); string if Spark has no such decimal |
//! | `null` | void |
//! | `bytes` | binary |
//! | `date` | date |
//! | `time` | long, microseconds since midnight |
//! | `timestamp` | timestamp_ntz |
//! | `timestamp_tz` | timestamp |
//! | `array<T>` | array |
//! | `map<K, V>` | map |
//! | row | struct |
//! | `float_vector` | array of float |
//!
//! Where the way back is not the same, the field's metadata says under `seatunnel.type` what it was.

use std::sync::Arc;

use seatunnel_api::{CatalogTable, Column, DataType, Error, MAX_DECIMAL128, Result, RowField};
use serde_json::{Value as Json, json};

use crate::codes;

/// What metadata call the type that a field had before Spark.
const TYPE: &str = "seatunnel.type";

/// The schema of a table as Spark's JSON.
pub fn to_spark(table: &CatalogTable) -> String {
    let fields = table.columns().iter().map(|column| {
        let mut metadata = serde_json::Map::new();
        if let Some(comment) = &column.comment {
            metadata.insert("comment".into(), json!(comment));
        }
        field(&column.name, &column.data_type, metadata)
    });
    json!({ "type": "struct", "fields": fields.collect::<Vec<_>>() }).to_string()
}

fn field(name: &str, data_type: &DataType, mut metadata: serde_json::Map<String, Json>) -> Json {
    if comes_back(data_type).as_ref() != Some(data_type) {
        metadata.insert(TYPE.into(), json!(data_type.to_string()));
    }
    // Spark takes a field that it holds for not null as such, without a look.
    json!({ "name": name, "type": spark_type(data_type), "nullable": true, "metadata": metadata })
}

/// What a type is when it has been to Spark and back, without metadata on this level.
fn comes_back(data_type: &DataType) -> Option<DataType> {
    match data_type {
        // Their fields have metadata of their own.
        DataType::Row(_) => Some(data_type.clone()),
        _ => from_type(&spark_type(data_type)).ok(),
    }
}

fn spark_type(data_type: &DataType) -> Json {
    let name = match data_type {
        DataType::String => "string",
        DataType::Boolean => "boolean",
        DataType::TinyInt => "byte",
        DataType::SmallInt => "short",
        DataType::Int => "integer",
        DataType::BigInt | DataType::Time => "long",
        DataType::Float => "float",
        DataType::Double => "double",
        DataType::Decimal { precision, scale } if is_sparks(*precision, *scale) => {
            return json!(format!("decimal({precision},{scale})"));
        }
        DataType::Decimal { .. } => "string",
        DataType::Null => "void",
        DataType::Bytes => "binary",
        DataType::Date => "date",
        DataType::Timestamp => "timestamp_ntz",
        DataType::TimestampTz => "timestamp",
        DataType::Array(item) => {
            let item = spark_type(item);
            return json!({ "type": "array", "elementType": item, "containsNull": true });
        }
        DataType::FloatVector(_) => {
            return json!({ "type": "array", "elementType": "float", "containsNull": true });
        }
        DataType::Map(key, value) => {
            let (key, value) = (spark_type(key), spark_type(value));
            return json!({
                "type": "map", "keyType": key, "valueType": value, "valueContainsNull": true
            });
        }
        DataType::Row(fields) => {
            let fields = fields
                .iter()
                .map(|f| field(&f.name, &f.data_type, serde_json::Map::new()));
            return json!({ "type": "struct", "fields": fields.collect::<Vec<_>>() });
        }
    };
    json!(name)
}

/// Whether Spark has such a decimal.
fn is_sparks(precision: u8, scale: i8) -> bool {
    precision <= MAX_DECIMAL128 && u8::try_from(scale).is_ok_and(|scale| scale <= precision)
}

/// The type whose columns Spark's side reads and writes: what Spark has no type for as the text or the
/// list that it has instead.
pub fn shape(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal { precision, scale } if !is_sparks(*precision, *scale) => {
            DataType::String
        }
        DataType::FloatVector(_) => DataType::Array(Box::new(DataType::Float)),
        DataType::Array(item) => DataType::Array(Box::new(shape(item))),
        DataType::Map(key, value) => DataType::Map(Box::new(shape(key)), Box::new(shape(value))),
        DataType::Row(fields) => {
            let fields = fields.iter().map(|field| RowField {
                name: field.name.clone(),
                data_type: shape(&field.data_type),
            });
            DataType::Row(fields.collect::<Vec<_>>().into())
        }
        other => other.clone(),
    }
}

/// The columns of a DataFrame, of its schema as Spark's JSON.
///
/// # Errors
/// If a column has a type that rows of SeaTunnel don't.
pub(crate) fn from_spark(schema: &str) -> Result<Vec<Column>> {
    let schema: Json = serde_json::from_str(schema)
        .map_err(|e| Error::new(codes::WIRE, "a schema of Spark can't be read").with_cause(e))?;
    let fields = schema["fields"].as_array().map_or(&[][..], Vec::as_slice);
    fields
        .iter()
        .map(|field| {
            let name = field["name"].as_str().unwrap_or_default();
            let data_type = from_field(field).map_err(|e| e.with_context("column", name))?;
            let mut column = Column::new(name, data_type);
            column.nullable = field["nullable"].as_bool().unwrap_or(true);
            column.comment = field["metadata"]["comment"].as_str().map(str::to_owned);
            Ok(column)
        })
        .collect()
}

fn from_field(field: &Json) -> Result<DataType> {
    let plain = from_type(&field["type"])?;
    let noted = field["metadata"][TYPE].as_str();
    // Metadata outlive casts: the note counts only while the column still looks like it.
    let noted = noted.and_then(|text| DataType::parse(text).ok());
    let noted = noted.filter(|noted| same_shape(&shape(noted), &shape(&plain)));
    Ok(noted.unwrap_or(plain))
}

/// Whether two types are carried by the same columns.
fn same_shape(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Time, DataType::BigInt) | (DataType::BigInt, DataType::Time) => true,
        (DataType::Array(a), DataType::Array(b)) => same_shape(a, b),
        (DataType::Map(a, c), DataType::Map(b, d)) => same_shape(a, b) && same_shape(c, d),
        (DataType::Row(a), DataType::Row(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|(a, b)| a.name == b.name && same_shape(&a.data_type, &b.data_type))
        }
        (a, b) => a == b,
    }
}

fn from_type(spark: &Json) -> Result<DataType> {
    if let Some(name) = spark.as_str() {
        return from_name(name);
    }
    let boxed = |key: &str| from_type(&spark[key]).map(Box::new);
    match spark["type"].as_str() {
        Some("array") => Ok(DataType::Array(boxed("elementType")?)),
        Some("map") => Ok(DataType::Map(boxed("keyType")?, boxed("valueType")?)),
        Some("struct") => {
            let fields = spark["fields"].as_array().map_or(&[][..], Vec::as_slice);
            let fields = fields.iter().map(|field| {
                Ok(RowField {
                    name: field["name"].as_str().unwrap_or_default().to_owned(),
                    data_type: from_field(field)?,
                })
            });
            let fields: Arc<[RowField]> = fields.collect::<Result<Vec<_>>>()?.into();
            Ok(DataType::Row(fields))
        }
        _ => Err(unknown(&spark.to_string())),
    }
}

fn from_name(name: &str) -> Result<DataType> {
    let decimal = || {
        let (precision, scale) = name
            .strip_prefix("decimal(")?
            .strip_suffix(')')?
            .split_once(',')?;
        Some(DataType::Decimal {
            precision: precision.trim().parse().ok()?,
            scale: scale.trim().parse().ok()?,
        })
    };
    Ok(match name {
        "string" => DataType::String,
        "boolean" => DataType::Boolean,
        "byte" => DataType::TinyInt,
        "short" => DataType::SmallInt,
        "integer" => DataType::Int,
        "long" => DataType::BigInt,
        "float" => DataType::Float,
        "double" => DataType::Double,
        "void" | "null" => DataType::Null,
        "binary" => DataType::Bytes,
        "date" => DataType::Date,
        "timestamp_ntz" => DataType::Timestamp,
        "timestamp" => DataType::TimestampTz,
        // With a collation, or a length that Spark itself sees to.
        text if ["string ", "char(", "varchar("]
            .iter()
            .any(|p| text.starts_with(p)) =>
        {
            DataType::String
        }
        _ => decimal().ok_or_else(|| unknown(name))?,
    })
}

fn unknown(name: &str) -> Error {
    Error::new(
        codes::UNSUPPORTED,
        format!("Spark's type {name} has none that it could become"),
    )
    .with_help("cast the column, to a string for instance")
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::{TablePath, TableSchema};
    use seatunnel_conformance::all_types;

    #[test]
    fn all_types_come_back_from_spark() {
        let mut types: Vec<DataType> = all_types().into_iter().map(|c| c.data_type).collect();
        types.push(DataType::Null);
        types.push(DataType::parse("map<string, array<time>>").unwrap());
        types.push(DataType::parse("{a = decimal(50, 2), b = {c = time}}").unwrap());
        let columns = types
            .iter()
            .enumerate()
            .map(|(n, t)| Column::new(format!("c{n}"), t.clone()));
        let schema = TableSchema::new(columns.collect());
        let table = CatalogTable::new("test", TablePath::unnamed(), schema);
        let back = from_spark(&to_spark(&table)).unwrap();
        let back: Vec<DataType> = back.into_iter().map(|c| c.data_type).collect();
        assert_eq!(back, types);
    }

    #[test]
    fn notes_of_columns_that_were_cast_don_t_count() {
        let cast =
            r#"{"fields":[{"name":"a","type":"integer","metadata":{"seatunnel.type":"time"}}]}"#;
        assert_eq!(from_spark(cast).unwrap()[0].data_type, DataType::Int);
    }

    #[test]
    fn a_type_that_only_spark_has_is_named_with_its_column() {
        let schema = r#"{"fields":[{"name":"v","type":"variant"}]}"#;
        let report = from_spark(schema).unwrap_err().report();
        assert!(
            report.contains("variant") && report.contains('v'),
            "{report}"
        );
    }
}
