//! The SQL that SeaTunnel's users write, as far as it concerns the parser.

use sqlparser::ast::{Expr, Ident, ObjectName};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

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

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    /// `ARRAY(1, 2)` calls a function; other dialects have a query in the parentheses.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = parser.peek_token().token else {
            return None;
        };
        let is_call = parser.peek_nth_token(1).token == Token::LParen;
        if !is_call || !word.value.eq_ignore_ascii_case("array") {
            return None;
        }
        let token = parser.next_token();
        let name = Ident::with_span(token.span, word.value);
        Some(parser.parse_function(ObjectName::from(vec![name])))
    }
}
