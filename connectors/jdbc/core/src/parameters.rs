//! Parameters of statements that users write: a `?` for each column in their order, or `:column`.

use seatunnel_api::{CatalogTable, Error, Result};

use crate::errors;
use crate::sql;
use crate::target::column_of;

/// A statement taken apart at its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text before each parameter, and what follows the last.
    pub texts: Vec<String>,
    /// Place of the rows' column that each parameter is.
    pub columns: Vec<usize>,
}

impl Statement {
    /// Reads a statement. Question marks and colons in quotes and comments are text; so are `::`
    /// and, since PostgreSQL has operators with it, `??`, which stands for one `?`.
    ///
    /// # Errors
    /// If the parameters don't fit the rows.
    pub fn parse(query: &str, table: &CatalogTable) -> Result<Self> {
        let query = sql::without_end(query);
        let (texts, names) = take_apart(query);
        let wrong = |message: String| {
            Error::new(errors::OPTION, message)
                .with_context("table", table.path())
                .with_context("statement", query)
                .with_help("write a `?` for each column in their order, or name columns: `:name`")
        };
        let width = table.columns().len();
        if names.is_empty() {
            return Err(wrong("the query has no parameters".to_owned()));
        }
        let named = names.iter().any(Option::is_some);
        if named && names.iter().any(Option::is_none) {
            return Err(wrong(
                "the query has both `?` and named parameters".to_owned(),
            ));
        }
        if !named && names.len() != width {
            return Err(wrong(format!(
                "the query has {} parameters, the rows have {width} columns",
                names.len()
            )));
        }
        let columns = names
            .iter()
            .enumerate()
            .map(|(index, name)| match name {
                None => Ok(index),
                Some(name) => {
                    let column = column_of(table, name, "the query")?;
                    Ok(table.schema().index_of(&column).unwrap_or_default())
                }
            })
            .collect::<Result<_>>()?;
        Ok(Self { texts, columns })
    }

    /// The statement with what `marker` says for each parameter, counted from 0.
    pub fn text(&self, marker: impl Fn(usize) -> String) -> String {
        let mut out = String::new();
        for (index, text) in self.texts.iter().enumerate() {
            if index > 0 {
                out.push_str(&marker(index - 1));
            }
            out.push_str(text);
        }
        out
    }
}

/// Texts around parameters, and the parameters' names.
fn take_apart(query: &str) -> (Vec<String>, Vec<Option<String>>) {
    let mut texts = vec![String::new()];
    let mut names = Vec::new();
    let mut rest = query;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(c) = rest.chars().next() {
        let next = rest[c.len_utf8()..].chars().next();
        let before = texts.last().and_then(|text| text.chars().next_back());
        let taken = match (c, next) {
            ('\'' | '"' | '`', _) => quoted(rest, c),
            ('-', Some('-')) => rest.find('\n').unwrap_or(rest.len()),
            ('/', Some('*')) => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            ('$', _) if !before.is_some_and(word) => dollar_quoted(rest).unwrap_or(1),
            ('?', Some('?')) => {
                push(&mut texts, "?");
                rest = &rest[2..];
                continue;
            }
            (':', Some(':')) => 2,
            ('?', _) => {
                names.push(None);
                texts.push(String::new());
                rest = &rest[1..];
                continue;
            }
            (':', Some(first)) if first.is_alphabetic() || first == '_' => {
                // `a[1:b]` is a slice, not a parameter, but nobody writes one into an insert.
                let name: String = rest[1..].chars().take_while(|c| word(*c)).collect();
                rest = &rest[1 + name.len()..];
                names.push(Some(name));
                texts.push(String::new());
                continue;
            }
            _ => c.len_utf8(),
        };
        push(&mut texts, &rest[..taken]);
        rest = &rest[taken..];
    }
    (texts, names)
}

fn push(texts: &mut [String], text: &str) {
    if let Some(last) = texts.last_mut() {
        last.push_str(text);
    }
}

/// Length of a quoted text; a doubled quote begins another one, which comes to the same.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

/// Length of a text between `$tag$`s, where one begins here.
fn dollar_quoted(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let inner = &tag[1..tag.len() - 1];
    if inner.starts_with(|c: char| c.is_ascii_digit())
        || !inner.chars().all(|c| c.is_alphanumeric() || c == '_')
    {
        return None;
    }
    let close = text[end..].find(tag)?;
    Some(end + close + tag.len())
}

#[cfg(test)]
mod tests {
    use seatunnel_api::{Column, DataType, TablePath, TableSchema};

    use super::*;

    fn table() -> CatalogTable {
        let columns = vec![
            Column::new("a", DataType::Int),
            Column::new("B", DataType::Int),
        ];
        CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns))
    }

    fn parse(query: &str) -> (String, Vec<usize>) {
        let statement = Statement::parse(query, &table()).unwrap();
        (
            statement.text(|index| format!("${}", index + 1)),
            statement.columns,
        )
    }

    #[test]
    fn marks_stand_for_columns_in_their_order() {
        assert_eq!(
            parse("INSERT INTO t VALUES (?::int, CAST(? AS json));"),
            (
                "INSERT INTO t VALUES ($1::int, CAST($2 AS json))".to_owned(),
                vec![0, 1]
            )
        );
    }

    #[test]
    fn names_may_repeat_and_be_in_any_case() {
        assert_eq!(
            parse("UPDATE t SET x = :b WHERE y = :a AND z = :b"),
            (
                "UPDATE t SET x = $1 WHERE y = $2 AND z = $3".to_owned(),
                vec![1, 0, 1]
            )
        );
    }

    #[test]
    fn marks_in_quotes_and_comments_are_text() {
        let text = "SELECT '?''', \"?\", `:a`, $$?$$, $x$:a$x$, j ?? 'k' -- ?\n, /* :a */ ?, ?";
        assert_eq!(
            parse(text).0,
            text.replace("??", "§")
                .replacen(", ?, ?", ", $1, $2", 1)
                .replace(" */ ?, ?", " */ $1, $2")
                .replace('§', "?")
        );
    }

    #[test]
    fn parameters_that_do_not_fit_are_errors() {
        for query in [
            "DELETE FROM t",
            "VALUES (?)",
            "VALUES (?, :a)",
            "VALUES (:c)",
        ] {
            assert!(Statement::parse(query, &table()).is_err(), "{query}");
        }
    }
}
