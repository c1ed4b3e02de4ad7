//! The functions that queries may call, one line each.

mod crypto;
mod numeric;
mod regexp;
mod string;
mod time;

use arrow_array::ArrayRef;
use seatunnel_api::{DataType, Error, Result};

use crate::codes;
use crate::columnar::Columnar;

/// A call for the rows of a batch.
pub(crate) struct Call<'a> {
    /// The function's name as the table below has it first.
    pub(crate) name: &'static str,
    /// The arguments, converted to what the function asks for.
    pub(crate) args: &'a [Columnar],
    /// Their types.
    pub(crate) types: &'a [DataType],
    /// The type of the result.
    pub(crate) result: &'a DataType,
    /// Number of rows.
    pub(crate) rows: usize,
}

impl Call<'_> {
    /// An error about a value of a row or about a constant argument.
    pub(crate) fn refuse(&self, why: impl std::fmt::Display) -> Error {
        Error::new(codes::SQL_VALUE, format!("{}: {why}", self.name))
    }
}

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Text; other values become text.
    Text,
    /// A whole number.
    Long,
    /// A number, taken as a 64-bit float.
    Double,
    /// A number, as it is.
    Number,
    /// A date, a time or a timestamp.
    Moment,
    /// A text or bytes.
    TextOrBytes,
    /// Anything.
    Any,
}

/// What the result is.
#[derive(Clone, Debug)]
pub(crate) enum Returns {
    /// Always this.
    Type(DataType),
    /// As the argument at this position.
    Arg(usize),
    /// As DATEADD: as the first, a date becomes a timestamp for small units.
    DateAdd,
    /// By the pattern, which is the second argument.
    Pattern,
    /// As EXTRACT: by the field, which is the second argument.
    Field,
}

/// One function.
pub(crate) struct Function {
    /// Its names.
    pub(crate) names: &'static [&'static str],
    /// Its arguments; the last one is repeated if `variadic`.
    pub(crate) args: &'static [Arg],
    /// How many of them must be given.
    pub(crate) required: usize,
    pub(crate) variadic: bool,
    pub(crate) result: Returns,
    /// The same arguments don't give the same result.
    pub(crate) volatile: bool,
    pub(crate) run: fn(&Call<'_>) -> Result<ArrayRef>,
}

type Run = fn(&Call<'_>) -> Result<ArrayRef>;

const fn of(
    names: &'static [&'static str],
    args: &'static [Arg],
    required: usize,
    result: Returns,
    run: Run,
) -> Function {
    Function {
        names,
        args,
        required,
        variadic: false,
        result,
        volatile: false,
        run,
    }
}

const fn volatile(mut function: Function) -> Function {
    function.volatile = true;
    function
}

const fn variadic(mut function: Function) -> Function {
    function.variadic = true;
    function
}

const STRING: Returns = Returns::Type(DataType::String);
const INT: Returns = Returns::Type(DataType::Int);
const BIGINT: Returns = Returns::Type(DataType::BigInt);
const DOUBLE: Returns = Returns::Type(DataType::Double);
const BOOLEAN: Returns = Returns::Type(DataType::Boolean);
const TIMESTAMP: Returns = Returns::Type(DataType::Timestamp);

use Arg::{Any, Double, Long, Moment, Number, Text, TextOrBytes};

#[rustfmt::skip]
static FUNCTIONS: &[Function] = &[
    // strings
    of(&["ASCII"], &[Text], 1, INT, string::ascii),
    of(&["BIT_LENGTH"], &[TextOrBytes], 1, BIGINT, string::bit_length),
    of(&["CHAR_LENGTH", "LENGTH"], &[Text], 1, BIGINT, string::char_length),
    of(&["OCTET_LENGTH"], &[TextOrBytes], 1, BIGINT, string::octet_length),
    of(&["CHAR", "CHR"], &[Long], 1, STRING, string::chr),
    variadic(of(&["CONCAT"], &[Text], 1, STRING, string::concat)),
    variadic(of(&["CONCAT_WS"], &[Text, Text], 1, STRING, string::concat_ws)),
    of(&["HEXTORAW"], &[Text], 1, STRING, string::hextoraw),
    of(&["RAWTOHEX"], &[TextOrBytes], 1, STRING, string::rawtohex),
    of(&["TO_BASE64"], &[TextOrBytes], 1, STRING, string::to_base64),
    of(&["FROM_BASE64"], &[Text], 1, STRING, string::from_base64),
    of(&["INSERT"], &[Text, Long, Long, Text], 4, STRING, string::insert),
    of(&["LOWER", "LCASE"], &[Text], 1, STRING, string::lower),
    of(&["UPPER", "UCASE"], &[Text], 1, STRING, string::upper),
    of(&["LEFT"], &[Text, Long], 2, STRING, string::left),
    of(&["RIGHT"], &[Text, Long], 2, STRING, string::right),
    of(&["LOCATE"], &[Text, Text, Long], 2, INT, string::locate),
    of(&["POSITION"], &[Text, Text], 2, INT, string::locate),
    of(&["INSTR"], &[Text, Text, Long], 2, INT, string::instr),
    of(&["LPAD"], &[Text, Long, Text], 2, STRING, string::lpad),
    of(&["RPAD"], &[Text, Long, Text], 2, STRING, string::rpad),
    of(&["LTRIM"], &[Text, Text], 1, STRING, string::ltrim),
    of(&["RTRIM"], &[Text, Text], 1, STRING, string::rtrim),
    of(&["TRIM"], &[Text, Text], 1, STRING, string::trim),
    of(&["REGEXP_REPLACE"], &[Text, Text, Text, Text], 3, STRING, regexp::replace),
    of(&["REGEXP_LIKE"], &[Text, Text, Text], 2, BOOLEAN, regexp::like),
    of(&["REGEXP_SUBSTR"], &[Text, Text, Long, Long, Text, Long], 2, STRING, regexp::substr),
    of(&["REPEAT"], &[Text, Long], 2, STRING, string::repeat),
    of(&["REPLACE"], &[Text, Text, Text], 2, STRING, string::replace),
    of(&["SOUNDEX"], &[Text], 1, STRING, string::soundex),
    of(&["SPACE"], &[Long], 1, STRING, string::space),
    of(&["SUBSTRING", "SUBSTR"], &[Text, Long, Long], 2, STRING, string::substring),
    of(&["TO_CHAR"], &[Any, Text], 1, STRING, time::to_char),
    of(&["TRANSLATE"], &[Text, Text, Text], 3, STRING, string::translate),
    volatile(of(&["UUID"], &[], 0, STRING, string::uuid)),
    of(&["DES_ENCRYPT"], &[Text, Text], 2, STRING, crypto::des_encrypt),
    of(&["DES_DECRYPT"], &[Text, Text], 2, STRING, crypto::des_decrypt),
    // numbers
    of(&["ABS"], &[Number], 1, Returns::Arg(0), numeric::abs),
    of(&["ACOS"], &[Double], 1, DOUBLE, numeric::acos),
    of(&["ASIN"], &[Double], 1, DOUBLE, numeric::asin),
    of(&["ATAN"], &[Double], 1, DOUBLE, numeric::atan),
    of(&["ATAN2"], &[Double, Double], 2, DOUBLE, numeric::atan2),
    of(&["COS"], &[Double], 1, DOUBLE, numeric::cos),
    of(&["COSH"], &[Double], 1, DOUBLE, numeric::cosh),
    of(&["COT"], &[Double], 1, DOUBLE, numeric::cot),
    of(&["SIN"], &[Double], 1, DOUBLE, numeric::sin),
    of(&["SINH"], &[Double], 1, DOUBLE, numeric::sinh),
    of(&["TAN"], &[Double], 1, DOUBLE, numeric::tan),
    of(&["TANH"], &[Double], 1, DOUBLE, numeric::tanh),
    of(&["MOD"], &[Number, Number], 2, Returns::Arg(1), numeric::modulo),
    of(&["CEIL", "CEILING"], &[Number], 1, INT, numeric::ceil),
    of(&["FLOOR"], &[Number], 1, INT, numeric::floor),
    of(&["EXP"], &[Double], 1, DOUBLE, numeric::exp),
    of(&["LN"], &[Double], 1, DOUBLE, numeric::ln),
    of(&["LOG"], &[Double, Double], 2, DOUBLE, numeric::log),
    of(&["LOG10"], &[Double], 1, DOUBLE, numeric::log10),
    of(&["RADIANS"], &[Double], 1, DOUBLE, numeric::radians),
    of(&["SQRT"], &[Double], 1, DOUBLE, numeric::sqrt),
    of(&["PI"], &[], 0, DOUBLE, numeric::pi),
    of(&["POWER"], &[Double, Double], 2, DOUBLE, numeric::power),
    volatile(of(&["RAND", "RANDOM"], &[Long], 0, DOUBLE, numeric::random)),
    of(&["ROUND"], &[Number, Long], 1, Returns::Arg(0), numeric::round),
    of(&["SIGN"], &[Number], 1, INT, numeric::sign),
    of(&["TRUNC", "TRUNCATE"], &[Number, Long], 1, DOUBLE, numeric::trunc),
    // times
    volatile(of(&["CURRENT_DATE"], &[], 0, Returns::Type(DataType::Date), time::current_date)),
    volatile(of(&["CURRENT_TIME"], &[], 0, Returns::Type(DataType::Time), time::current_time)),
    volatile(of(&["CURRENT_TIMESTAMP", "NOW"], &[], 0, TIMESTAMP, time::current_timestamp)),
    of(&["DATEADD", "TIMESTAMPADD"], &[Moment, Long, Text], 2, Returns::DateAdd, time::dateadd),
    of(&["DATEDIFF"], &[Moment, Moment, Text], 2, BIGINT, time::datediff),
    of(&["DATE_TRUNC"], &[Moment, Text], 1, TIMESTAMP, time::date_trunc),
    of(&["DAYNAME"], &[Moment], 1, STRING, time::dayname),
    of(&["MONTHNAME"], &[Moment], 1, STRING, time::monthname),
    of(&["DAY_OF_MONTH"], &[Moment], 1, INT, time::field),
    of(&["DAY_OF_WEEK"], &[Moment], 1, INT, time::field),
    of(&["DAY_OF_YEAR"], &[Moment], 1, INT, time::field),
    of(&["YEAR"], &[Moment], 1, INT, time::field),
    of(&["QUARTER"], &[Moment], 1, INT, time::field),
    of(&["MONTH"], &[Moment], 1, INT, time::field),
    of(&["WEEK"], &[Moment], 1, INT, time::field),
    of(&["HOUR"], &[Moment], 1, INT, time::field),
    of(&["MINUTE"], &[Moment], 1, INT, time::field),
    of(&["SECOND"], &[Moment], 1, INT, time::field),
    of(&["EXTRACT"], &[Moment, Text], 2, Returns::Field, time::extract),
    of(&["FORMATDATETIME"], &[Moment, Text], 2, STRING, time::formatdatetime),
    of(&["PARSEDATETIME", "TO_DATE"], &[Text, Text], 2, Returns::Pattern, time::parsedatetime),
    of(&["IS_DATE"], &[Text, Text], 2, BOOLEAN, time::is_date),
    of(&["FROM_UNIXTIME"], &[Long, Text, Text], 2, STRING, time::from_unixtime),
];

/// Functions that the compiler knows by itself.
pub(crate) const BUILT_IN: &[&str] = &[
    "COALESCE", "IFNULL", "NULLIF", "MULTI_IF", "CAST", "TRY_CAST",
];

/// Functions of SeaTunnel that are not here yet.
pub(crate) const MISSING: &[&str] = &[
    "ARRAY",
    "MAP",
    "SPLIT",
    "EXPLODE",
    "GET_JSON_OBJECT",
    "AES_ENCRYPT",
    "AES_DECRYPT",
    "MURMUR64",
    "MD5",
    "ARRAY_MAX",
    "ARRAY_MIN",
    "TRIM_SCALE",
    "VECTOR_DIMS",
    "VECTOR_NORM",
    "VECTOR_REDUCE",
    "VECTOR_NORMALIZE",
    "INNER_PRODUCT",
    "COSINE_DISTANCE",
    "L1_DISTANCE",
    "L2_DISTANCE",
];

/// The function of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .iter()
        .find(|f| f.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// All names, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS
        .iter()
        .flat_map(|f| f.names.iter().copied())
        .chain(BUILT_IN.iter().copied())
}
