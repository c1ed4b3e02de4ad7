//! What is to become of one table of a sink: the options for it.

use std::borrow::Cow;

use seatunnel_api::config::nearest;
use seatunnel_api::per_table::fill_placeholders;
use seatunnel_api::{CatalogTable, ConstraintKind, Error, Result, SinkContext, TablePath};

use crate::catalog::TableInfo;
use crate::errors;
use crate::options::{DataSaveMode, FieldIde, JdbcSinkOptions, SchemaSaveMode};

/// What the options say about one table.
#[derive(Clone, Debug)]
pub struct Target {
    /// The table to write into.
    pub path: TablePath,
    /// The given statement, if statements are not made.
    pub query: Option<String>,
    /// Columns that tell rows apart, as the rows call them.
    pub keys: Vec<String>,
    /// Whether `keys` are those that the rows have of themselves, which nobody has asked for.
    pub own_keys: bool,
    /// The primary key of a created table: `keys`, unless these are but a unique key of the rows.
    pub primary_key: Vec<String>,
    /// What to do about the table itself.
    pub schema_save_mode: SchemaSaveMode,
    /// What to do about the rows it has.
    pub data_save_mode: DataSaveMode,
    /// What `CUSTOM_PROCESSING` runs.
    pub custom_sql: Option<String>,
    /// Whether a created table gets the keys and indexes of the rows' own table.
    pub create_index: bool,
    /// How names are spelled in the target.
    pub field_ide: FieldIde,
    /// How a row gets into the table.
    pub put: Put,
    /// Whether rows are visible only when their checkpoint is committed.
    pub exactly_once: bool,
    /// Whether the key of a row may change, so that its old key must be deleted.
    pub keys_change: bool,
}

/// How a row gets into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is inserted.
    Insert,
    /// It replaces the row of its key.
    Upsert,
    /// The row of its key is updated, and if there is none, it is inserted.
    UpdateOrInsert,
}

impl Target {
    /// Reads the options of a table; `path` is what the table is called by them.
    ///
    /// # Errors
    /// If the options make no sense together, or name columns that the rows don't have.
    pub fn new(options: &JdbcSinkOptions, table: &CatalogTable, path: TablePath) -> Result<Self> {
        // As in SeaTunnel, a given statement is run even where one could be made.
        let query = options.query.clone().filter(|q| !q.trim().is_empty());
        if query.is_none() && !options.generate_sink_sql {
            return Err(Error::new(
                errors::OPTION,
                "Jdbc needs the option `query`, or `generate_sink_sql = true`",
            ));
        }
        let keys = match &options.primary_keys {
            Some(keys) => keys
                .iter()
                .map(|key| column_of(table, key, "primary_keys"))
                .collect::<Result<Vec<_>>>()?,
            None => own_keys(table),
        };
        let unique_only = options.primary_keys.is_none() && table.schema().primary_key.is_none();
        let put =
            if keys.is_empty() || !options.enable_upsert || options.support_upsert_by_insert_only {
                Put::Insert
            } else if options.support_upsert_by_query_primary_key_exist {
                Put::UpdateOrInsert
            } else {
                Put::Upsert
            };
        let exactly_once = options.is_exactly_once;
        Ok(Self {
            exactly_once,
            path,
            query,
            own_keys: options.primary_keys.is_none(),
            primary_key: if unique_only {
                Vec::new()
            } else {
                keys.clone()
            },
            keys,
            schema_save_mode: options.schema_save_mode,
            data_save_mode: options.data_save_mode,
            custom_sql: options.custom_sql.clone(),
            create_index: options.create_index,
            field_ide: options.field_ide,
            put,
            keys_change: options.is_primary_key_updated,
        })
    }

    /// The same for the table as it is: where it has no unique key on `keys`, and nobody insists on one
    /// (the rows have theirs of themselves, or it was created without by `create_index = false`), rows
    /// are added rather than put in another's place. A warning says so.
    pub fn for_table(&self, info: &TableInfo) -> Cow<'_, Self> {
        if !self.only_adds_to(info) {
            return Cow::Borrowed(self);
        }
        let keys = self.spelled_keys().join(", ");
        tracing::warn!(
            "{}: rows are added and never replaced, since the table has no primary or unique key on ({keys})",
            info.path
        );
        Cow::Owned(Self {
            put: Put::Insert,
            ..self.clone()
        })
    }

    /// Whether rows are added to this table though the options would have them replace others.
    pub(crate) fn only_adds_to(&self, info: &TableInfo) -> bool {
        self.put == Put::Upsert
            && (self.own_keys || !self.create_index)
            && !self.has_unique_key(info)
    }

    /// Whether the table tells rows apart by `keys`.
    pub(crate) fn has_unique_key(&self, info: &TableInfo) -> bool {
        let keys = self.spelled_keys();
        let places = keys.iter().filter_map(|key| info.index_of(key));
        let found: Vec<&str> = places
            .map(|place| info.columns[place].column.name.as_str())
            .collect();
        info.is_unique(&found)
    }

    /// The keys as the target spells them.
    pub fn spelled_keys(&self) -> Vec<String> {
        let spelled = self.keys.iter().map(|key| self.field_ide.apply(key));
        spelled.collect()
    }
}

/// What the rows' table is called in the target: the option `table`, with prefix and suffix about
/// the rows' own name in it. `schemas` tells whether the database has schemas: then two parts are
/// `schema.table`, and the rows' own schema is kept; else their database's or schema's name is left
/// out. Without a database of its own, the path means that of the connection.
pub fn target_path(
    options: &JdbcSinkOptions,
    context: &SinkContext,
    table: &CatalogTable,
    schemas: bool,
) -> TablePath {
    let affix = |text: &Option<String>| text.clone().unwrap_or_default();
    let own = TablePath {
        table: format!(
            "{}{}{}",
            affix(&options.table_prefix),
            table.path().table,
            affix(&options.table_suffix)
        ),
        ..table.path().clone()
    };
    let given = context.config.get("table").and_then(|given| {
        let renamed = table.clone().with_path(own.clone());
        fill_placeholders(given, &renamed).scalar_text()
    });
    let mut path = match given {
        Some(text) => {
            let text = text.trim_matches('.');
            let mut path = TablePath::parse(text, schemas);
            if !schemas && path.schema.is_some() {
                // `database.schema.table` from elsewhere: this database has no schemas.
                path.schema = None;
            }
            path
        }
        None => TablePath {
            database: None,
            schema: own.schema.filter(|s| schemas && s != "default"),
            table: own.table,
        },
    };
    if options.database.is_some() {
        path.database = options.database.clone();
    }
    let spell = |text: String| options.field_ide.apply(&text);
    TablePath {
        database: path.database,
        schema: path.schema,
        table: spell(path.table),
    }
}

/// The key that rows have of themselves: the primary one, else the first unique one.
fn own_keys(table: &CatalogTable) -> Vec<String> {
    let schema = table.schema();
    let keys: Vec<String> = match &schema.primary_key {
        Some(key) => key.columns.clone(),
        None => schema
            .constraint_keys
            .iter()
            .find(|k| k.kind == ConstraintKind::Unique)
            .map(|k| k.columns.iter().map(|(name, _)| name.clone()).collect())
            .unwrap_or_default(),
    };
    if keys.iter().all(|k| schema.index_of(k).is_some()) {
        keys
    } else {
        Vec::new()
    }
}

/// The column of the rows that an option names, in any case.
///
/// # Errors
/// If the rows have none; names the nearest.
pub fn column_of(table: &CatalogTable, name: &str, option: &str) -> Result<String> {
    if table.schema().index_of(name).is_some() {
        return Ok(name.to_owned());
    }
    let mut names = table.schema().names();
    if let Some(found) = names.find(|n| n.eq_ignore_ascii_case(name)) {
        return Ok(found.to_owned());
    }
    let error = Error::new(
        errors::COLUMN_MISSING,
        format!("the rows have no column `{name}`, which {option} names"),
    )
    .with_context("table", table.path());
    Err(match nearest(name, table.schema().names()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error,
    })
}
