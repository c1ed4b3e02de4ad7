//! What is read: a table or a query, its columns, and what divides it.

use std::sync::Arc;

use mysql_common::constants::ColumnFlags;
use seatunnel_api::{
    CatalogTable, Column, ConstraintKind, Error, Result, SourceContext, TablePath, TableSchema,
};
use seatunnel_jdbc_core::catalog::{DIALECT, TableInfo};
use seatunnel_jdbc_core::keys::{Number, partition_column};
use seatunnel_jdbc_core::options::{JdbcSourceOptions, TableOptions};
use seatunnel_jdbc_core::{errors, sql};

use super::domain::Domain;
use super::literal;
use crate::DIALECT_NAME;
use crate::ddl::QUOTE;
use crate::types::{Declared, Reading};
use crate::wire::{Connection, Failure};

/// The statement can't be prepared.
const NOT_PREPARED: u16 = 1295;

/// A table or query to read.
#[derive(Debug)]
pub(super) struct Part {
    /// Its rows' table.
    pub(super) table: Arc<CatalogTable>,
    /// The quoted columns.
    pub(super) columns: String,
    /// What stands behind `FROM`.
    pub(super) from: String,
    /// The query, if it is one and not a table.
    pub(super) query: Option<String>,
    /// What rows must fulfil.
    pub(super) condition: Option<String>,
    /// What divides it.
    pub(super) key: Option<Key>,
    /// Places of the columns of the primary key, if rows can be read in its order and a key written
    /// as it is.
    pub(super) order: Vec<usize>,
    /// How many rows it has, about.
    pub(super) rows: Option<u64>,
    /// Whether rows are to be counted.
    pub(super) count: bool,
}

/// The column that divides a table or query.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Its quoted name.
    pub(super) name: String,
    /// How its values are counted; none if they are only good for a hash.
    pub(super) domain: Option<Domain>,
    /// Whether its values are floating point.
    pub(super) is_real: bool,
    /// Whether the user has named it.
    pub(super) is_given: bool,
    /// Into how many parts; as many as there are readers, or by `split.size`, if not given.
    pub(super) parts: Option<usize>,
    /// Smallest value to read.
    pub(super) lower: Option<Number>,
    /// Largest value to read.
    pub(super) upper: Option<Number>,
}

/// Makes parts.
pub(super) struct PartMaker<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) reading: Reading,
    pub(super) condition: Option<&'a str>,
    pub(super) options: &'a JdbcSourceOptions,
    pub(super) context: &'a SourceContext,
}

impl PartMaker<'_> {
    pub(super) fn of_table(&self, info: &TableInfo, wanted: &TableOptions) -> Result<Part> {
        let columns: Vec<Column> = info.columns.iter().map(|c| c.column.clone()).collect();
        let table = info
            .to_catalog(info.path.clone(), columns)
            .with_option(DIALECT, DIALECT_NAME);
        let key = match &wanted.partition_column {
            Some(name) => Some(given_key(name, &table, wanted)?),
            None => own_key(info, &table),
        };
        let database = info.path.database.as_deref().unwrap_or_default();
        Ok(Part {
            columns: QUOTE.names(info.names()),
            from: format!("{}.{}", QUOTE.name(database), QUOTE.name(&info.path.table)),
            query: None,
            condition: self.condition.map(str::to_owned),
            key,
            order: order(&table),
            rows: info.rows.filter(|_| !info.is_view),
            count: wanted
                .use_select_count
                .unwrap_or(self.options.use_select_count),
            table: Arc::new(table),
        })
    }

    pub(super) async fn of_query(
        &mut self,
        query: &str,
        path: Option<&str>,
        info: Option<TableInfo>,
        wanted: &TableOptions,
    ) -> Result<Part> {
        let query = sql::without_end(query);
        let prepared = match self.connection.prepare(query).await {
            Ok(prepared) => prepared,
            Err(failure) => {
                let is_unpreparable = failure.errno() == Some(NOT_PREPARED);
                let error = Error::from(failure).with_context("option", "query");
                return Err(match is_unpreparable {
                    true => error.with_help(
                        "this statement is not one that the server can prepare; a SELECT on \
                         information_schema shows the same as most SHOW statements",
                    ),
                    false => error,
                });
            }
        };
        self.connection.close_statement(prepared.id);
        let wrong = |why: String| Error::new(errors::OPTION, why).with_context("query", query);
        if prepared.columns.is_empty() || prepared.parameters > 0 {
            return Err(wrong(
                "the option `query` of a source must be a query that returns rows, without parameters"
                    .to_owned(),
            ));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(prepared.columns.len());
        for definition in &prepared.columns {
            let name = &definition.name;
            if columns.iter().any(|c| c.name == *name) {
                return Err(wrong(format!("the query has two columns `{name}`"))
                    .with_help("give one of them another name with AS"));
            }
            let mut column = Declared::of(definition).column(name, &self.reading);
            column.nullable = definition.flags & ColumnFlags::NOT_NULL_FLAG.bits() == 0;
            if let Some(known) = info
                .as_ref()
                .filter(|info| info.path.table == definition.org_table)
                .and_then(|info| {
                    let place = info.names().position(|n| n == definition.org_name)?;
                    Some(&info.columns[place].column)
                })
            {
                column.length = known.length;
                column.comment = known.comment.clone();
                column.default_value = known.default_value.clone();
                column.source_type = known.source_type.clone();
            }
            columns.push(column);
        }
        let path = match (path, &self.context.plugin_output) {
            (Some(path), _) => TablePath::parse(path, false),
            (None, Some(name)) => TablePath::parse(name, false),
            (None, None) => TablePath::unnamed(),
        };
        let names = QUOTE.names(columns.iter().map(|c| c.name.as_str()));
        let table = match &info {
            Some(info) => info
                .to_catalog(path, columns)
                .with_option(DIALECT, DIALECT_NAME),
            None => CatalogTable::new("Jdbc", path, TableSchema::new(columns)),
        };
        let key = match &wanted.partition_column {
            Some(name) => Some(given_key(name, &table, wanted)?),
            None => None,
        };
        Ok(Part {
            columns: names,
            from: format!("{} AS seatunnel", sql::as_table(query)),
            query: Some(query.to_owned()),
            condition: self.condition.map(str::to_owned),
            key,
            order: Vec::new(),
            rows: None,
            count: false,
            table: Arc::new(table),
        })
    }
}

/// The error of a statement about a part.
pub(super) fn failed(failure: Failure, part: &Part) -> Error {
    Error::from(failure).with_context("table", part.table.path())
}

/// The key that the user names.
fn given_key(name: &str, table: &CatalogTable, wanted: &TableOptions) -> Result<Key> {
    use seatunnel_api::DataType;
    let column = &table.columns()[partition_column(table, name)?];
    let is_number = matches!(
        column.data_type,
        DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
    );
    let bound = |option: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(_) if !is_number => Err(Error::new(
            errors::OPTION,
            format!(
                "{option} needs a numeric partition_column, `{name}` is {}",
                column.data_type
            ),
        )),
        Some(text) => Number::parse(option, text).map(Some),
    };
    let domain = Domain::of(&column.data_type, column.source_type.as_deref());
    Ok(Key {
        name: QUOTE.name(&column.name),
        // Texts that the user names are divided by a hash: their order is the collation's.
        domain: domain.filter(|d| !matches!(d, Domain::Text | Domain::Bytes)),
        is_real: matches!(column.data_type, DataType::Float | DataType::Double),
        is_given: true,
        parts: wanted.partition_num,
        lower: bound("partition_lower_bound", &wanted.partition_lower_bound)?,
        upper: bound("partition_upper_bound", &wanted.partition_upper_bound)?,
    })
}

/// The first column of the primary key, else of a unique key, whose values can be told in order.
fn own_key(info: &TableInfo, table: &CatalogTable) -> Option<Key> {
    let primary = info
        .primary_key
        .iter()
        .filter_map(|key| key.columns.first());
    let unique = info
        .keys
        .iter()
        .filter(|key| key.kind == ConstraintKind::Unique)
        .filter_map(|key| key.columns.first().map(|(name, _)| name));
    primary.chain(unique).find_map(|name| {
        let column = table.columns().iter().find(|c| c.name == *name)?;
        let domain = Domain::of(&column.data_type, column.source_type.as_deref())?;
        Some(Key {
            name: QUOTE.name(name),
            domain: Some(domain),
            is_real: false,
            is_given: false,
            parts: None,
            lower: None,
            upper: None,
        })
    })
}

/// Places of the columns of the primary key, if each can be written exactly.
fn order(table: &CatalogTable) -> Vec<usize> {
    let key = table.schema().primary_key.as_ref();
    let places: Option<Vec<usize>> = key.map_or(Some(Vec::new()), |key| {
        let place = |name: &String| {
            let place = table.schema().index_of(name)?;
            let column = &table.columns()[place];
            let declared = column.source_type.as_deref().unwrap_or_default();
            // An hour that a change of clocks repeats has the same text twice; lists are ordered by
            // the number of their entries.
            let is_odd = ["timestamp", "enum", "set", "bit", "uuid", "inet", "year"]
                .iter()
                .any(|kind| declared.to_ascii_lowercase().starts_with(kind));
            (!is_odd && literal::is_exact(&column.data_type)).then_some(place)
        };
        key.columns.iter().map(place).collect()
    });
    places.unwrap_or_default()
}
