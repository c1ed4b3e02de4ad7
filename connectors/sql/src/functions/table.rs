//! The functions that queries may call: names, arguments, results, and what the documentation says.

use seatunnel_api::DataType;

use super::Arg::{
    Any, Array, Double, Instant, Long, Moment, Number, Text, TextOrBytes, Vector, VectorOrArray,
};
use super::{Function, Group, Returns, Run, array, crypto, encoding, hash, json, moments, numeric};
use super::{parts, regexp, string, time, vector};

const STRING: Returns = Returns::Type(DataType::String);
const INT: Returns = Returns::Type(DataType::Int);
const BIGINT: Returns = Returns::Type(DataType::BigInt);
const DOUBLE: Returns = Returns::Type(DataType::Double);
const BOOLEAN: Returns = Returns::Type(DataType::Boolean);
const TIMESTAMP: Returns = Returns::Type(DataType::Timestamp);
const INSTANT: Returns = Returns::Type(DataType::TimestampTz);
const FIRST: Returns = Returns::Arg(0);

/// `usage` is how the documentation writes the arguments; `required` of them must be given.
const fn of(
    names: &'static [&'static str],
    usage: &'static str,
    args: &'static [super::Arg],
    required: usize,
    result: Returns,
    run: Run,
    meaning: &'static str,
) -> Function {
    Function {
        names,
        usage,
        args,
        required,
        variadic: false,
        result,
        volatile: false,
        cheap: false,
        run,
        meaning,
    }
}

/// The same arguments don't give the same result.
const fn volatile(mut function: Function) -> Function {
    function.volatile = true;
    function
}

/// The last argument may be repeated.
const fn variadic(mut function: Function) -> Function {
    function.variadic = true;
    function
}

/// It takes any value of its types, and next to no time.
const fn cheap(mut function: Function) -> Function {
    function.cheap = true;
    function
}

#[rustfmt::skip]
pub(super) static GROUPS: &[Group] = &[
    Group("Texts", "Positions count characters from 1. Where an argument is null, so is the result, if nothing else is said.", &[
        cheap(of(&["ASCII"], "text", &[Text], 1, INT, encoding::ascii, "Number of the first character (UTF-16).")),
        cheap(of(&["BIT_LENGTH"], "text or bytes", &[TextOrBytes], 1, BIGINT, encoding::bit_length, "Number of bits.")),
        cheap(of(&["CHAR_LENGTH", "LENGTH"], "text", &[Text], 1, BIGINT, encoding::char_length, "Number of characters.")),
        cheap(of(&["OCTET_LENGTH"], "text or bytes", &[TextOrBytes], 1, BIGINT, encoding::octet_length, "Number of bytes.")),
        of(&["CHAR", "CHR"], "number", &[Long], 1, STRING, encoding::chr, "The character of this number."),
        cheap(variadic(of(&["CONCAT"], "text, …", &[Text], 1, STRING, string::concat, "The texts one after the other; nulls are passed over. The operator `||` does the same."))),
        cheap(variadic(of(&["CONCAT_WS"], "separator, text, …", &[Text, Text], 1, STRING, string::concat_ws, "The texts with the separator between them; nulls are passed over."))),
        of(&["HEXTORAW"], "text", &[Text], 1, STRING, encoding::hextoraw, "The text whose characters are given by four hexadecimal digits each."),
        cheap(of(&["RAWTOHEX"], "text or bytes", &[TextOrBytes], 1, STRING, encoding::rawtohex, "Four hexadecimal digits for each character, two for each byte.")),
        cheap(of(&["TO_BASE64"], "text or bytes", &[TextOrBytes], 1, STRING, encoding::to_base64, "As Base64.")),
        of(&["FROM_BASE64"], "text", &[Text], 1, STRING, encoding::from_base64, "The text that Base64 stands for."),
        cheap(of(&["INSERT"], "text, start, length, added", &[Text, Long, Long, Text], 4, STRING, string::insert, "The text with `length` characters from `start` on replaced. Without one of the texts the other is the result.")),
        cheap(of(&["LOWER", "LCASE"], "text", &[Text], 1, STRING, string::lower, "In lower case.")),
        cheap(of(&["UPPER", "UCASE"], "text", &[Text], 1, STRING, string::upper, "In upper case.")),
        cheap(of(&["LEFT"], "text, count", &[Text, Long], 2, STRING, string::left, "The first characters.")),
        cheap(of(&["RIGHT"], "text, count", &[Text, Long], 2, STRING, string::right, "The last characters.")),
        cheap(of(&["LOCATE"], "search, text[, start]", &[Text, Text, Long], 2, INT, string::locate, "Where `search` begins, from `start` on, from the end if that is negative; 0 if nowhere, or if a text is null.")),
        cheap(of(&["POSITION"], "search, text", &[Text, Text], 2, INT, string::locate, "As LOCATE; also `POSITION(search IN text)`.")),
        cheap(of(&["INSTR"], "text, search[, start]", &[Text, Text, Long], 2, INT, string::instr, "As LOCATE, with the text in front.")),
        of(&["LPAD"], "text, length[, character]", &[Text, Long, Text], 2, STRING, string::lpad, "Filled up on the left, with blanks if no character is given; cut if longer."),
        of(&["RPAD"], "text, length[, character]", &[Text, Long, Text], 2, STRING, string::rpad, "Filled up on the right; cut if longer."),
        cheap(of(&["LTRIM"], "text[, character]", &[Text, Text], 1, STRING, string::ltrim, "Without blanks, or this character, on the left.")),
        cheap(of(&["RTRIM"], "text[, character]", &[Text, Text], 1, STRING, string::rtrim, "Without blanks, or this character, on the right.")),
        cheap(of(&["TRIM"], "text[, character]", &[Text, Text], 1, STRING, string::trim, "Without blanks, or this character, on both sides; also `TRIM(BOTH … FROM text)`.")),
        of(&["REGEXP_REPLACE"], "text, pattern, replacement[, flags]", &[Text, Text, Text, Text], 3, STRING, regexp::replace, "All matches of a Java regular expression replaced; `$1` is a group. Flags: `i` ignore case, `c` don't, `n` a dot is any character, `m` lines."),
        of(&["REGEXP_LIKE"], "text, pattern[, flags]", &[Text, Text, Text], 2, BOOLEAN, regexp::like, "Whether there is a match."),
        of(&["REGEXP_SUBSTR"], "text, pattern[, position, occurrence, flags, group]", &[Text, Text, Long, Long, Text, Long], 2, STRING, regexp::substr, "A match, or a group of it."),
        of(&["REPEAT"], "text, count", &[Text, Long], 2, STRING, string::repeat, "So many times."),
        cheap(of(&["REPLACE"], "text, search[, replacement]", &[Text, Text, Text], 2, STRING, string::replace, "All occurrences replaced; removed without a replacement.")),
        of(&["SPLIT"], "text, separator", &[Text, Text], 2, Returns::Texts, array::split, "The parts between separators, a Java regular expression; empty parts at the end are left out."),
        cheap(of(&["SOUNDEX"], "text", &[Text], 1, STRING, encoding::soundex, "Four characters for how an English word sounds.")),
        of(&["SPACE"], "count", &[Long], 1, STRING, string::space, "So many blanks."),
        cheap(of(&["SUBSTRING", "SUBSTR"], "text, start[, length]", &[Text, Long, Long], 2, STRING, string::substring, "From `start` on, counted from the end if negative; null if nothing is left. Also `SUBSTRING(text FROM start FOR length)`.")),
        of(&["TO_CHAR"], "value[, pattern]", &[Any, Text], 1, STRING, time::to_char, "A value as text; a date or time by a pattern, as FORMATDATETIME."),
        cheap(of(&["TRANSLATE"], "text, from, to", &[Text, Text, Text], 3, STRING, string::translate, "Each character that is in `from` replaced by the one at its place in `to`.")),
    ]),
    Group("Numbers", "Decimals are computed exactly. A result that its type can't hold is an error, never another number.", &[
        of(&["ABS"], "number", &[Number], 1, FIRST, numeric::abs, "Without its sign."),
        cheap(of(&["ACOS"], "number", &[Double], 1, DOUBLE, numeric::acos, "Arc cosine.")),
        cheap(of(&["ASIN"], "number", &[Double], 1, DOUBLE, numeric::asin, "Arc sine.")),
        cheap(of(&["ATAN"], "number", &[Double], 1, DOUBLE, numeric::atan, "Arc tangent.")),
        cheap(of(&["ATAN2"], "y, x", &[Double, Double], 2, DOUBLE, numeric::atan2, "Angle of a point.")),
        cheap(of(&["COS"], "number", &[Double], 1, DOUBLE, numeric::cos, "Cosine.")),
        cheap(of(&["COSH"], "number", &[Double], 1, DOUBLE, numeric::cosh, "Hyperbolic cosine.")),
        of(&["COT"], "number", &[Double], 1, DOUBLE, numeric::cot, "Cotangent."),
        cheap(of(&["SIN"], "number", &[Double], 1, DOUBLE, numeric::sin, "Sine.")),
        cheap(of(&["SINH"], "number", &[Double], 1, DOUBLE, numeric::sinh, "Hyperbolic sine.")),
        cheap(of(&["TAN"], "number", &[Double], 1, DOUBLE, numeric::tan, "Tangent.")),
        cheap(of(&["TANH"], "number", &[Double], 1, DOUBLE, numeric::tanh, "Hyperbolic tangent.")),
        of(&["MOD"], "dividend, divisor", &[Number, Number], 2, Returns::Arg(1), numeric::modulo, "What a division leaves, with the sign of the dividend and the type of the divisor."),
        of(&["CEIL", "CEILING"], "number", &[Number], 1, INT, numeric::ceil, "The next whole number above."),
        of(&["FLOOR"], "number", &[Number], 1, INT, numeric::floor, "The next whole number below."),
        cheap(of(&["EXP"], "number", &[Double], 1, DOUBLE, numeric::exp, "Power of e.")),
        of(&["LN"], "number", &[Double], 1, DOUBLE, numeric::ln, "Natural logarithm."),
        of(&["LOG"], "base, number", &[Double, Double], 2, DOUBLE, numeric::log, "Logarithm."),
        of(&["LOG10"], "number", &[Double], 1, DOUBLE, numeric::log10, "Logarithm to base 10."),
        cheap(of(&["RADIANS"], "degrees", &[Double], 1, DOUBLE, numeric::radians, "In radians.")),
        cheap(of(&["SQRT"], "number", &[Double], 1, DOUBLE, numeric::sqrt, "Square root.")),
        cheap(of(&["PI"], "", &[], 0, DOUBLE, numeric::pi, "3.14159….")),
        cheap(of(&["POWER"], "base, exponent", &[Double, Double], 2, DOUBLE, numeric::power, "Power.")),
        volatile(of(&["RAND", "RANDOM"], "[seed]", &[Long], 0, DOUBLE, numeric::random, "A random number from 0 to below 1; a seed gives the same one in every row, Java's.")),
        of(&["ROUND"], "number[, digits]", &[Number, Long], 1, FIRST, numeric::round, "Rounded, halves away from zero."),
        cheap(of(&["SIGN"], "number", &[Number], 1, INT, numeric::sign, "-1, 0 or 1; 0 for null.")),
        of(&["TRUNC", "TRUNCATE"], "number[, digits]", &[Number, Long], 1, DOUBLE, numeric::trunc, "Cut off behind so many digits."),
        of(&["TRIM_SCALE"], "number", &[Number], 1, STRING, numeric::trim_scale, "As text, without zeros at the end of the fraction."),
    ]),
    Group("Dates and times", "Units are `YEAR`, `QUARTER`, `MONTH`, `WEEK`, `DAY`, `HOUR`, `MINUTE`, `SECOND`, `MILLISECOND`, `MICROSECOND`, in quotes. Patterns are those of Java: `yyyy-MM-dd HH:mm:ss.SSS`.", &[
        volatile(of(&["CURRENT_DATE"], "", &[], 0, Returns::Type(DataType::Date), time::current_date, "Today; also without parentheses, as the next three.")),
        volatile(of(&["CURRENT_TIME"], "", &[], 0, Returns::Type(DataType::Time), time::current_time, "The time of day.")),
        volatile(of(&["CURRENT_TIMESTAMP", "NOW"], "", &[], 0, TIMESTAMP, time::current_timestamp, "Now, in the system's time zone.")),
        of(&["DATEADD", "TIMESTAMPADD"], "moment, count[, unit]", &[Moment, Long, Text], 2, Returns::DateAdd, moments::dateadd, "So many units later; days if no unit is given. A date with a unit below a day becomes a timestamp."),
        of(&["DATEDIFF"], "from, to[, unit]", &[Moment, Moment, Text], 2, BIGINT, moments::datediff, "Whole units between two moments; days if no unit is given."),
        of(&["DATE_TRUNC"], "moment[, unit]", &[Moment, Text], 1, TIMESTAMP, moments::date_trunc, "Where the unit that it lies in begins."),
        cheap(of(&["DAYNAME"], "moment", &[Moment], 1, STRING, parts::dayname, "`Monday` …")),
        cheap(of(&["MONTHNAME"], "moment", &[Moment], 1, STRING, parts::monthname, "`January` …")),
        of(&["DAY_OF_MONTH"], "moment", &[Moment], 1, INT, parts::field, "1 to 31."),
        of(&["DAY_OF_WEEK"], "moment", &[Moment], 1, INT, parts::field, "1, Monday, to 7."),
        of(&["DAY_OF_YEAR"], "moment", &[Moment], 1, INT, parts::field, "1 to 366."),
        of(&["YEAR"], "moment", &[Moment], 1, INT, parts::field, "The year."),
        of(&["QUARTER"], "moment", &[Moment], 1, INT, parts::field, "1 to 4."),
        of(&["MONTH"], "moment", &[Moment], 1, INT, parts::field, "1 to 12."),
        of(&["WEEK"], "moment", &[Moment], 1, INT, parts::week_of_year, "1 to 54; weeks begin on Monday, those before the first with four days are 1, that one is 2. EXTRACT counts from 0."),
        of(&["HOUR"], "moment", &[Moment], 1, INT, parts::field, "0 to 23."),
        of(&["MINUTE"], "moment", &[Moment], 1, INT, parts::field, "0 to 59."),
        of(&["SECOND"], "moment", &[Moment], 1, INT, parts::field, "0 to 59."),
        of(&["EXTRACT"], "field FROM moment", &[Moment, Text], 2, Returns::Field, parts::extract, "`CENTURY`, `DAY`, `DAYOFWEEK`, `DAYOFYEAR`, `DECADE`, `DOW`, `DOY`, `EPOCH` (bigint), `HOUR`, `ISODOW`, `ISOWEEK`, `ISOYEAR`, `MICROSECOND(S)`, `MILLENNIUM`, `MILLISECOND(S)`, `MINUTE`, `MONTH`, `QUARTER`, `SECOND`, `WEEK`, `YEAR`; null where a date or time has no such part."),
        of(&["FORMATDATETIME"], "moment, pattern", &[Moment, Text], 2, STRING, time::formatdatetime, "As text, by a pattern."),
        of(&["PARSEDATETIME", "TO_DATE"], "text, pattern", &[Text, Text], 2, Returns::Pattern, time::parsedatetime, "Read by a pattern: a date, a time or a timestamp, as the pattern says."),
        of(&["IS_DATE"], "text, pattern", &[Text, Text], 2, BOOLEAN, time::is_date, "Whether PARSEDATETIME can read it; false for null."),
        of(&["FROM_UNIXTIME"], "seconds, pattern[, zone]", &[Long, Text, Text], 2, STRING, time::from_unixtime, "Seconds since 1970 as text, in the system's time zone or this one: `UTC+8`, `Asia/Shanghai`."),
        of(&["AT TIME ZONE"], "moment AT TIME ZONE zone", &[Instant, Text], 2, INSTANT, time::at_time_zone, "An operator: the instant at which a clock of this zone shows the timestamp; a timestamp_tz is an instant already and stays."),
    ]),
    Group("Hashes, secrets, JSON", "", &[
        cheap(of(&["MD5"], "text", &[Text], 1, STRING, hash::md5, "32 hexadecimal digits.")),
        cheap(of(&["MURMUR64"], "text", &[Text], 1, BIGINT, hash::murmur64, "The lower half of a 128-bit MurmurHash3.")),
        volatile(of(&["UUID"], "", &[], 0, STRING, encoding::uuid, "A random UUID.")),
        volatile(of(&["AES_ENCRYPT"], "text, key[, iv]", &[Text, Text, Text], 2, STRING, crypto::aes_encrypt, "AES in CBC mode, as Base64. The key is `base64:` and 16, 24 or 32 bytes, or a password (the first 16 bytes of its SHA-256). Without `iv`, 16 characters, a random one stands in front of the result.")),
        of(&["AES_DECRYPT"], "text, key[, iv]", &[Text, Text, Text], 2, STRING, crypto::aes_decrypt, "What AES_ENCRYPT has made of it."),
        of(&["DES_ENCRYPT"], "key, text", &[Text, Text], 2, STRING, crypto::des_encrypt, "DES in CBC mode, as Base64. Broken: only for data that exists."),
        of(&["DES_DECRYPT"], "key, text", &[Text, Text], 2, STRING, crypto::des_decrypt, "What DES_ENCRYPT has made of it."),
        of(&["GET_JSON_OBJECT"], "json, path", &[Text, Text], 2, STRING, json::get_json_object, "The value at `$.field[0]['other field']`, as text; null if it isn't there, or if the text is no JSON."),
    ]),
    Group("Arrays and maps", "`list[0]`, `map['key']` and `row.field` lead into a value; `map.key` does too. What isn't there is null.", &[
        cheap(variadic(of(&["ARRAY"], "value, …", &[Any], 0, Returns::Array, array::array, "An array; numbers take the widest type, other types that differ become text."))),
        variadic(of(&["MAP"], "key, value, …", &[Any], 0, Returns::Map, array::map, "A map; of equal keys the last one counts.")),
        cheap(of(&["ARRAY_MAX"], "array", &[Array], 1, Returns::Element, array::array_max, "The largest element; nulls are passed over.")),
        cheap(of(&["ARRAY_MIN"], "array", &[Array], 1, Returns::Element, array::array_min, "The smallest element; nulls are passed over.")),
    ]),
    Group("Vectors", "Of `float_vector`, or of an array of numbers where a number is the result. Both vectors need the same dimension.", &[
        cheap(of(&["VECTOR_DIMS"], "vector", &[VectorOrArray], 1, INT, vector::dims, "Its dimension.")),
        cheap(of(&["VECTOR_NORM"], "vector", &[VectorOrArray], 1, DOUBLE, vector::norm, "Its length.")),
        of(&["INNER_PRODUCT"], "a, b", &[VectorOrArray, VectorOrArray], 2, DOUBLE, vector::inner_product, "Inner product."),
        of(&["COSINE_DISTANCE"], "a, b", &[VectorOrArray, VectorOrArray], 2, DOUBLE, vector::cosine_distance, "1 less the cosine of the angle between them; 1 if one of them is zero."),
        of(&["L1_DISTANCE"], "a, b", &[VectorOrArray, VectorOrArray], 2, DOUBLE, vector::l1_distance, "Manhattan distance."),
        of(&["L2_DISTANCE"], "a, b", &[VectorOrArray, VectorOrArray], 2, DOUBLE, vector::l2_distance, "Euclidean distance."),
        of(&["VECTOR_REDUCE"], "vector, dimension, method", &[Vector, Long, Text], 3, Returns::Reduced, vector::reduce, "A shorter vector, by `TRUNCATE`, `RANDOM_PROJECTION` or `SPARSE_RANDOM_PROJECTION`; the projections are the same for all rows and jobs."),
        cheap(of(&["VECTOR_NORMALIZE"], "vector", &[Vector], 1, FIRST, vector::normalize, "With the length 1; a zero vector stays.")),
    ]),
];

/// What the compiler knows by itself, for the documentation and for "did you mean".
pub(super) static BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "CAST",
        "value AS type",
        "Another type: `string`, `tinyint` … `bigint`, `float`, `double`, `decimal(p, s)`, `boolean`, `date`, `time`, `timestamp`, `timestamp_tz`, `bytes`. A value that can't be is an error.",
    ),
    (
        "TRY_CAST",
        "value AS type",
        "As CAST, but null for such a value.",
    ),
    (
        "COALESCE",
        "value, …",
        "The first value that isn't null, in the type of the first.",
    ),
    ("IFNULL", "value, other", "As COALESCE, of two values."),
    (
        "NULLIF",
        "value, other",
        "Null if both are equal, otherwise the value.",
    ),
    (
        "MULTI_IF",
        "condition, value, …, value",
        "The value behind the first condition that holds, or the last one. `CASE WHEN` does the same.",
    ),
];
