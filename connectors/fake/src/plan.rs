//! What is made up for a column: its type and the options, checked and laid out for [`crate::columns`].

use arrow_array::ArrayRef;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::time::{MICROS_PER_SECOND, days_from_civil};
use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, Error, Result, RowKind, TablePath, TableSchema,
    Value,
};

use crate::codes;
use crate::now::{is_now, this_year};
use crate::options::ContentOptions;

/// How the values of one type come about.
pub(crate) enum Plan {
    Null,
    /// One value for all rows, as a column of one row.
    Constant(ArrayRef),
    /// The moment the batch is made.
    Now(DataType),
    /// `start` plus the number of the row.
    Count {
        data_type: DataType,
        start: i64,
    },
    Boolean,
    Integer {
        data_type: DataType,
        choice: Choice<i64>,
    },
    Float {
        choice: Choice<f32>,
        scale: Option<i32>,
    },
    Double {
        choice: Choice<f64>,
        scale: Option<i32>,
    },
    Decimal {
        precision: u8,
        scale: i8,
    },
    Letters {
        length: usize,
        text: bool,
    },
    Texts(Vec<String>),
    Date {
        days: Vec<i32>,
    },
    Time {
        clock: Clock,
    },
    Timestamp {
        days: Vec<i32>,
        clock: Clock,
        zoned: bool,
    },
    Array {
        item: Box<Plan>,
        size: usize,
    },
    Map {
        key: Box<Plan>,
        value: Box<Plan>,
        size: usize,
    },
    Row(Vec<Plan>),
    Vector {
        dimension: u32,
        min: f32,
        max: f32,
    },
}

/// Which numbers come.
#[derive(Clone)]
pub(crate) enum Choice<T> {
    /// Any from the first to the second, both included.
    Range(T, T),
    /// One of these.
    Template(Vec<T>),
}

/// Which times of day come, microseconds since midnight.
#[derive(Clone)]
pub(crate) enum Clock {
    /// Any full second.
    Any,
    /// One of these.
    Template(Vec<i64>),
}

/// Largest number of days or times that templates may span together.
const MAX_COMBINATIONS: usize = 1 << 22;

/// Bytes that a single row may take.
const MAX_ROW_BYTES: u64 = 1 << 30;

/// Makes plans of the columns of one table.
pub(crate) struct Planner<'a> {
    pub(crate) options: &'a ContentOptions,
}

impl Planner<'_> {
    /// The plan of a column; `counts` where it is to count up if it can.
    pub(crate) fn column(&self, column: &Column, counts: bool) -> Result<Plan> {
        let integer = matches!(
            column.data_type,
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
        );
        let plan = if counts && integer && column.default_value.is_none() {
            Plan::Count {
                data_type: column.data_type.clone(),
                start: self.options.auto_increment_start,
            }
        } else {
            self.plan(&column.data_type, column)?
        };
        let bytes = plan.bytes();
        if bytes > MAX_ROW_BYTES {
            return Err(content(format!("a single value would take {bytes} bytes")));
        }
        Ok(plan)
    }

    /// `column` is what the type stands in, also where it is the type of an item or a field: its
    /// default, length and scale then count for those.
    fn plan(&self, data_type: &DataType, column: &Column) -> Result<Plan> {
        let options = self.options;
        let nested = matches!(
            data_type,
            DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::FloatVector(_)
        );
        if let (Some(default), false) = (&column.default_value, nested) {
            return default_value(default, data_type);
        }
        Ok(match data_type {
            DataType::Null => Plan::Null,
            DataType::Boolean => Plan::Boolean,
            DataType::TinyInt => Plan::Integer {
                data_type: data_type.clone(),
                choice: integers(
                    "tinyint",
                    options.tinyint_min,
                    options.tinyint_max,
                    options.tinyint_template.as_deref(),
                )?,
            },
            DataType::SmallInt => Plan::Integer {
                data_type: data_type.clone(),
                choice: integers(
                    "smallint",
                    options.smallint_min,
                    options.smallint_max,
                    options.smallint_template.as_deref(),
                )?,
            },
            DataType::Int => Plan::Integer {
                data_type: data_type.clone(),
                choice: integers(
                    "int",
                    options.int_min,
                    options.int_max,
                    options.int_template.as_deref(),
                )?,
            },
            DataType::BigInt => Plan::Integer {
                data_type: data_type.clone(),
                choice: integers(
                    "bigint",
                    options.bigint_min,
                    options.bigint_max,
                    options.bigint_template.as_deref(),
                )?,
            },
            DataType::Float => Plan::Float {
                choice: floats(
                    "float",
                    options.float_min,
                    options.float_max,
                    options.float_template.as_deref(),
                )?,
                scale: column.scale,
            },
            DataType::Double => Plan::Double {
                choice: floats(
                    "double",
                    options.double_min,
                    options.double_max,
                    options.double_template.as_deref(),
                )?,
                scale: column.scale,
            },
            DataType::Decimal { precision, scale } => Plan::Decimal {
                precision: *precision,
                scale: *scale,
            },
            DataType::String => match options.string_template.as_deref() {
                Some(texts @ [_, ..]) => Plan::Texts(texts.to_vec()),
                _ => Plan::Letters {
                    length: match column.length {
                        None | Some(0) => options.string_length as usize,
                        Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
                    },
                    text: true,
                },
            },
            DataType::Bytes => Plan::Letters {
                length: options.bytes_length as usize,
                text: false,
            },
            DataType::Date => Plan::Date { days: self.days()? },
            DataType::Time => Plan::Time {
                clock: self.clock()?,
            },
            DataType::Timestamp | DataType::TimestampTz => Plan::Timestamp {
                days: self.days()?,
                clock: self.clock()?,
                zoned: *data_type == DataType::TimestampTz,
            },
            DataType::Array(item) => Plan::Array {
                item: Box::new(self.plan(item, column)?),
                size: options.array_size as usize,
            },
            DataType::Map(key, value) => {
                if matches!(
                    **key,
                    DataType::Null
                        | DataType::Array(_)
                        | DataType::Map(..)
                        | DataType::Row(_)
                        | DataType::FloatVector(_)
                ) {
                    return Err(Error::new(
                        codes::TYPE,
                        format!("maps with keys of type {key} can't be made up"),
                    ));
                }
                Plan::Map {
                    key: Box::new(self.plan(key, column)?),
                    value: Box::new(self.plan(value, column)?),
                    size: options.map_size as usize,
                }
            }
            DataType::Row(fields) => Plan::Row(
                fields
                    .iter()
                    .map(|field| self.plan(&field.data_type, column))
                    .collect::<Result<_>>()?,
            ),
            DataType::FloatVector(dimension) => {
                let (min, max) = (options.vector_float_min, options.vector_float_max);
                floats("vector.float", min, max, None)?;
                Plan::Vector {
                    dimension: *dimension,
                    min,
                    max,
                }
            }
        })
    }

    /// Every day that the templates allow.
    fn days(&self) -> Result<Vec<i32>> {
        let options = self.options;
        let years = given(&options.date_year_template).unwrap_or_else(|| vec![this_year()]);
        let months = given(&options.date_month_template).unwrap_or_else(|| (1..=12).collect());
        let days = given(&options.date_day_template).unwrap_or_else(|| (1..=28).collect());
        combinations(years.len(), months.len(), days.len())?;
        let mut all = Vec::with_capacity(years.len() * months.len() * days.len());
        for year in &years {
            for month in &months {
                for day in &days {
                    let date = days_from_civil(*year, *month, *day).filter(|_| *year <= 9_999);
                    all.push(date.ok_or_else(|| {
                        content(format!(
                            "the date templates make up the day {year:04}-{month:02}-{day:02}, which there is not"
                        ))
                    })?);
                }
            }
        }
        Ok(all)
    }

    fn clock(&self) -> Result<Clock> {
        let options = self.options;
        let (hours, minutes, seconds) = (
            given(&options.time_hour_template),
            given(&options.time_minute_template),
            given(&options.time_second_template),
        );
        if hours.is_none() && minutes.is_none() && seconds.is_none() {
            return Ok(Clock::Any);
        }
        let hours = hours.unwrap_or_else(|| (0..24).collect());
        let minutes = minutes.unwrap_or_else(|| (0..60).collect());
        let seconds = seconds.unwrap_or_else(|| (0..60).collect());
        for (what, values, end) in [
            ("hour", &hours, 24),
            ("minute", &minutes, 60),
            ("second", &seconds, 60),
        ] {
            if let Some(wrong) = values.iter().find(|v| **v >= end) {
                return Err(content(format!(
                    "`time.{what}.template` has {wrong}, the last {what} is {}",
                    end - 1
                )));
            }
        }
        combinations(hours.len(), minutes.len(), seconds.len())?;
        let mut all = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
        for hour in &hours {
            for minute in &minutes {
                for second in &seconds {
                    let of_day = i64::from(hour * 3_600 + minute * 60 + second);
                    all.push(of_day * MICROS_PER_SECOND);
                }
            }
        }
        Ok(Clock::Template(all))
    }
}

impl Plan {
    /// About how many bytes a value takes.
    pub(crate) fn bytes(&self) -> u64 {
        let times = |plan: &Plan, size: usize| plan.bytes().saturating_mul(size as u64);
        match self {
            Self::Null => 0,
            Self::Boolean => 1,
            Self::Constant(array) => array.get_array_memory_size() as u64,
            Self::Now(_) | Self::Time { .. } | Self::Timestamp { .. } | Self::Double { .. } => 8,
            Self::Count { data_type, .. } | Self::Integer { data_type, .. } => match data_type {
                DataType::TinyInt => 1,
                DataType::SmallInt => 2,
                DataType::Int => 4,
                _ => 8,
            },
            Self::Float { .. } | Self::Date { .. } => 4,
            Self::Decimal { precision, .. } if *precision <= seatunnel_api::MAX_DECIMAL128 => 16,
            Self::Decimal { .. } => 32,
            Self::Letters { length, .. } => (*length as u64).saturating_add(4),
            Self::Texts(texts) => texts.iter().map(String::len).max().unwrap_or(0) as u64 + 4,
            Self::Array { item, size } => times(item, *size).saturating_add(4),
            Self::Map { key, value, size } => times(key, *size)
                .saturating_add(times(value, *size))
                .saturating_add(4),
            Self::Row(fields) => fields
                .iter()
                .fold(0, |sum, field| sum.saturating_add(field.bytes())),
            Self::Vector { dimension, .. } => u64::from(*dimension) * 4,
        }
    }
}

fn content(message: String) -> Error {
    Error::new(codes::CONTENT, message)
}

/// A template that has values; an empty one counts as none.
fn given<T: Clone>(template: &Option<Vec<T>>) -> Option<Vec<T>> {
    template.clone().filter(|values| !values.is_empty())
}

fn combinations(a: usize, b: usize, c: usize) -> Result<()> {
    let all = a.saturating_mul(b).saturating_mul(c);
    if all > MAX_COMBINATIONS {
        return Err(content(format!(
            "the date or time templates have {all} combinations, at most {MAX_COMBINATIONS} are possible"
        )));
    }
    Ok(())
}

fn integers<T: Copy + Into<i64>>(
    name: &str,
    min: T,
    max: T,
    template: Option<&[T]>,
) -> Result<Choice<i64>> {
    match template {
        Some(values @ [_, ..]) => Ok(Choice::Template(
            values.iter().map(|v| (*v).into()).collect(),
        )),
        _ => ordered(name, min.into(), max.into()),
    }
}

fn floats<T: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    min: T,
    max: T,
    template: Option<&[T]>,
) -> Result<Choice<T>> {
    match template {
        Some(values @ [_, ..]) => Ok(Choice::Template(values.to_vec())),
        _ => ordered(name, min, max),
    }
}

fn ordered<T: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    min: T,
    max: T,
) -> Result<Choice<T>> {
    if min <= max {
        Ok(Choice::Range(min, max))
    } else {
        Err(content(format!(
            "`{name}.min` is {min}, more than `{name}.max`, which is {max}"
        )))
    }
}

/// A column's default is the value of all its rows.
fn default_value(text: &str, data_type: &DataType) -> Result<Plan> {
    if is_now(text, data_type) {
        return Ok(Plan::Now(data_type.clone()));
    }
    let value = match data_type {
        DataType::Bytes => Ok(Value::Bytes(text.as_bytes().to_vec())),
        _ => Value::from_config(&ConfigValue::string(text), data_type),
    };
    let value = value
        .map_err(|message| Error::new(codes::VALUE, format!("the column's default: {message}")))?;
    Ok(Plan::Constant(one_row(data_type, value)?))
}

/// A column of one row.
pub(crate) fn one_row(data_type: &DataType, value: Value) -> Result<ArrayRef> {
    let schema = TableSchema::new(vec![Column::new("value", data_type.clone())]);
    let table = CatalogTable::new("", TablePath::unnamed(), schema);
    let mut builder = BatchBuilder::new(table.into());
    builder.push(RowKind::Insert, &[value])?;
    Ok(builder.finish().records().column(0).clone())
}
