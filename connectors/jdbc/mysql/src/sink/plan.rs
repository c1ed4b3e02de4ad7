//! How the rows of one table are written: by which statements, and how its columns are handed over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seatunnel_api::{CatalogTable, Column, DataType, Result};
use seatunnel_jdbc_core::catalog::TableInfo;
use seatunnel_jdbc_core::fit::fit;
use seatunnel_jdbc_core::parameters::Statement;
use seatunnel_jdbc_core::sql;
use seatunnel_jdbc_core::target::{Put, Target};

use super::details::Details;
use super::form::{Form, Kind};
use super::statements::{Delete, Insert, Load, Upserts, groups, in_session_zone, load};
use crate::ddl::QUOTE;
use crate::infile::Spelling;

/// The statements for one table.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The rows' table.
    pub(crate) table: Arc<CatalogTable>,
    /// The target, for messages.
    pub(crate) name: String,
    /// What is handed over of each row, in the order of the statements' parameters.
    pub(crate) fields: Vec<Field>,
    /// Places of the key's columns in `fields`.
    pub(crate) keys: Vec<usize>,
    /// The bulk load, where the statements are not given.
    pub(crate) load: Option<Load>,
    /// Puts rows.
    pub(crate) put: Insert,
    /// Updates the row of a key: parameters are the first fields, then the keys.
    pub(crate) update: Option<(String, Vec<usize>)>,
    /// Deletes rows by their keys; none without a key.
    pub(crate) delete: Option<Delete>,
    /// Whether a row before an update is left alone, because the row after it takes its place.
    pub(crate) updates_in_place: bool,
    /// Whether the row after an update may have another key.
    pub(crate) keys_change: bool,
    /// Whether the statement was given, so that only inserts and updates can be applied.
    pub(crate) given: bool,
    /// Whether of several changes of a key the last one alone may be applied.
    pub(crate) folds: bool,
    /// Whether the target numbers rows, so that loads may wait for each other's end.
    pub(crate) numbers_rows: bool,
    /// Whether a failed statement leaves nothing behind.
    pub(crate) atomic: bool,
    /// Whether timestamps with a zone go into `TIMESTAMP`s, which the session shows in its own zone.
    pub(crate) instants: bool,
    /// Whether timestamps without a zone do: they mean the session's zone.
    pub(crate) wall_clocks: bool,
    /// Whether it was told that the server rounds values.
    warned: AtomicBool,
}

/// What a prepared statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Puts so many rows.
    Put(usize),
    /// Deletes so many rows, none with nulls in its key.
    Delete(usize),
    /// Deletes one row, or in bulk many, nulls allowed.
    DeleteWithNulls,
    /// Updates one row.
    Update,
}

/// One column as it is handed over.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The target's name of it, quoted; empty in given statements.
    pub(crate) name: String,
    /// Its place in the rows.
    pub(crate) place: usize,
    pub(crate) form: Form,
    pub(crate) spelling: Spelling,
    /// Whether the target tells strings apart that differ at all.
    pub(crate) exact: bool,
    pub(crate) kind: Option<Kind>,
    /// Whether it is an instant, in UTC.
    zoned: bool,
}

impl Plan {
    /// Compares rows and table and makes the statements.
    ///
    /// # Errors
    /// If they don't fit.
    pub(crate) fn new(
        target: &Target,
        info: &TableInfo,
        details: &Details,
        table: &Arc<CatalogTable>,
        dialect: Upserts,
    ) -> Result<Self> {
        let places = fit(target, info, table)?;
        let fields: Vec<Field> = table
            .columns()
            .iter()
            .zip(&places)
            .enumerate()
            .map(|(place, (column, found))| {
                let found = &info.columns[*found].column;
                let declared = found.source_type.as_deref().unwrap_or_default();
                let kind = Kind::of(declared);
                Field {
                    name: QUOTE.name(&found.name),
                    place,
                    form: Form::new(&column.data_type, Some(kind)),
                    spelling: Spelling {
                        hex: false,
                        bits: kind == Kind::Bit,
                    },
                    exact: is_exact(&column.data_type, found, details.collation(&found.name)),
                    kind: Some(kind),
                    zoned: column.data_type == DataType::TimestampTz,
                }
            })
            .collect();
        let keys: Vec<usize> = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .collect();
        let quoted = qualified(info);
        let writable = info.columns.iter().filter(|c| !c.generated).count();
        // Then replacing a row by deleting and inserting is the same as updating it.
        let replaceable = target.put == Put::Upsert
            && details.unique_keys == 1
            && writable == fields.len()
            && !details.referenced
            && !details.triggers;
        let load = load(&quoted, fields.clone(), details, replaceable);
        let (fields, load) = match (load, info.is_view) {
            (Some((fields, load)), false) => (fields, Some(load)),
            _ => (fields, None),
        };
        let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        let markers: Vec<String> = fields.iter().map(Field::marker).collect();
        let tail = match target.put {
            Put::Upsert => dialect.clause(&names),
            Put::Insert | Put::UpdateOrInsert => String::new(),
        };
        let put = Insert {
            head: format!("INSERT INTO {quoted} ({}) VALUES ", names.join(",")),
            group: format!("({})", markers.join(",")),
            tail,
            many: target.put != Put::UpdateOrInsert,
            bulk: true,
        };
        let terms = |equal: &str| {
            let terms: Vec<String> = keys
                .iter()
                .map(|key| format!("{} {equal} {}", names[*key], markers[*key]))
                .collect();
            format!("({})", terms.join(" AND "))
        };
        let update = (target.put == Put::UpdateOrInsert).then(|| {
            let others = (0..fields.len()).filter(|field| !keys.contains(field));
            let mut changed: Vec<usize> = others.collect();
            if changed.is_empty() {
                changed.clone_from(&keys);
            }
            let sets: Vec<String> = changed
                .iter()
                .map(|field| format!("{} = {}", names[*field], markers[*field]))
                .collect();
            let sql = format!(
                "UPDATE {quoted} SET {} WHERE {}",
                sets.join(", "),
                terms("<=>")
            );
            changed.extend(&keys);
            (sql, changed)
        });
        let delete = (!keys.is_empty()).then(|| Delete {
            head: format!("DELETE FROM {quoted} WHERE "),
            equal: terms("="),
            same: terms("<=>"),
        });
        let folds = target.put == Put::Upsert
            && details.unique_keys == 1
            && writable == fields.len()
            && keys
                .iter()
                .all(|key| fields[*key].exact || fields[*key].form == Form::Text);
        Ok(Self {
            table: table.clone(),
            name: info.path.to_string(),
            load: load.filter(|_| target.put != Put::UpdateOrInsert),
            put,
            update,
            delete,
            updates_in_place: target.put != Put::Insert,
            keys_change: target.keys_change,
            given: false,
            folds,
            numbers_rows: details.auto_increment,
            atomic: details.engine_without_transactions.is_none(),
            instants: fields.iter().any(Field::is_instant),
            wall_clocks: fields
                .iter()
                .any(|f| f.kind == Some(Kind::Instant) && !f.zoned),
            warned: AtomicBool::new(false),
            fields,
            keys,
        })
    }

    /// The plan of a given statement.
    ///
    /// # Errors
    /// If its parameters don't fit the rows.
    pub(crate) fn given(target: &Target, query: &str, table: &Arc<CatalogTable>) -> Result<Self> {
        let statement = Statement::parse(query, table)?;
        let text = statement.text(|_| "?".to_owned());
        let fields: Vec<Field> = statement
            .columns
            .iter()
            .map(|place| Field {
                name: String::new(),
                place: *place,
                form: Form::new(&table.columns()[*place].data_type, None),
                spelling: Spelling::default(),
                exact: false,
                kind: None,
                zoned: false,
            })
            .collect();
        let keys = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .filter_map(|key| fields.iter().position(|field| field.place == key))
            .collect();
        let put = groups(sql::without_end(&text)).unwrap_or_else(|| Insert {
            head: text.clone(),
            group: String::new(),
            tail: String::new(),
            many: false,
            bulk: ["update", "delete"].iter().any(|word| {
                let first = text.split_whitespace().next().unwrap_or_default();
                first.eq_ignore_ascii_case(word)
            }),
        });
        Ok(Self {
            table: table.clone(),
            name: table.path().to_string(),
            fields,
            keys,
            load: None,
            put,
            update: None,
            delete: None,
            updates_in_place: true,
            keys_change: false,
            given: true,
            folds: false,
            numbers_rows: false,
            atomic: true,
            instants: false,
            wall_clocks: false,
            warned: AtomicBool::new(false),
        })
    }
}

impl Plan {
    /// The statement for a purpose.
    pub(crate) fn sql(&self, purpose: Purpose) -> String {
        let deletes = |sql: &dyn Fn(&Delete) -> String| {
            let delete = self.delete.as_ref().map(sql);
            delete.unwrap_or_default()
        };
        match purpose {
            Purpose::Put(_) if !self.put.many => self.put.sql(1),
            Purpose::Put(rows) => self.put.sql(rows),
            Purpose::Delete(rows) => deletes(&|delete| delete.sql(rows)),
            Purpose::DeleteWithNulls => deletes(&Delete::with_nulls),
            Purpose::Update => match &self.update {
                Some((sql, _)) => sql.clone(),
                None => String::new(),
            },
        }
    }

    /// Whether it was told that the server rounds values.
    pub(crate) fn is_warned(&self) -> bool {
        self.warned.load(Ordering::Relaxed)
    }

    /// It is told.
    pub(crate) fn warned(&self) {
        self.warned.store(true, Ordering::Relaxed);
    }
}

impl Field {
    /// Whether it is an instant in both the rows and the target.
    pub(crate) fn is_instant(&self) -> bool {
        self.zoned && self.kind == Some(Kind::Instant)
    }

    /// What stands for it in statements.
    fn marker(&self) -> String {
        match (&self.form, self.kind) {
            (Form::Text, Some(Kind::Geometry)) => "ST_GeomFromText(?)".to_owned(),
            _ if self.is_instant() => in_session_zone("?"),
            _ => "?".to_owned(),
        }
    }
}

/// A table as statements name it.
fn qualified(info: &TableInfo) -> String {
    let table = QUOTE.name(&info.path.table);
    match &info.path.database {
        Some(database) => format!("{}.{table}", QUOTE.name(database)),
        None => table,
    }
}

/// Whether values that differ in the rows differ in the target too. Strings that may not are looked
/// at one by one ([`super::fold`]).
fn is_exact(data_type: &DataType, found: &Column, collation: Option<&str>) -> bool {
    let declared = found.source_type.as_deref().unwrap_or_default();
    let is_integer = |t: &DataType| {
        matches!(
            t,
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
        )
    };
    match data_type {
        DataType::String => {
            collation.is_some_and(|c| c.ends_with("nopad_bin") || c == "utf8mb4_0900_bin")
        }
        DataType::Bytes => declared.starts_with("varbinary") || declared.ends_with("blob"),
        DataType::Timestamp | DataType::TimestampTz | DataType::Time => declared.ends_with("(6)"),
        DataType::Boolean | DataType::Date | DataType::Decimal { .. } => {
            found.data_type == *data_type
        }
        integer => is_integer(integer) && is_integer(&found.data_type),
    }
}
