//! What a source is to read, as its options say it.

use regex::Regex;
use seatunnel_api::{Error, Result, TablePath, codes};

use crate::errors;
use crate::options::{JdbcSourceOptions, TableOptions};
use crate::sql;

/// What is to be read, in the form that `table_list` has. Options for the whole source hold for
/// tables that have none of their own.
///
/// # Errors
/// If nothing is to be read.
pub fn wanted(options: &JdbcSourceOptions) -> Result<Vec<TableOptions>> {
    let top = TableOptions {
        table_path: options.table_path.clone(),
        query: options.query.clone(),
        partition_column: options.partition_column.clone(),
        partition_num: options.partition_num,
        partition_lower_bound: options.partition_lower_bound.clone(),
        partition_upper_bound: options.partition_upper_bound.clone(),
        use_select_count: Some(options.use_select_count),
        skip_analyze: Some(options.skip_analyze),
        use_regex: Some(options.use_regex),
    };
    match &options.table_list {
        Some(list) => list
            .iter()
            .map(|table| {
                if table.query.is_none() && table.table_path.is_none() {
                    return Err(Error::new(
                        codes::OPTION_INVALID,
                        "an entry of table_list needs `table_path` or `query`",
                    ));
                }
                Ok(TableOptions {
                    use_regex: table.use_regex.or(top.use_regex),
                    use_select_count: table.use_select_count.or(top.use_select_count),
                    skip_analyze: table.skip_analyze.or(top.skip_analyze),
                    ..table.clone()
                })
            })
            .collect(),
        None if top.query.is_none() && top.table_path.is_none() => Err(Error::new(
            codes::OPTION_INVALID,
            "Jdbc needs one of the options `query`, `table_path`, `table_list`",
        )),
        None => Ok(vec![top]),
    }
}

/// What follows `WHERE` in the option `where_condition`.
///
/// # Errors
/// If it does not begin with `WHERE`.
pub fn condition(options: &JdbcSourceOptions) -> Result<Option<&str>> {
    match &options.where_condition {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) => match sql::condition(text) {
            Some(condition) => Ok(Some(condition)),
            None => Err(Error::new(
                errors::OPTION,
                format!("where_condition must begin with WHERE: `{text}`"),
            )),
        },
    }
}

/// A `table_path` that is a pattern. It must match a table's name as a whole: `db.schema.table`,
/// `schema.table`, `db.table` or the table alone. A dot escaped with two backslashes in a job file
/// arrives with one.
pub struct TablePattern(Regex);

impl TablePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it is no regular expression.
    pub fn new(pattern: &str) -> Result<Self> {
        Regex::new(&format!("^(?:{pattern})$"))
            .map(Self)
            .map_err(|e| {
                Error::new(
                    errors::OPTION,
                    format!("table_path `{pattern}` is not a regular expression"),
                )
                .with_cause(e)
            })
    }

    /// Whether a table is meant.
    pub fn matches(&self, path: &TablePath) -> bool {
        let database = path.database.as_deref().unwrap_or_default();
        [
            path.to_string(),
            path.schema_and_table(),
            format!("{database}.{}", path.table),
            path.table.clone(),
        ]
        .iter()
        .any(|name| self.0.is_match(name))
    }
}
