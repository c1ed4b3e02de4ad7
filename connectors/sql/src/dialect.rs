//! The SQL that SeaTunnel's users write, as far as it concerns the parser.

use sqlparser::dialect::Dialect;

/// Names in double quotes or backticks, strings in single quotes without escapes.
#[derive(Debug)]
pub(crate) struct ZetaDialect;

impl Dialect for ZetaDialect {
    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"' || c == '`'
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || matches!(c, '_' | '$' | '@')
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }
}
