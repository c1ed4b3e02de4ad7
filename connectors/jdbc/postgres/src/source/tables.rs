//! What is to be read: the tables and queries that the options mean, and their columns.

use std::sync::Arc;

use seatunnel_api::{CatalogTable, Column, DataType, Error, Result, SourceContext, TablePath};
use seatunnel_jdbc_core::catalog::{self, Catalog};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::keys::{Number, partition_column};
use seatunnel_jdbc_core::options::{JdbcSourceOptions, TableOptions};
use seatunnel_jdbc_core::wanted::{self, TablePattern};

use super::part::{Key, Origin, Part, PartColumn, Piece, QUOTE};
use crate::catalog::{PgCatalog, PgTable};
use crate::ddl;
use crate::types::ReadOptions;
use crate::wire::Connection;

/// The first version whose scans of a range of pages read no others.
const RANGES_OF_PAGES: u32 = 140_000;

/// A row takes about so many bytes, where nothing is known.
const ROW: u64 = 100;

/// All that the options mean.
pub(super) async fn parts(
    connection: &mut Connection,
    options: &JdbcSourceOptions,
    context: &SourceContext,
) -> Result<Vec<Part>> {
    let wanted = resolved(connection, wanted::wanted(options)?).await?;
    let mut maker = Maker {
        connection,
        read: ReadOptions {
            blob_as_string: options.handle_blob_as_string,
            rounds: false,
        },
        condition: wanted::condition(options)?.map(str::to_owned),
        context,
    };
    // All tables in one round trip.
    let paths: Vec<TablePath> = wanted
        .iter()
        .filter_map(|table| table.table_path.as_deref())
        .map(|path| TablePath::parse(path, true))
        .collect();
    let mut catalog = PgCatalog::reading(&mut *maker.connection, maker.read);
    let mut found = catalog.tables(&paths).await?.into_iter();
    let mut parts = Vec::with_capacity(wanted.len());
    for table in &wanted {
        let path = table
            .table_path
            .as_deref()
            .map(|path| TablePath::parse(path, true));
        let known = path.as_ref().and_then(|_| found.next().flatten());
        parts.push(match (&table.query, path, known) {
            (Some(query), path, known) => maker.of_query(query, path, known, table).await?,
            (None, Some(path), Some(known)) => maker.of_table(path, &known, table)?,
            (None, path, _) => {
                let mut catalog = PgCatalog::new(&mut *maker.connection);
                let path = path.unwrap_or_default();
                return Err(catalog::missing(&mut catalog, &path).await);
            }
        });
    }
    Ok(parts)
}

/// The options with tables in place of patterns.
async fn resolved(
    connection: &mut Connection,
    wanted: Vec<TableOptions>,
) -> Result<Vec<TableOptions>> {
    let is_pattern = |t: &TableOptions| t.query.is_none() && t.use_regex == Some(true);
    if !wanted.iter().any(is_pattern) {
        return Ok(wanted);
    }
    let mut catalog = PgCatalog::new(connection);
    let names = catalog.table_names().await?;
    let mut all = Vec::new();
    for table in wanted {
        let Some(pattern) = table.table_path.as_deref().filter(|_| is_pattern(&table)) else {
            all.push(table);
            continue;
        };
        let before = all.len();
        let matching = TablePattern::new(pattern)?;
        all.extend(
            names
                .iter()
                .filter(|name| matching.matches(name))
                .map(|name| TableOptions {
                    table_path: Some(name.to_string()),
                    use_regex: Some(false),
                    ..table.clone()
                }),
        );
        if all.len() == before {
            return Err(Error::new(
                errors::TABLE_MISSING,
                format!("no table matches the pattern `{pattern}`"),
            )
            .with_context("in", catalog.place())
            .with_help("a pattern must match the whole name: database.schema.table, schema.table, or the table alone"));
        }
    }
    Ok(all)
}

/// Makes parts.
pub(super) struct Maker<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) read: ReadOptions,
    pub(super) condition: Option<String>,
    pub(super) context: &'a SourceContext,
}

impl Maker<'_> {
    fn of_table(&self, path: TablePath, known: &PgTable, wanted: &TableOptions) -> Result<Part> {
        if known.columns.is_empty() {
            return Err(Error::new(
                errors::COLUMN_MISSING,
                format!("the table `{path}` has no columns"),
            ));
        }
        let name = ddl::qualified(&known.info.path);
        let described: Vec<Column> = known
            .info
            .columns
            .iter()
            .map(|c| c.column.clone())
            .collect();
        let columns = known
            .columns
            .iter()
            .map(|column| PartColumn {
                name: column.name.clone(),
                type_name: column.type_name.clone(),
                reading: column.reading.clone(),
            })
            .collect();
        let table = Arc::new(own(known.info.to_catalog(path, described)));
        let has_pages = matches!(known.kind, 'r' | 'm') && known.children.is_empty();
        let pages = |bytes: u64| u32::try_from(bytes.div_ceil(known.page)).unwrap_or(u32::MAX);
        // Which rows a user sees of a table is not what they see of its parts.
        let readable = !known.row_security && known.children.iter().all(|child| child.readable);
        let pieces = if self.connection.server_version() < RANGES_OF_PAGES {
            None
        } else if has_pages {
            Some(vec![Piece {
                name: name.clone(),
                pages: Some(pages(known.bytes)),
            }])
        } else if matches!(known.kind, 'r' | 'p') && readable {
            let own = (known.kind == 'r').then(|| Piece {
                name: name.clone(),
                pages: Some(pages(known.bytes)),
            });
            let child = |child: &crate::catalog::Child| Piece {
                name: ddl::qualified(&TablePath {
                    database: None,
                    schema: Some(child.schema.clone()),
                    table: child.name.clone(),
                }),
                pages: matches!(child.kind, 'r' | 'm').then(|| pages(child.bytes)),
            };
            Some(
                own.into_iter()
                    .chain(known.children.iter().map(child))
                    .collect(),
            )
        } else {
            None
        };
        let bytes = known.bytes + known.children.iter().map(|c| c.bytes).sum::<u64>();
        let mut key = match &wanted.partition_column {
            // Pages divide better than keys, unless the keys say what is to be read.
            Some(column) if pieces.is_some() && !has_bounds(wanted) => {
                partition_column(&table, column)?;
                None
            }
            Some(column) => {
                let names: Vec<String> =
                    known.columns.iter().map(|c| c.type_name.clone()).collect();
                Some(self.key(column, &table, &names, wanted)?)
            }
            None => None,
        };
        if let (None, None, 'r' | 'p', Some(primary)) =
            (&key, &pieces, known.kind, &known.info.primary_key)
        {
            let first = primary
                .columns
                .first()
                .and_then(|name| table.schema().index_of(name));
            key = first.map(|place| Key {
                name: QUOTE.name(&table.columns()[place].name),
                type_name: known.columns[place].type_name.clone(),
                data_type: table.columns()[place].data_type.clone(),
                lower: None,
                upper: None,
            });
        }
        Ok(Part {
            table,
            columns,
            origin: Origin::Table {
                sampled: matches!(known.kind, 'r' | 'p' | 'm'),
                rows: known.info.rows.unwrap_or(bytes / ROW),
                name,
                pieces,
            },
            condition: self.condition.clone(),
            key,
            parts: wanted.partition_num,
        })
    }

    /// The column that divides a part, by its name in any case.
    pub(super) fn key(
        &self,
        name: &str,
        table: &CatalogTable,
        type_names: &[String],
        wanted: &TableOptions,
    ) -> Result<Key> {
        let place = partition_column(table, name)?;
        let column = &table.columns()[place];
        let mut key = Key {
            name: QUOTE.name(&column.name),
            type_name: type_names[place].clone(),
            data_type: column.data_type.clone(),
            lower: None,
            upper: None,
        };
        let bound = |option: &str, text: &Option<String>| match (text, &column.data_type) {
            (None, _) => Ok(None),
            (Some(text), DataType::Date | DataType::Timestamp | DataType::TimestampTz) => {
                Ok(Some(key.literal(text.trim())))
            }
            (Some(_), DataType::String | DataType::Bytes | DataType::Array(_)) => Err(Error::new(
                errors::OPTION,
                format!(
                    "{option} needs a partition_column of numbers or times, `{}` is {}",
                    column.name, column.data_type
                ),
            )),
            (Some(text), _) => Number::parse(option, text).map(|n| Some(n.literal())),
        };
        let lower = bound("partition_lower_bound", &wanted.partition_lower_bound)?;
        let upper = bound("partition_upper_bound", &wanted.partition_upper_bound)?;
        (key.lower, key.upper) = (lower, upper);
        Ok(key)
    }
}

fn has_bounds(wanted: &TableOptions) -> bool {
    wanted.partition_lower_bound.is_some() || wanted.partition_upper_bound.is_some()
}

/// Says which database it is of, so that a target of the same kind takes its types as they are.
pub(super) fn own(table: CatalogTable) -> CatalogTable {
    table.with_option(catalog::DIALECT, ddl::DIALECT)
}
