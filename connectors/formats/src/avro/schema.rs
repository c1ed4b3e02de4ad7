//! Schemas: what follows what in a message.

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};
use seatunnel_api::{Column, DataType, Error, Result, RowField, codes as api_codes};
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::codes;

/// How one value is written, without the names that don't matter for that.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wire {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    /// Digits as bytes, so many of them if the number is fixed.
    Decimal {
        scale: i32,
        size: Option<usize>,
    },
    /// A decimal that says its scale with each value.
    BigDecimal,
    /// As text, or as 16 bytes.
    Uuid {
        text: bool,
        sized: bool,
    },
    Date,
    Time(Unit),
    /// Both kinds of timestamps: with and without a zone they are written alike.
    Timestamp(Unit),
    Array(Box<Wire>),
    Map(Box<Wire>),
    Union(Vec<Wire>),
    Record(Vec<(String, Wire)>),
    /// A type that contains itself: its place in [`Layout::named`].
    Named(usize),
}

/// Units of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// A schema, and the types of it that contain themselves.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) root: Wire,
    pub(super) named: Vec<Wire>,
}

/// How schemas follow from columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derive {
    /// Whether values are unions with null.
    pub(super) nullable: bool,
    /// Whether rows inside of rows are, too.
    pub(super) nullable_rows: bool,
}

/// Reads a schema from JSON; `references` are schemas that it names.
///
/// # Errors
/// If it is not a schema.
pub(super) fn parse(text: &str, references: &[String]) -> Result<(Schema, Layout)> {
    let (schema, others) = Schema::parse_str_with_list(text, references)
        .map_err(|e| invalid(format!("the Avro schema is not valid: {e}")))?;
    let mut builder = Builder {
        schemas: HashMap::new(),
        places: HashMap::new(),
        named: Vec::new(),
    };
    builder.collect(&schema);
    for other in &others {
        builder.collect(other);
    }
    let root = builder.wire(&schema)?;
    let named = builder.named.into_iter().map(|w| w.unwrap_or(Wire::Null));
    let named = named.collect();
    Ok((schema, Layout { root, named }))
}

struct Builder<'a> {
    schemas: HashMap<Name, &'a Schema>,
    /// Types that are being read or have been: their place, and whether somebody names it.
    places: HashMap<Name, usize>,
    named: Vec<Option<Wire>>,
}

impl<'a> Builder<'a> {
    /// Finds all types that have a name.
    fn collect(&mut self, schema: &'a Schema) {
        if let Some(name) = schema.name()
            && !matches!(schema, Schema::Ref { .. })
        {
            self.schemas.insert(name.clone(), schema);
        }
        match schema {
            Schema::Array(array) => self.collect(&array.items),
            Schema::Map(map) => self.collect(&map.types),
            Schema::Union(union) => union.variants().iter().for_each(|v| self.collect(v)),
            Schema::Record(record) => record.fields.iter().for_each(|f| self.collect(&f.schema)),
            _ => {}
        }
    }

    fn wire(&mut self, schema: &'a Schema) -> Result<Wire> {
        Ok(match schema {
            Schema::Null => Wire::Null,
            Schema::Boolean => Wire::Boolean,
            Schema::Int => Wire::Int,
            Schema::Long => Wire::Long,
            Schema::Float => Wire::Float,
            Schema::Double => Wire::Double,
            Schema::Bytes => Wire::Bytes,
            Schema::String => Wire::String,
            Schema::Fixed(fixed) | Schema::Duration(fixed) => Wire::Fixed(fixed.size),
            Schema::Enum(symbols) => Wire::Enum(symbols.symbols.clone()),
            Schema::Decimal(decimal) => Wire::Decimal {
                scale: decimal.scale as i32,
                size: match &decimal.inner {
                    InnerDecimalSchema::Bytes => None,
                    InnerDecimalSchema::Fixed(fixed) => Some(fixed.size),
                },
            },
            Schema::BigDecimal => Wire::BigDecimal,
            Schema::Uuid(UuidSchema::String) => Wire::Uuid {
                text: true,
                sized: false,
            },
            Schema::Uuid(UuidSchema::Bytes) => Wire::Uuid {
                text: false,
                sized: false,
            },
            Schema::Uuid(UuidSchema::Fixed(_)) => Wire::Uuid {
                text: false,
                sized: true,
            },
            Schema::Date => Wire::Date,
            Schema::TimeMillis => Wire::Time(Unit::Millis),
            Schema::TimeMicros => Wire::Time(Unit::Micros),
            Schema::TimestampMillis | Schema::LocalTimestampMillis => Wire::Timestamp(Unit::Millis),
            Schema::TimestampMicros | Schema::LocalTimestampMicros => Wire::Timestamp(Unit::Micros),
            Schema::TimestampNanos | Schema::LocalTimestampNanos => Wire::Timestamp(Unit::Nanos),
            Schema::Array(array) => Wire::Array(Box::new(self.wire(&array.items)?)),
            Schema::Map(map) => Wire::Map(Box::new(self.wire(&map.types)?)),
            Schema::Union(union) => {
                let branches = union.variants().iter().map(|v| self.wire(v));
                Wire::Union(branches.collect::<Result<_>>()?)
            }
            Schema::Record(record) => {
                let place = self.place(&record.name);
                let fields = record.fields.iter();
                let fields = fields.map(|f| Ok((f.name.clone(), self.wire(&f.schema)?)));
                let wire = Wire::Record(fields.collect::<Result<_>>()?);
                self.named[place] = Some(wire.clone());
                wire
            }
            Schema::Ref { name } => match self.places.get(name) {
                Some(place) => Wire::Named(*place),
                None => {
                    let schema = *self.schemas.get(name).ok_or_else(|| {
                        invalid(format!(
                            "the Avro schema names the type {name}, which isn't there"
                        ))
                    })?;
                    let place = self.place(name);
                    let wire = self.wire(schema)?;
                    self.named[place] = Some(wire);
                    Wire::Named(place)
                }
            },
        })
    }

    fn place(&mut self, name: &Name) -> usize {
        *self.places.entry(name.clone()).or_insert_with(|| {
            self.named.push(None);
            self.named.len() - 1
        })
    }
}

/// How rows of these columns are written.
///
/// # Errors
/// If a column's type is none of Avro.
pub(super) fn derived(columns: &[Column], derive: Derive) -> Result<Layout> {
    let fields = columns.iter().map(|column| {
        let wire = derived_type(&column.data_type, derive, false)
            .map_err(|e| e.with_context("column", &column.name))?;
        Ok((column.name.clone(), wire))
    });
    Ok(Layout {
        root: Wire::Record(fields.collect::<Result<_>>()?),
        named: Vec::new(),
    })
}

fn derived_type(data_type: &DataType, derive: Derive, bare: bool) -> Result<Wire> {
    let value = match data_type {
        DataType::Null => return Ok(Wire::Null),
        DataType::String => Wire::String,
        DataType::Boolean => Wire::Boolean,
        DataType::TinyInt | DataType::SmallInt | DataType::Int => Wire::Int,
        DataType::BigInt => Wire::Long,
        DataType::Float => Wire::Float,
        DataType::Double => Wire::Double,
        DataType::Decimal { scale, .. } => Wire::Decimal {
            scale: i32::from(*scale),
            size: None,
        },
        DataType::Bytes => Wire::Bytes,
        DataType::Date => Wire::Date,
        DataType::Time => Wire::Time(Unit::Micros),
        DataType::Timestamp => Wire::Timestamp(Unit::Millis),
        DataType::TimestampTz => Wire::Timestamp(Unit::Micros),
        DataType::Array(item) => Wire::Array(Box::new(derived_type(item, derive, false)?)),
        DataType::FloatVector(_) => {
            Wire::Array(Box::new(derived_type(&DataType::Float, derive, true)?))
        }
        DataType::Map(key, value) => {
            check_key(key)?;
            Wire::Map(Box::new(derived_type(value, derive, false)?))
        }
        DataType::Row(fields) => {
            let fields = fields
                .iter()
                .map(|f| Ok((f.name.clone(), derived_type(&f.data_type, derive, false)?)));
            Wire::Record(fields.collect::<Result<_>>()?)
        }
    };
    Ok(match union(data_type, derive) && !bare {
        true => Wire::Union(vec![Wire::Null, value]),
        false => value,
    })
}

fn union(data_type: &DataType, derive: Derive) -> bool {
    match data_type {
        DataType::Row(_) => derive.nullable_rows,
        _ => derive.nullable,
    }
}

/// Keys of Avro's maps are texts: of other types those that can be told from a text.
pub(super) fn check_key(key: &DataType) -> Result<()> {
    match key {
        DataType::String
        | DataType::Boolean
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt => Ok(()),
        other => Err(Error::new(
            api_codes::TYPE_UNSUPPORTED,
            format!("maps with keys of type {other} can't be put into Avro"),
        )),
    }
}

/// The schema of [`derived`] as JSON. `name` is that of the record.
///
/// # Errors
/// If a column's name can't be a name in Avro, or its type isn't one.
pub(super) fn derived_json(name: &str, columns: &[Column], derive: Derive) -> Result<String> {
    derived(columns, derive)?;
    let fields: Vec<RowField> = columns
        .iter()
        .map(|c| RowField {
            name: c.name.clone(),
            data_type: c.data_type.clone(),
        })
        .collect();
    let text = record_json(name, "", &fields, derive).to_string();
    Schema::parse_str(&text)
        .map_err(|e| invalid(format!("the columns make no valid Avro schema: {e}")))?;
    Ok(text)
}

fn record_json(name: &str, path: &str, fields: &[RowField], derive: Derive) -> Value {
    let fields: Vec<Value> = fields
        .iter()
        .map(|field| {
            let path = match path {
                "" => field.name.clone(),
                path => format!("{path}_{}", field.name),
            };
            let value = type_json(&path, &field.data_type, derive, false);
            let null = value.is_array() && value[0] == "null";
            let mut json = json!({ "name": field.name, "type": value });
            if null {
                json["default"] = Value::Null;
            }
            json
        })
        .collect();
    json!({ "type": "record", "name": name, "fields": fields })
}

/// Records inside are called after their path, for two types of one schema can't share a name.
fn type_json(path: &str, data_type: &DataType, derive: Derive, bare: bool) -> Value {
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
        DataType::Timestamp => json!({ "type": "long", "logicalType": "local-timestamp-millis" }),
        DataType::TimestampTz => json!({ "type": "long", "logicalType": "timestamp-micros" }),
        DataType::Array(item) => {
            json!({ "type": "array", "items": type_json(path, item, derive, false) })
        }
        DataType::FloatVector(_) => json!({ "type": "array", "items": "float" }),
        DataType::Map(_, value) => {
            json!({ "type": "map", "values": type_json(path, value, derive, false) })
        }
        DataType::Row(fields) => record_json(path, path, fields, derive),
    };
    match union(data_type, derive) && !bare {
        true => json!(["null", value]),
        false => value,
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(codes::SCHEMA, message)
}
