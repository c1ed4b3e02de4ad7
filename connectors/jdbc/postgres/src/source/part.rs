//! A table or query that is read: its columns, and the statement for a split of it.

use std::sync::Arc;

use seatunnel_api::{CatalogTable, DataType};
use seatunnel_jdbc_core::sql::{Quote, as_table};

use super::split::{PgSplit, Range, Tid};
use crate::types::{Coding, Reading};

/// How names are quoted.
pub(super) const QUOTE: Quote = Quote('"');

/// A table or query.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// As its rows announce it.
    pub(crate) table: Arc<CatalogTable>,
    /// Its columns, in the order of `table`.
    pub(crate) columns: Vec<PartColumn>,
    /// What it is.
    pub(crate) origin: Origin,
    /// Which rows to read.
    pub(crate) condition: Option<String>,
    /// The column that may divide it.
    pub(crate) key: Option<Key>,
    /// How many splits the user wants.
    pub(crate) parts: Option<usize>,
}

/// A column that is read.
#[derive(Clone, Debug)]
pub(crate) struct PartColumn {
    /// Its name.
    pub(crate) name: String,
    /// Its type as SQL spells it.
    pub(crate) type_name: String,
    /// How it is read.
    pub(crate) reading: Reading,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A table or view.
    Table {
        /// As SQL names it.
        name: String,
        /// Whether it can be sampled.
        sampled: bool,
        /// What it consists of, for splits by pages; none if it can't be divided so.
        pieces: Option<Vec<Piece>>,
        /// Rows, about.
        rows: u64,
    },
    /// A query, which can stand behind FROM.
    Query(String),
    /// Any other statement that gives rows.
    Statement(String),
}

/// A table that has pages of its own, or a partition.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// As SQL names it.
    pub(crate) name: String,
    /// Its pages; none if it has none of its own.
    pub(crate) pages: Option<u32>,
}

/// A column that divides a part.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Its quoted name.
    pub(crate) name: String,
    /// Its type as SQL spells it.
    pub(crate) type_name: String,
    /// Its type.
    pub(crate) data_type: DataType,
    /// Smallest value to read, as SQL has it.
    pub(crate) lower: Option<String>,
    /// Largest value to read, as SQL has it.
    pub(crate) upper: Option<String>,
}

impl Part {
    /// How each column comes.
    pub(crate) fn codings(&self) -> Vec<(Coding, DataType)> {
        let coding = |c: &PartColumn| (c.reading.coding.clone(), c.reading.data_type.clone());
        self.columns.iter().map(coding).collect()
    }

    /// Columns that come as text.
    pub(crate) fn cast_columns(&self) -> impl Iterator<Item = &PartColumn> {
        self.columns.iter().filter(|c| c.reading.cast.is_some())
    }

    /// Whether the rows of a split come in the order in which they lie. With a condition they may
    /// come in that of an index.
    pub(crate) fn has_pages(&self, split: &PgSplit) -> bool {
        self.condition.is_none()
            && match (&self.origin, &split.range) {
                (
                    Origin::Table {
                        pieces: Some(pieces),
                        ..
                    },
                    Range::All,
                ) => {
                    matches!(pieces.as_slice(), [piece] if piece.pages.is_some())
                }
                (Origin::Table { .. }, Range::Pages { .. }) => true,
                _ => false,
            }
    }

    /// What is selected from.
    pub(crate) fn from(&self) -> String {
        match &self.origin {
            Origin::Table { name, .. } => name.clone(),
            Origin::Query(query) | Origin::Statement(query) => as_table(query) + " AS q",
        }
    }

    /// The query for the rows of a split; with `with_tid` a further column says where each lies.
    pub(crate) fn select(&self, split: &PgSplit, with_tid: bool) -> String {
        let mut columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let name = QUOTE.name(&column.name);
                match column.reading.cast {
                    Some(cast) => format!("{name}::{cast}"),
                    None => name,
                }
            })
            .collect();
        if with_tid {
            columns.push("ctid".to_owned());
        }
        let mut terms = Vec::new();
        // A condition on where rows lie has them scanned in this order.
        match split.after {
            Some(after) => terms.push(format!("ctid > {}", after.literal())),
            None if with_tid => terms.push(format!("ctid >= {}", Tid(0, 0).literal())),
            None => {}
        }
        let from = match &split.range {
            Range::All => self.from(),
            Range::Whole { table } => format!("ONLY {table}"),
            Range::Pages { table, from, until } => {
                if split.after.is_none() && *from > 0 {
                    terms.push(format!("ctid >= '({from},0)'::tid"));
                }
                terms.extend(until.map(|until| format!("ctid < '({until},0)'::tid")));
                format!("ONLY {table}")
            }
            Range::Key(range) => {
                let key = self.key.as_ref().map_or("NULL", |key| &key.name);
                terms.extend(range.predicate(key, hash));
                self.from()
            }
        };
        if let Some(condition) = &self.condition {
            terms.push(format!("({condition}\n)"));
        }
        let filter = match terms.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", terms.join(" AND ")),
        };
        format!("SELECT {} FROM {from}{filter}", columns.join(", "))
    }

    /// The statement for the rows of a split.
    pub(crate) fn statement(&self, split: &PgSplit, with_tid: bool) -> String {
        match &self.origin {
            Origin::Statement(sql) => sql.clone(),
            Origin::Query(sql) if self.is_plain(split) => sql.clone(),
            Origin::Table { .. } | Origin::Query(_) => self.select(split, with_tid),
        }
    }

    /// Whether a query gives just the rows and columns of this split.
    fn is_plain(&self, split: &PgSplit) -> bool {
        split.range == Range::All
            && split.after.is_none()
            && self.condition.is_none()
            && self.cast_columns().next().is_none()
    }

    /// In which form the columns of [`Part::statement`] are asked for: 0 is text, 1 binary.
    pub(crate) fn formats(&self, with_tid: bool) -> Vec<i16> {
        // In a statement nothing is cast: what would be comes as text.
        let casts = !matches!(self.origin, Origin::Statement(_));
        let binary = |c: &PartColumn| match c.reading.cast {
            Some(_) if !casts => false,
            _ => !c.reading.as_text,
        };
        let mut formats: Vec<i16> = self.columns.iter().map(|c| binary(c).into()).collect();
        formats.extend(with_tid.then_some(1));
        formats
    }
}

/// A number from 0 to `count - 1` for each value; 0 for null.
fn hash(key: &str, count: usize) -> String {
    format!("coalesce(abs(hashtext({key}::text)::int8) % {count}, 0)")
}
