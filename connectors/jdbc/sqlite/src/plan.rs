//! How the rows of one table are written: whether they fit the target, and by which statements.

use rusqlite::Connection;
use seatunnel_api::{CatalogTable, Error, Result};

use crate::QUOTE;
use crate::catalog::TableInfo;
use crate::connection::Location;
use crate::types::{Form, affinity, form};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::fit::fit;
use seatunnel_jdbc_core::sql;
use seatunnel_jdbc_core::target::{Put, Target, column_of};

/// The statements for one table and how its columns are bound.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The table's name, for messages.
    pub(crate) table: String,
    /// Each bound column: its place in the rows and how it is handed over. Parameter `i` of a row is
    /// column `i` of these.
    pub(crate) columns: Vec<(usize, Form)>,
    /// Places of the key's columns in `columns`.
    pub(crate) keys: Vec<usize>,
    /// Puts so many rows, largest first; the last puts one.
    pub(crate) puts: Vec<(usize, String)>,
    /// Updates the row of a key: parameters are the columns that are no keys, then the keys.
    pub(crate) update: Option<(String, Vec<usize>)>,
    /// Deletes the row of a key.
    pub(crate) delete: Option<String>,
    /// `INSERT INTO t (a, b)`, and the clause that makes it an upsert, around what is inserted.
    pub(crate) around: (String, String),
    /// Whether a row before an update is left alone, because the row after it takes its place.
    pub(crate) updates_in_place: bool,
    /// Whether the row after an update may have another key.
    pub(crate) keys_change: bool,
    /// Whether the statement was given, so that only inserts and updates can be applied.
    pub(crate) given: bool,
}

/// Parameters of one statement, about: more make it no faster.
const PARAMETERS: usize = 2_048;

/// How many rows of so many columns statements put, largest first and one at last. Powers of two
/// divide usual batches without rest.
pub(crate) fn statement_sizes(columns: usize) -> Vec<usize> {
    let most = 1 << (PARAMETERS / columns.max(1)).max(1).ilog2();
    let mut sizes = vec![most, most / 8, 1];
    sizes.retain(|size| *size > 0);
    sizes.dedup();
    sizes
}

impl Plan {
    /// Compares rows and table and makes the statements.
    pub(crate) fn new(
        target: &Target,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<Self> {
        if let Some(query) = &target.query {
            return Self::given(target, query, connection, location, table);
        }
        let info =
            TableInfo::load(connection, &target.path.table).map_err(|e| location.failure(e))?;
        let Some(info) = info else {
            return Err(Error::new(
                seatunnel_api::codes::TARGET_MISSING,
                format!("the table `{}` does not exist", target.path.table),
            )
            .with_context("database", location.path().display()));
        };
        let described = info.described();
        let target = &*target.for_table(&described);
        let places = fit(target, &described, table)?;
        let names: Vec<&str> = places
            .iter()
            .map(|place| info.columns[*place].name.as_str())
            .collect();
        let columns = table
            .columns()
            .iter()
            .zip(&places)
            .enumerate()
            .map(|(place, (column, found))| {
                let declared = affinity(&info.columns[*found].declared);
                (place, form(&column.data_type, Some(declared)))
            })
            .collect();
        let keys: Vec<usize> = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .collect();
        let key_names: Vec<&str> = keys.iter().map(|k| names[*k]).collect();
        let others: Vec<usize> = (0..names.len()).filter(|i| !keys.contains(i)).collect();
        let quoted = QUOTE.name(&info.name);
        let clause = match target.put {
            Put::Upsert => {
                let key = QUOTE.names(key_names.iter().copied());
                let sets: Vec<String> = others
                    .iter()
                    .map(|i| QUOTE.name(names[*i]))
                    .map(|name| format!("{name} = excluded.{name}"))
                    .collect();
                if sets.is_empty() {
                    format!(" ON CONFLICT ({key}) DO NOTHING")
                } else {
                    format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
                }
            }
            Put::Insert | Put::UpdateOrInsert => String::new(),
        };
        let list = QUOTE.names(names.iter().copied());
        let around = (format!("INSERT INTO {quoted} ({list})"), clause.clone());
        let sizes = match target.put {
            Put::UpdateOrInsert => vec![1],
            Put::Insert | Put::Upsert => statement_sizes(names.len()),
        };
        let puts = sizes
            .into_iter()
            .map(|rows| {
                (
                    rows,
                    sql::insert(&quoted, &list, names.len(), rows, &clause),
                )
            })
            .collect();
        let update = (target.put == Put::UpdateOrInsert).then(|| {
            let changed = if others.is_empty() { &keys } else { &others };
            let sets: Vec<String> = changed
                .iter()
                .map(|i| format!("{} = ?", QUOTE.name(names[*i])))
                .collect();
            let matches = QUOTE.all_equal(key_names.iter().copied());
            let sql = format!("UPDATE {quoted} SET {} WHERE {matches}", sets.join(", "));
            (sql, changed.iter().chain(&keys).copied().collect())
        });
        let delete = (!keys.is_empty()).then(|| {
            let matches = QUOTE.all_equal(key_names.iter().copied());
            format!("DELETE FROM {quoted} WHERE {matches}")
        });
        Ok(Self {
            table: info.name.clone(),
            columns,
            keys,
            puts,
            update,
            delete,
            around,
            updates_in_place: target.put != Put::Insert,
            keys_change: target.keys_change,
            given: false,
        })
    }

    fn given(
        target: &Target,
        query: &str,
        connection: &Connection,
        location: &Location,
        table: &CatalogTable,
    ) -> Result<Self> {
        let failed = |e| location.failure(e).with_context("option", "query");
        let query = sql::without_end(query);
        let statement = connection.prepare(query).map_err(failed)?;
        let wrong = |message: String| {
            Error::new(errors::OPTION, message)
                .with_context("table", table.path())
                .with_context("statement", query)
        };
        let count = statement.parameter_count();
        let width = table.columns().len();
        let mut columns = Vec::with_capacity(count);
        let mut named = false;
        for index in 1..=count {
            let place = match statement.parameter_name(index) {
                Some(name) if name.starts_with([':', '@', '$']) => {
                    named = true;
                    let column = column_of(table, &name[1..], "the query")?;
                    table.schema().index_of(&column).unwrap_or_default()
                }
                _ => index - 1,
            };
            if place >= width || (!named && count != width) {
                return Err(wrong(format!(
                    "the query has {count} parameters, the rows have {width} columns"
                ))
                .with_help(
                    "write a `?` for each column in their order, or name columns: `:name`",
                ));
            }
            columns.push((place, form(&table.columns()[place].data_type, None)));
        }
        if count == 0 {
            return Err(wrong("the query has no parameters".to_owned()).with_help(
                "write a `?` for each column in their order, or name columns: `:name`",
            ));
        }
        let keys = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .filter_map(|key| columns.iter().position(|(place, _)| *place == key))
            .collect();
        Ok(Self {
            table: table.path().to_string(),
            columns,
            keys,
            puts: vec![(1, query.to_owned())],
            updates_in_place: true,
            given: true,
            ..Self::default()
        })
    }
}
