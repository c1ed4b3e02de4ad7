//! Options of FakeSource.

use seatunnel_api::RowKind;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{OptionEnum, Options, SchemaOption};

/// Makes up rows by a schema.
#[derive(Clone, Debug, Options)]
#[options(one_of("schema", "tables_configs"))]
pub struct FakeSourceOptions {
    /// Several tables; each has its own schema and any of the options below, which then don't
    /// apply from outside.
    pub tables_configs: Option<Vec<TableOptions>>,
    /// Columns and keys of the table.
    pub schema: Option<SchemaOption>,
    /// What its rows hold.
    #[option(flatten)]
    pub content: ContentOptions,
}

/// One table of several.
#[derive(Clone, Debug, Options)]
pub struct TableOptions {
    /// Columns and keys of the table.
    pub schema: SchemaOption,
    /// What its rows hold.
    #[option(flatten)]
    pub content: ContentOptions,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum FakeMode {
    /// Anything between min and max; of texts, any letters. A template that is given counts all the same.
    Range,
    /// One of the values of the template.
    Template,
}

/// What a given row does to its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, OptionEnum)]
pub enum FakeRowKind {
    /// The row is new.
    #[default]
    #[option(name = "INSERT", alias = "+I")]
    Insert,
    /// The row before a change.
    #[option(name = "UPDATE_BEFORE", alias = "-U")]
    UpdateBefore,
    /// The row after a change.
    #[option(name = "UPDATE_AFTER", alias = "+U")]
    UpdateAfter,
    /// The row is gone.
    #[option(name = "DELETE", alias = "-D")]
    Delete,
}

impl From<FakeRowKind> for RowKind {
    fn from(kind: FakeRowKind) -> Self {
        match kind {
            FakeRowKind::Insert => Self::Insert,
            FakeRowKind::UpdateBefore => Self::UpdateBefore,
            FakeRowKind::UpdateAfter => Self::UpdateAfter,
            FakeRowKind::Delete => Self::Delete,
        }
    }
}

/// A row that is given, not made up.
#[derive(Clone, Debug, Options)]
pub struct FakeRow {
    /// What the row does to the table.
    #[option(default = FakeRowKind::Insert)]
    pub kind: FakeRowKind,
    /// Its values: a list in the order of the columns, or an object by column name.
    pub fields: ConfigValue,
}

/// What the rows of a table hold.
#[derive(Clone, Debug, Options)]
#[options(required_if(
    key = "string.fake.mode",
    values("template"),
    required("string.template")
))]
#[options(required_if(
    key = "tinyint.fake.mode",
    values("template"),
    required("tinyint.template")
))]
#[options(required_if(
    key = "smallint.fake.mode",
    values("template"),
    required("smallint.template")
))]
#[options(required_if(key = "int.fake.mode", values("template"), required("int.template")))]
#[options(required_if(
    key = "bigint.fake.mode",
    values("template"),
    required("bigint.template")
))]
#[options(required_if(
    key = "float.fake.mode",
    values("template"),
    required("float.template")
))]
#[options(required_if(
    key = "double.fake.mode",
    values("template"),
    required("double.template")
))]
pub struct ContentOptions {
    /// The very rows, with their kinds; then nothing is made up. They come once in each split.
    pub rows: Option<Vec<FakeRow>>,
    /// Rows for each reader.
    #[option(key = "row.num", default = 5)]
    pub row_num: u64,
    /// Splits for each reader.
    #[option(key = "split.num", default = 1, min = 1)]
    pub split_num: u64,
    /// Milliseconds that a reader waits between two splits.
    #[option(key = "split.read-interval", default = 1)]
    pub split_read_interval: u64,
    /// Entries of a map; fewer where keys come twice.
    #[option(key = "map.size", default = 5)]
    pub map_size: u32,
    /// Items of an array.
    #[option(key = "array.size", default = 5)]
    pub array_size: u32,
    /// Bytes of a binary value.
    #[option(key = "bytes.length", default = 5)]
    pub bytes_length: u32,
    /// Letters of a text whose column has no length of its own.
    #[option(key = "string.length", default = 5)]
    pub string_length: u32,
    /// Where texts come from.
    #[option(key = "string.fake.mode", default = FakeMode::Range)]
    pub string_fake_mode: FakeMode,
    /// Texts to choose from.
    #[option(key = "string.template")]
    pub string_template: Option<Vec<String>>,
    /// Where 8-bit integers come from.
    #[option(key = "tinyint.fake.mode", default = FakeMode::Range)]
    pub tinyint_fake_mode: FakeMode,
    /// Smallest of the 8-bit integers.
    #[option(key = "tinyint.min", default = 0)]
    pub tinyint_min: i8,
    /// Largest of the 8-bit integers; it comes too.
    #[option(key = "tinyint.max", default = i8::MAX)]
    pub tinyint_max: i8,
    /// 8-bit integers to choose from.
    #[option(key = "tinyint.template")]
    pub tinyint_template: Option<Vec<i8>>,
    /// Where 16-bit integers come from.
    #[option(key = "smallint.fake.mode", default = FakeMode::Range)]
    pub smallint_fake_mode: FakeMode,
    /// Smallest of the 16-bit integers.
    #[option(key = "smallint.min", default = 0)]
    pub smallint_min: i16,
    /// Largest of the 16-bit integers; it comes too.
    #[option(key = "smallint.max", default = i16::MAX)]
    pub smallint_max: i16,
    /// 16-bit integers to choose from.
    #[option(key = "smallint.template")]
    pub smallint_template: Option<Vec<i16>>,
    /// Where 32-bit integers come from.
    #[option(key = "int.fake.mode", default = FakeMode::Range)]
    pub int_fake_mode: FakeMode,
    /// Smallest of the 32-bit integers.
    #[option(key = "int.min", default = 0)]
    pub int_min: i32,
    /// Largest of the 32-bit integers; it comes too.
    #[option(key = "int.max", default = i32::MAX)]
    pub int_max: i32,
    /// 32-bit integers to choose from.
    #[option(key = "int.template")]
    pub int_template: Option<Vec<i32>>,
    /// Where 64-bit integers come from.
    #[option(key = "bigint.fake.mode", default = FakeMode::Range)]
    pub bigint_fake_mode: FakeMode,
    /// Smallest of the 64-bit integers.
    #[option(key = "bigint.min", default = 0)]
    pub bigint_min: i64,
    /// Largest of the 64-bit integers; it comes too.
    #[option(key = "bigint.max", default = i64::MAX)]
    pub bigint_max: i64,
    /// 64-bit integers to choose from.
    #[option(key = "bigint.template")]
    pub bigint_template: Option<Vec<i64>>,
    /// Where 32-bit floating point numbers come from.
    #[option(key = "float.fake.mode", default = FakeMode::Range)]
    pub float_fake_mode: FakeMode,
    /// Smallest of the 32-bit floating point numbers.
    #[option(key = "float.min", default = 0.0)]
    pub float_min: f32,
    /// Largest of the 32-bit floating point numbers; it comes too.
    #[option(key = "float.max", default = f32::MAX)]
    pub float_max: f32,
    /// 32-bit floating point numbers to choose from.
    #[option(key = "float.template")]
    pub float_template: Option<Vec<f32>>,
    /// Where 64-bit floating point numbers come from.
    #[option(key = "double.fake.mode", default = FakeMode::Range)]
    pub double_fake_mode: FakeMode,
    /// Smallest of the 64-bit floating point numbers.
    #[option(key = "double.min", default = 0.0)]
    pub double_min: f64,
    /// Largest of the 64-bit floating point numbers; it comes too.
    #[option(key = "double.max", default = f64::MAX)]
    pub double_max: f64,
    /// 64-bit floating point numbers to choose from.
    #[option(key = "double.template")]
    pub double_template: Option<Vec<f64>>,
    /// Years of days and timestamps to choose from; this year if not given.
    #[option(key = "date.year.template")]
    pub date_year_template: Option<Vec<i32>>,
    /// Months to choose from, 1 to 12.
    #[option(key = "date.month.template")]
    pub date_month_template: Option<Vec<u32>>,
    /// Days of a month to choose from; 1 to 28 if not given.
    #[option(key = "date.day.template")]
    pub date_day_template: Option<Vec<u32>>,
    /// Hours to choose from, 0 to 23.
    #[option(key = "time.hour.template")]
    pub time_hour_template: Option<Vec<u32>>,
    /// Minutes to choose from, 0 to 59.
    #[option(key = "time.minute.template")]
    pub time_minute_template: Option<Vec<u32>>,
    /// Seconds to choose from, 0 to 59.
    #[option(key = "time.second.template")]
    pub time_second_template: Option<Vec<u32>>,
    /// Numbers of a vector whose column has no dimension of its own.
    #[option(key = "vector.dimension", default = 4)]
    pub vector_dimension: u32,
    /// Bits of a binary vector, a multiple of 8. Accepted; there is no such column type here.
    #[option(key = "binary.vector.dimension", default = 8)]
    pub binary_vector_dimension: u32,
    /// Smallest number in a vector.
    #[option(key = "vector.float.min", default = 0.0)]
    pub vector_float_min: f32,
    /// Largest number in a vector.
    #[option(key = "vector.float.max", default = f32::MAX)]
    pub vector_float_max: f32,
    /// Whether integer columns of the primary key count up instead.
    #[option(key = "auto.increment.enabled", default = false, since = "2.3.12")]
    pub auto_increment_enabled: bool,
    /// The first number of columns that count up.
    #[option(key = "auto.increment.start", default = 1, since = "2.3.12")]
    pub auto_increment_start: i64,
}
