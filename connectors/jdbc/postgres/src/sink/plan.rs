//! How the rows of one table are written: their binary form, and the statements.
//!
//! Rows go into the table directly by COPY, or into a stage: a table beside it, from which statements
//! put them into their place. A stage has the columns `c0`, `c1`, … and `step`, which says in which
//! order rows are applied and what is done with them ([`super::fold`]).

use seatunnel_api::{CatalogTable, Error, Result};
use seatunnel_jdbc_core::catalog::TableInfo;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::fit::fit;
use seatunnel_jdbc_core::sql::Quote;
use seatunnel_jdbc_core::target::{Put, Target};

use super::columns::TargetColumn;
use super::fold::Fold;
use crate::copy::encode::Field;
use crate::copy::encode_form::{TargetType, Way, way};
use crate::ddl;

const QUOTE: Quote = Quote('"');

/// The statements for one table and how its rows are written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The table, for messages.
    pub(crate) shown: String,
    /// The table, as SQL has it.
    pub(crate) table: String,
    /// The schema it lies in, as SQL has it with a dot behind; may be empty.
    pub(crate) schema: String,
    pub(crate) put: Put,
    pub(crate) fold: Fold,
    pub(crate) fields: Vec<Field>,
    /// The target's name of each field.
    pub(crate) names: Vec<String>,
    /// Columns whose type has no binary form here, so that the server casts them, and their types.
    pub(crate) casts: Vec<String>,
    /// Whether it is a view, which takes no COPY.
    pub(crate) is_view: bool,
    /// The statement that takes rows directly.
    pub(crate) copy: String,
    /// Declarations of a stage's columns.
    stage: Vec<String>,
    /// What of a stage goes into each column.
    values: Vec<String>,
    /// Which fields are the key.
    keys: Vec<usize>,
    /// Columns that an update sets.
    updated: Vec<usize>,
    /// Whether the database numbers rows of its own unless told otherwise.
    numbered: bool,
}

impl Plan {
    /// Compares rows and table and makes the statements. `utc`: see [`way`].
    ///
    /// # Errors
    /// If they don't fit.
    pub(crate) fn new(
        target: &Target,
        info: &TableInfo,
        columns: &[TargetColumn],
        table: &CatalogTable,
        utc: bool,
    ) -> Result<Self> {
        let places = fit(target, info, table)?;
        let quoted = ddl::qualified(&info.path);
        let mut fields = Vec::with_capacity(places.len());
        let mut names = Vec::with_capacity(places.len());
        let (mut stage, mut values, mut casts) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbered = Vec::new();
        for (place, (column, found)) in table.columns().iter().zip(&places).enumerate() {
            let name = &info.columns[*found].column.name;
            let to = columns.iter().find(|c| c.name == *name).ok_or_else(|| {
                Error::new(
                    errors::TARGET_UNFIT,
                    format!("the column `{name}` is gone from the table"),
                )
                .with_context("table", &info.path)
            })?;
            let way = way(&column.data_type, &to.target, utc).map_err(|why| {
                Error::new(seatunnel_api::codes::TYPE_UNSUPPORTED, why)
                    .with_context("table", &info.path)
                    .with_context("column", name)
            })?;
            let type_name = &to.target.name;
            let form = match way {
                Way::Direct(form) => {
                    stage.push(format!("c{place} {type_name}"));
                    values.push(format!("s.c{place}"));
                    form
                }
                Way::Cast { form, through } => {
                    stage.push(format!("c{place} {through}"));
                    values.push(format!("CAST(s.c{place} AS {})", uncut(&to.target)));
                    casts.push(format!("{name} ({type_name})"));
                    form
                }
            };
            fields.push(Field {
                place,
                data_type: column.data_type.clone(),
                form,
            });
            if to.identity_always {
                numbered.push(place);
            }
            names.push(name.clone());
        }
        let keys: Vec<usize> = target
            .keys
            .iter()
            .filter_map(|key| table.schema().index_of(key))
            .collect();
        let updated = (0..names.len())
            .filter(|i| !keys.contains(i) && !numbered.contains(i))
            .collect();
        let list = QUOTE.names(names.iter().map(String::as_str));
        Ok(Self {
            shown: info.path.schema_and_table(),
            copy: format!("COPY {quoted} ({list}) FROM STDIN (FORMAT binary)"),
            schema: match &info.path.schema {
                Some(schema) => QUOTE.name(schema) + ".",
                None => String::new(),
            },
            table: quoted,
            put: target.put,
            fold: Fold {
                keys: keys.clone(),
                replaces: target.put != Put::Insert,
                keys_change: target.keys_change,
            },
            fields,
            names,
            casts,
            stage,
            values,
            keys,
            updated,
            numbered: !numbered.is_empty(),
            is_view: info.is_view,
        })
    }

    /// Whether rows can go into the table without a stage, as long as they are only put.
    pub(crate) fn goes_direct(&self) -> bool {
        self.casts.is_empty() && self.put != Put::UpdateOrInsert && !self.is_view
    }

    /// `(c0 int, c1 text, step int)`
    pub(crate) fn stage_columns(&self) -> String {
        format!("({}, step integer NOT NULL)", self.stage.join(", "))
    }

    /// The statement that takes rows into a stage.
    pub(crate) fn stage_copy(&self, stage: &str) -> String {
        let columns: Vec<String> = (0..self.stage.len()).map(|i| format!("c{i}")).collect();
        format!(
            "COPY {stage} ({}, step) FROM STDIN (FORMAT binary)",
            columns.join(", ")
        )
    }

    /// The statements that apply one step of a stage. `last_wins`: of several rows of a key in the
    /// step the last one counts; otherwise there must be one of each. `null_keys`: whether keys to be
    /// deleted may have nulls.
    pub(crate) fn apply(
        &self,
        stage: &str,
        step: i32,
        last_wins: bool,
        null_keys: bool,
    ) -> Vec<String> {
        if step % 2 == 0 {
            if self.keys.is_empty() {
                return Vec::new();
            }
            let matches = self.matches(null_keys);
            return vec![format!(
                "DELETE FROM {} t USING {stage} s WHERE s.step = {step} AND {matches}",
                self.table
            )];
        }
        let from = if last_wins && self.put != Put::Insert {
            // A key with a null is no other row's key.
            let mut keys: Vec<String> = self.keys.iter().map(|k| self.values[*k].clone()).collect();
            let nulls: Vec<String> = keys.iter().map(|key| format!("{key} IS NULL")).collect();
            keys.push(format!("CASE WHEN {} THEN s.ctid END", nulls.join(" OR ")));
            let keys = keys.join(", ");
            format!(
                "(SELECT DISTINCT ON ({keys}) s.* FROM {stage} s WHERE s.step = {step} \
                 ORDER BY {keys}, s.ctid DESC) s WHERE true"
            )
        } else {
            format!("{stage} s WHERE s.step = {step}")
        };
        let list = QUOTE.names(self.names.iter().map(String::as_str));
        let values = self.values.join(", ");
        let overriding = if self.numbered {
            " OVERRIDING SYSTEM VALUE"
        } else {
            ""
        };
        let insert = format!(
            "INSERT INTO {} ({list}){overriding} SELECT {values} FROM {from}",
            self.table
        );
        match self.put {
            Put::Insert => vec![insert],
            Put::Upsert => vec![insert + &self.conflict_clause()],
            Put::UpdateOrInsert => {
                let matches = self.matches(false);
                let set: Vec<String> = self
                    .updated
                    .iter()
                    .map(|i| format!("{} = {}", QUOTE.name(&self.names[*i]), self.values[*i]))
                    .collect();
                let mut statements = Vec::new();
                if !set.is_empty() {
                    statements.push(format!(
                        "UPDATE {} t SET {} FROM {from} AND {matches}",
                        self.table,
                        set.join(", ")
                    ));
                }
                statements.push(format!(
                    "{insert} AND NOT EXISTS (SELECT 1 FROM {} t WHERE {matches})",
                    self.table
                ));
                statements
            }
        }
    }

    fn conflict_clause(&self) -> String {
        let keys = QUOTE.names(self.keys.iter().map(|k| self.names[*k].as_str()));
        if self.updated.is_empty() {
            return format!(" ON CONFLICT ({keys}) DO NOTHING");
        }
        let set: Vec<String> = self
            .updated
            .iter()
            .map(|i| QUOTE.name(&self.names[*i]))
            .map(|name| format!("{name} = EXCLUDED.{name}"))
            .collect();
        format!(" ON CONFLICT ({keys}) DO UPDATE SET {}", set.join(", "))
    }

    /// `t.a = s.c0 AND t.b = s.c1`
    fn matches(&self, null_keys: bool) -> String {
        let terms: Vec<String> = self
            .keys
            .iter()
            .map(|key| {
                let (name, value) = (QUOTE.name(&self.names[*key]), &self.values[*key]);
                if null_keys {
                    format!("t.{name} IS NOT DISTINCT FROM {value}")
                } else {
                    format!("t.{name} = {value}")
                }
            })
            .collect();
        terms.join(" AND ")
    }
}

/// The type that values are cast to. A cast to a type with a length cuts what is longer without a
/// word, where an assignment refuses it.
fn uncut(target: &TargetType) -> &str {
    const WITHOUT_LENGTH: &[(&str, &str)] = &[
        ("bit(", "pg_catalog.\"bit\""),
        ("bit varying(", "bit varying"),
        ("character varying(", "text"),
        ("character(", "text"),
    ];
    let known = WITHOUT_LENGTH
        .iter()
        .find(|(begin, _)| target.name.starts_with(begin) && target.name.ends_with(')'));
    known.map_or(&target.name, |(_, without)| without)
}
