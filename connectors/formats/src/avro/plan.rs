//! What is done with each value of a message: worked out once for a schema and a table.

use seatunnel_api::{CatalogTable, DataType, Error, Result, RowField, codes as api_codes};

use super::schema::{Layout, Unit, Wire};
use crate::codes;

/// Reads one value and pushes it into one column.
#[derive(Debug)]
pub(super) enum Node {
    /// Nothing is written for it.
    Null,
    /// It goes into a column of nulls.
    Drop(Skip),
    Boolean,
    /// A whole number into a column of whole numbers or of floats, checked for range.
    Integer,
    /// A whole number whose column has another unit.
    Scaled(Scale),
    Float,
    Double,
    /// Text or bytes into bytes.
    Bytes,
    /// Text or bytes into texts.
    Text,
    /// So many bytes.
    Fixed(usize),
    Enum(Vec<String>),
    /// Digits as big-endian bytes.
    Decimal(Digits),
    /// 16 bytes, behind their length if they are not sized, into texts.
    Uuid {
        sized: bool,
    },
    Array(Box<Node>),
    Map(Box<Node>),
    Union(Vec<Branch>),
    Record(Vec<Field>),
}

/// A branch of a union: some fit the column, others must not come.
#[derive(Debug)]
pub(super) enum Branch {
    Read(Node),
    Unfit(String),
}

/// A field of a record, in the order of the message.
#[derive(Debug)]
pub(super) enum Field {
    /// Into this column.
    Read {
        column: usize,
        name: String,
        node: Node,
    },
    Skip(Skip),
}

/// A change of units.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    Times(i64),
    Over(i64),
}

/// A decimal as it is written and as the column wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    /// How many bytes; behind their length if it is none.
    pub(super) size: Option<usize>,
    /// Fraction digits of the message; none if each value says it.
    pub(super) from: Option<i32>,
    pub(super) scale: i8,
    pub(super) precision: u8,
}

/// Passes over a value.
#[derive(Clone, Debug)]
pub(super) enum Skip {
    Nothing,
    Number,
    Bytes,
    Fixed(usize),
    Array(Box<Skip>),
    Map(Box<Skip>),
    Union(Vec<Skip>),
    Record(Vec<Skip>),
    /// A type that contains itself, by its place in the plan.
    Named(usize),
}

/// What is done with the messages of one schema.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) root: Node,
    /// Of types that contain themselves.
    pub(super) skips: Vec<Skip>,
}

impl Plan {
    /// For messages of this layout into this table.
    ///
    /// # Errors
    /// If a column's type doesn't go with its field.
    pub(super) fn new(layout: &Layout, table: &CatalogTable) -> Result<Self> {
        let compiler = Compiler { layout };
        let columns: Vec<RowField> = table
            .columns()
            .iter()
            .map(|c| RowField {
                name: c.name.clone(),
                data_type: c.data_type.clone(),
            })
            .collect();
        let root = match (&layout.root, columns.as_slice()) {
            (Wire::Record(fields), columns) => compiler.record(fields, columns)?,
            // A message that is one bare value.
            (value, [only]) => Node::Record(vec![Field::Read {
                column: 0,
                name: only.name.clone(),
                node: compiler.node(value, &only.data_type)?,
            }]),
            _ => {
                return Err(Error::new(
                    codes::SCHEMA,
                    "the Avro schema is no record, and the table has more than one column",
                )
                .with_context("table", table.path()));
            }
        };
        let skips = layout.named.iter().map(|w| compiler.skip(w)).collect();
        Ok(Self { root, skips })
    }
}

struct Compiler<'a> {
    layout: &'a Layout,
}

impl Compiler<'_> {
    fn record(&self, fields: &[(String, Wire)], columns: &[RowField]) -> Result<Node> {
        let mut plan = Vec::with_capacity(fields.len());
        let mut taken = vec![false; columns.len()];
        for (name, wire) in fields {
            let same = columns.iter().position(|c| c.name == *name);
            let alike = || {
                columns
                    .iter()
                    .position(|c| c.name.eq_ignore_ascii_case(name))
                    // An exact name goes first.
                    .filter(|c| !fields.iter().any(|(other, _)| *other == columns[*c].name))
            };
            plan.push(match same.or_else(alike).filter(|column| !taken[*column]) {
                Some(column) => {
                    taken[column] = true;
                    let node = self.node(wire, &columns[column].data_type);
                    Field::Read {
                        column,
                        name: name.clone(),
                        node: node.map_err(|e| e.with_context("field", name))?,
                    }
                }
                None => Field::Skip(self.skip(wire)),
            });
        }
        Ok(Node::Record(plan))
    }

    fn node(&self, wire: &Wire, to: &DataType) -> Result<Node> {
        use DataType as T;
        if let Wire::Named(place) = wire {
            return self.node(&self.layout.named[*place], to);
        }
        if let Wire::Union(branches) = wire {
            return self.union(branches, to);
        }
        Ok(match (wire, to) {
            (Wire::Null, _) => Node::Null,
            (wire, T::Null) => Node::Drop(self.skip(wire)),
            (Wire::Boolean, T::Boolean) => Node::Boolean,
            (
                Wire::Int | Wire::Long,
                T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double | T::String,
            ) => Node::Integer,
            (Wire::Int | Wire::Long, T::Decimal { precision, scale }) => Node::Decimal(Digits {
                size: Some(0),
                from: Some(0),
                scale: *scale,
                precision: *precision,
            }),
            // A date, a time or an instant as the plain number that it is written as.
            (Wire::Date | Wire::Time(_), T::Int | T::BigInt)
            | (Wire::Timestamp(_), T::BigInt)
            | (Wire::Date, T::Date) => Node::Integer,
            (Wire::Time(unit), T::Time)
            | (Wire::Timestamp(unit), T::Timestamp | T::TimestampTz) => Node::Scaled(match unit {
                Unit::Millis => Scale::Times(1000),
                Unit::Micros => Scale::Times(1),
                Unit::Nanos => Scale::Over(1000),
            }),
            (Wire::Float, T::Float | T::Double) => Node::Float,
            (Wire::Double, T::Double) => Node::Double,
            (Wire::String | Wire::Bytes | Wire::Uuid { text: true, .. }, T::String) => Node::Text,
            (Wire::String | Wire::Bytes | Wire::Uuid { sized: false, .. }, T::Bytes) => Node::Bytes,
            (Wire::Uuid { sized, .. }, T::String) => Node::Uuid { sized: *sized },
            (Wire::Uuid { .. }, T::Bytes) => Node::Fixed(16),
            (Wire::Fixed(size), T::Bytes) => Node::Fixed(*size),
            (Wire::Enum(symbols), T::String) => Node::Enum(symbols.clone()),
            (Wire::Decimal { scale: from, size }, T::Decimal { precision, scale }) => {
                Node::Decimal(Digits {
                    size: *size,
                    from: Some(*from),
                    scale: *scale,
                    precision: *precision,
                })
            }
            (Wire::BigDecimal, T::Decimal { precision, scale }) => Node::Decimal(Digits {
                size: None,
                from: None,
                scale: *scale,
                precision: *precision,
            }),
            (Wire::Array(item), T::Array(to)) => Node::Array(Box::new(self.node(item, to)?)),
            (Wire::Array(item), T::FloatVector(_)) => {
                Node::Array(Box::new(self.node(item, &T::Float)?))
            }
            (Wire::Map(value), T::Map(key, to)) => {
                super::schema::check_key(key)?;
                Node::Map(Box::new(self.node(value, to)?))
            }
            (Wire::Record(fields), T::Row(columns)) => self.record(fields, columns)?,
            (wire, to) => {
                return Err(Error::new(
                    api_codes::TYPE_UNSUPPORTED,
                    format!(
                        "{} of Avro doesn't go into a column of type {to}",
                        wire.name()
                    ),
                ));
            }
        })
    }

    fn union(&self, branches: &[Wire], to: &DataType) -> Result<Node> {
        let mut plan = Vec::with_capacity(branches.len());
        let mut last = None;
        let mut fits = false;
        for branch in branches {
            plan.push(match self.node(branch, to) {
                Ok(node) => {
                    fits |= !matches!(branch, Wire::Null);
                    Branch::Read(node)
                }
                Err(error) => {
                    let why = error.message().to_owned();
                    last = Some(error);
                    Branch::Unfit(why)
                }
            });
        }
        match last {
            Some(error) if !fits => Err(error),
            _ => Ok(Node::Union(plan)),
        }
    }

    fn skip(&self, wire: &Wire) -> Skip {
        match wire {
            Wire::Null => Skip::Nothing,
            Wire::Boolean => Skip::Fixed(1),
            Wire::Int
            | Wire::Long
            | Wire::Enum(_)
            | Wire::Date
            | Wire::Time(_)
            | Wire::Timestamp(_) => Skip::Number,
            Wire::Float => Skip::Fixed(4),
            Wire::Double => Skip::Fixed(8),
            Wire::Bytes
            | Wire::String
            | Wire::BigDecimal
            | Wire::Decimal { size: None, .. }
            | Wire::Uuid { sized: false, .. } => Skip::Bytes,
            Wire::Decimal {
                size: Some(size), ..
            }
            | Wire::Fixed(size) => Skip::Fixed(*size),
            Wire::Uuid { sized: true, .. } => Skip::Fixed(16),
            Wire::Array(item) => Skip::Array(Box::new(self.skip(item))),
            Wire::Map(value) => Skip::Map(Box::new(self.skip(value))),
            Wire::Union(branches) => Skip::Union(branches.iter().map(|b| self.skip(b)).collect()),
            Wire::Record(fields) => {
                Skip::Record(fields.iter().map(|(_, w)| self.skip(w)).collect())
            }
            Wire::Named(place) => Skip::Named(*place),
        }
    }
}

impl Wire {
    /// What Avro calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Fixed(_) => "fixed",
            Self::Enum(_) => "enum",
            Self::Decimal { .. } => "decimal",
            Self::BigDecimal => "big-decimal",
            Self::Uuid { .. } => "uuid",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::Timestamp(_) => "timestamp",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "a union",
            Self::Record(_) | Self::Named(_) => "record",
        }
    }
}
