//! Makes the source: which tables and queries, and what their columns are.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Type;
use seatunnel_api::config::nearest;
use seatunnel_api::{
    CatalogTable, Column, DataType, Error, Result, SourceContext, TablePath, TableSchema, codes,
};

use crate::QUOTE;
use crate::catalog::TableInfo;
use crate::connection::Location;
use crate::read::{Part, SqliteSource};
use crate::split::Key;
use crate::types::ReadTypes;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::keys::{Number, partition_column};
use seatunnel_jdbc_core::options::{JdbcSourceOptions, TableOptions};
use seatunnel_jdbc_core::wanted::TablePattern;
use seatunnel_jdbc_core::{sql, wanted};

/// Rows that are looked at for the type of a column without a declared one.
const SAMPLE: usize = 100;

/// Reads the schemas and makes the source.
pub(crate) fn create(
    options: &JdbcSourceOptions,
    context: &SourceContext,
    connection: &Connection,
    location: &Arc<Location>,
) -> Result<SqliteSource> {
    let maker = PartMaker {
        connection,
        location,
        types: ReadTypes {
            narrow_integers: options.connection.int_type_narrowing,
            blob_as_string: options.handle_blob_as_string,
        },
        condition: wanted::condition(options)?,
        context,
    };
    let mut parts = Vec::new();
    for table in wanted::wanted(options)? {
        maker.make(&table, &mut parts)?;
    }
    if parts.is_empty() {
        return Err(Error::new(
            errors::TABLE_MISSING,
            "no table matches the patterns of table_list",
        )
        .with_context("database", location.path().display()));
    }
    Ok(SqliteSource {
        location: location.clone(),
        parts: parts.into(),
        split_size: options.split_size,
    })
}

struct PartMaker<'a> {
    connection: &'a Connection,
    location: &'a Location,
    types: ReadTypes,
    condition: Option<&'a str>,
    context: &'a SourceContext,
}

impl PartMaker<'_> {
    fn make(&self, wanted: &TableOptions, parts: &mut Vec<Part>) -> Result<()> {
        let failed = |e| self.location.failure(e);
        match (&wanted.query, &wanted.table_path) {
            (Some(query), path) => {
                let info = match path {
                    Some(path) => self.find(path).map_err(failed)?,
                    None => None,
                };
                parts.push(self.of_query(query, path.as_deref(), info, wanted)?);
            }
            (None, Some(pattern)) if wanted.use_regex == Some(true) => {
                let pattern = TablePattern::new(pattern)?;
                for name in TableInfo::list(self.connection).map_err(failed)? {
                    let path = TablePath {
                        database: Some("main".to_owned()),
                        ..TablePath::table(&name)
                    };
                    if pattern.matches(&path) {
                        let info = TableInfo::load(self.connection, &name).map_err(failed)?;
                        if let Some(info) = info {
                            parts.push(self.of_table(TablePath::table(name), &info, wanted)?);
                        }
                    }
                }
            }
            (None, Some(path)) => {
                let Some(info) = self.find(path).map_err(failed)? else {
                    return Err(self.missing(path));
                };
                parts.push(self.of_table(TablePath::parse(path, false), &info, wanted)?);
            }
            (None, None) => {
                return Err(Error::new(
                    codes::OPTION_INVALID,
                    "an entry of table_list needs `table_path` or `query`",
                ));
            }
        }
        Ok(())
    }

    /// A table by its path: the whole text as a name first, then its last part.
    fn find(&self, path: &str) -> rusqlite::Result<Option<TableInfo>> {
        match TableInfo::load(self.connection, path)? {
            None => match path.rsplit_once('.') {
                Some((_, name)) => TableInfo::load(self.connection, name),
                None => Ok(None),
            },
            found => Ok(found),
        }
    }

    fn missing(&self, path: &str) -> Error {
        let error = Error::new(
            errors::TABLE_MISSING,
            format!("the table `{path}` does not exist"),
        )
        .with_context("database", self.location.path().display());
        let names = TableInfo::list(self.connection).unwrap_or_default();
        match nearest(path, names.iter().map(String::as_str)) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    fn of_table(&self, path: TablePath, info: &TableInfo, wanted: &TableOptions) -> Result<Part> {
        let from = QUOTE.name(&info.name);
        let mut columns = Vec::with_capacity(info.columns.len());
        let mut unknown = Vec::new();
        for column in &info.columns {
            let declared = self.types.of(&column.declared);
            if declared.is_none() {
                unknown.push(columns.len());
            }
            let mut read = Column::new(&column.name, declared.unwrap_or(DataType::String));
            column.describe(&mut read);
            columns.push(read);
        }
        let names = QUOTE.names(info.columns.iter().map(|c| c.name.as_str()));
        if !unknown.is_empty() {
            self.sample(
                &format!("SELECT {names} FROM {from}"),
                &unknown,
                &mut columns,
            )
            .map_err(|e| e.with_context("table", &path))?;
        }
        let table = Arc::new(info.to_catalog(path, columns));
        let key = match (&wanted.partition_column, info.rowid_name()) {
            (Some(column), _) => self.column_key(column, &table, wanted)?,
            (None, Some(name)) => Key::Rowid(name),
            (None, None) => clustered_key(info, &table),
        };
        Ok(Part {
            table,
            columns: names,
            from,
            query: None,
            condition: self.condition.map(str::to_owned),
            key,
        })
    }

    fn of_query(
        &self,
        query: &str,
        path: Option<&str>,
        info: Option<TableInfo>,
        wanted: &TableOptions,
    ) -> Result<Part> {
        let statement = self
            .connection
            .prepare(sql::without_end(query))
            .map_err(|e| self.location.failure(e).with_context("option", "query"))?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(Error::new(
                errors::OPTION,
                "the option `query` of a source must be a query that returns rows",
            ));
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut unknown = Vec::new();
        for column in statement.columns() {
            let name = column.name();
            if columns.iter().any(|c| c.name == name) {
                return Err(Error::new(
                    errors::OPTION,
                    format!("the query has two columns `{name}`"),
                )
                .with_help("give one of them another name with AS"));
            }
            let declared = column.decl_type().and_then(|d| self.types.of(d));
            if declared.is_none() {
                unknown.push(columns.len());
            }
            let mut read = Column::new(name, declared.unwrap_or(DataType::String));
            read.source_type = column.decl_type().map(str::to_owned);
            if let Some(known) = info.as_ref().and_then(|info| info.column(name)) {
                known.describe(&mut read);
            }
            columns.push(read);
        }
        drop(statement);
        if !unknown.is_empty() {
            self.sample(sql::without_end(query), &unknown, &mut columns)?;
        }
        let path = match (path, &self.context.plugin_output) {
            (Some(path), _) => TablePath::parse(path, false),
            (None, Some(name)) => TablePath::parse(name, false),
            (None, None) => TablePath::unnamed(),
        };
        let names = QUOTE.names(columns.iter().map(|c| c.name.as_str()));
        let table = Arc::new(match &info {
            Some(info) => info.to_catalog(path, columns),
            None => CatalogTable::new("Jdbc", path, TableSchema::new(columns)),
        });
        let key = match &wanted.partition_column {
            Some(column) => self.column_key(column, &table, wanted)?,
            None => Key::None,
        };
        Ok(Part {
            table,
            columns: names,
            from: sql::as_table(query),
            query: Some(sql::without_end(query).to_owned()),
            condition: self.condition.map(str::to_owned),
            key,
        })
    }

    /// Takes the types of columns without a declared one from the first rows.
    fn sample(&self, query: &str, unknown: &[usize], columns: &mut [Column]) -> Result<()> {
        let failed = |e| self.location.failure(e);
        let mut statement = self.connection.prepare(query).map_err(failed)?;
        let mut rows = statement.raw_query();
        let mut seen: Vec<Option<DataType>> = vec![None; unknown.len()];
        for _ in 0..SAMPLE {
            let Some(row) = rows.next().map_err(failed)? else {
                break;
            };
            for (seen, index) in seen.iter_mut().zip(unknown) {
                let stored = match row.get_ref(*index).map_err(failed)?.data_type() {
                    Type::Null => continue,
                    Type::Integer => DataType::BigInt,
                    Type::Real => DataType::Double,
                    Type::Text => DataType::String,
                    Type::Blob => self.types.adjust(DataType::Bytes),
                };
                *seen = Some(match seen.take() {
                    None => stored,
                    Some(before) if before == stored => stored,
                    Some(DataType::BigInt | DataType::Double)
                        if matches!(stored, DataType::BigInt | DataType::Double) =>
                    {
                        DataType::Double
                    }
                    Some(_) => DataType::String,
                });
            }
        }
        for (seen, index) in seen.into_iter().zip(unknown) {
            columns[*index].data_type = seen.unwrap_or(DataType::String);
        }
        Ok(())
    }

    fn column_key(&self, name: &str, table: &CatalogTable, wanted: &TableOptions) -> Result<Key> {
        let column = &table.columns()[partition_column(table, name)?];
        let numeric = !matches!(column.data_type, DataType::String | DataType::Bytes);
        let bound = |option: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(_) if !numeric => Err(Error::new(
                errors::OPTION,
                format!(
                    "{option} needs a numeric partition_column, `{name}` is {}",
                    column.data_type
                ),
            )),
            Some(text) => Number::parse(option, text).map(Some),
        };
        Ok(Key::Column {
            name: QUOTE.name(&column.name),
            data_type: column.data_type.clone(),
            parts: wanted.partition_num,
            lower: bound("partition_lower_bound", &wanted.partition_lower_bound)?,
            upper: bound("partition_upper_bound", &wanted.partition_upper_bound)?,
        })
    }
}

/// A table without rowid is sorted by its primary key: its first column divides it, if it is a number.
fn clustered_key(info: &TableInfo, table: &CatalogTable) -> Key {
    let first = info.primary_key().first().copied().map(str::to_owned);
    let column = first.and_then(|name| table.columns().iter().find(|c| c.name == name));
    match column {
        Some(column) if !matches!(column.data_type, DataType::String | DataType::Bytes) => {
            Key::Column {
                name: QUOTE.name(&column.name),
                data_type: column.data_type.clone(),
                parts: None,
                lower: None,
                upper: None,
            }
        }
        _ => Key::None,
    }
}
