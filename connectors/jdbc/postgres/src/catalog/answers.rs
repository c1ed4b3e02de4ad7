//! What the server answers about tables.

use std::str::FromStr;

use seatunnel_api::{
    ConstraintKey, ConstraintKind, Error, PrimaryKey, Result, SortOrder, TablePath,
};
use seatunnel_jdbc_core::catalog::TableInfo;
use seatunnel_jdbc_core::errors;

use super::PgTable;
use crate::types::PgType;

/// A row of a catalog, whose columns are known by their places.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(pub(super) &'a Vec<Option<String>>);

impl<'a> Row<'a> {
    pub(super) fn text(self, place: usize) -> Option<&'a str> {
        self.0.get(place)?.as_deref()
    }

    pub(super) fn number<T: FromStr>(self, place: usize) -> Result<T> {
        let number = self.text(place).and_then(|text| text.parse().ok());
        number.ok_or_else(not_understood)
    }

    pub(super) fn is_true(self, place: usize) -> bool {
        self.text(place) == Some("t")
    }

    pub(super) fn letter(self, place: usize) -> char {
        self.text(place)
            .and_then(|text| text.chars().next())
            .unwrap_or(' ')
    }
}

pub(super) fn not_understood() -> Error {
    Error::new(errors::PROTOCOL, "the server's catalog can't be understood")
        .with_help("is it PostgreSQL, from version 9.6 on, that the url names?")
}

pub(super) fn to_table(row: Row<'_>, database: &str) -> Result<PgTable> {
    let kind = row.letter(3);
    let rows: f64 = row.number(4)?;
    Ok(PgTable {
        info: TableInfo {
            path: TablePath {
                database: Some(database.to_owned()),
                schema: row.text(1).map(unquoted),
                table: row.text(2).unwrap_or_default().to_owned(),
            },
            is_view: matches!(kind, 'v' | 'm'),
            columns: Vec::new(),
            primary_key: None,
            keys: Vec::new(),
            comment: None,
            rows: (rows >= 0.0).then_some(rows as u64),
        },
        oid: row.number(0)?,
        kind,
        columns: Vec::new(),
        bytes: row.number(7)?,
        page: row.number::<u64>(8)?.max(1),
        row_security: row.is_true(6),
        has_children: row.is_true(5),
        children: Vec::new(),
    })
}

/// A name that the server has put in quotes where it needs them.
fn unquoted(name: &str) -> String {
    let inner = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'));
    match inner {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// Adds a key or an index; its columns are numbers with blanks between, as are their options.
pub(super) fn add_key(table: &mut PgTable, row: Row<'_>) -> Result<()> {
    let count: usize = row.number(4)?;
    let numbers = row.text(5).unwrap_or_default().split_ascii_whitespace();
    let options = row.text(6).unwrap_or_default().split_ascii_whitespace();
    let mut columns = Vec::with_capacity(count);
    for (number, option) in numbers.zip(options).take(count) {
        let number: Option<i16> = number.parse().ok();
        let column = table.columns.iter().find(|c| Some(c.number) == number);
        let column = column.ok_or_else(not_understood)?;
        let descending = option.parse::<u16>().is_ok_and(|option| option & 1 == 1);
        let order = match descending {
            true => SortOrder::Desc,
            false => SortOrder::Asc,
        };
        columns.push((column.name.clone(), order));
    }
    let name = row.text(1).unwrap_or_default().to_owned();
    if row.is_true(2) {
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        table.info.primary_key = Some(PrimaryKey { name, columns });
        return Ok(());
    }
    let kind = match row.is_true(3) {
        true => ConstraintKind::Unique,
        false => ConstraintKind::Index,
    };
    table.info.keys.push(ConstraintKey {
        name,
        kind,
        columns,
    });
    Ok(())
}

pub(super) fn to_type(row: Row<'_>) -> Result<PgType> {
    let modifier = row.number(5)?;
    let element = match row.text(7) {
        // `int2vector` and its kin are arrays only inside.
        Some(_) if row.letter(6) == 'A' => Some(Box::new(PgType {
            oid: row.number(7)?,
            name: row.text(8).unwrap_or_default().to_owned(),
            kind: row.letter(9),
            modifier,
            element: None,
            dimensions: 0,
        })),
        _ => None,
    };
    Ok(PgType {
        oid: row.number(2)?,
        name: row.text(3).unwrap_or_default().to_owned(),
        kind: row.letter(4),
        modifier,
        element,
        dimensions: row.number(10)?,
    })
}
