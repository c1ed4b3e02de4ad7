//! What the bulk load must know of a target besides its columns.

use std::collections::HashMap;

use seatunnel_api::TablePath;

/// What a target has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    collations: HashMap<String, String>,
    /// Whether a text column has another character set than UTF-8.
    pub(crate) foreign_charset: bool,
    /// How many unique keys it has, the primary one among them.
    pub(crate) unique_keys: usize,
    /// Whether foreign keys of other tables point at it.
    pub(crate) referenced: bool,
    /// Whether it has triggers.
    pub(crate) triggers: bool,
    /// Whether it numbers rows itself.
    pub(crate) auto_increment: bool,
    /// The engine, where it knows no transactions.
    pub(crate) engine_without_transactions: Option<String>,
}

impl Details {
    /// The collation of a column.
    pub(crate) fn collation(&self, column: &str) -> Option<&str> {
        self.collations.get(column).map(String::as_str)
    }

    /// Takes in a row of [`query`].
    fn add(&mut self, what: &str, name: &str, detail: &str) {
        match what {
            "charset" => {
                let charset = detail.split('_').next().unwrap_or_default();
                self.foreign_charset |= !matches!(charset, "utf8mb4" | "utf8mb3" | "utf8");
                self.collations.insert(name.to_owned(), detail.to_owned());
            }
            "auto" => self.auto_increment = true,
            "unique" => self.unique_keys += 1,
            "trigger" => self.triggers = true,
            "referenced" => self.referenced = true,
            "engine" if detail != "YES" => self.engine_without_transactions = Some(name.to_owned()),
            _ => {}
        }
    }
}

/// Reads the rows of [`query`]: database, table, and what [`Details::add`] takes.
pub(crate) fn read(rows: &[Vec<Option<String>>]) -> HashMap<(String, String), Details> {
    let mut all: HashMap<(String, String), Details> = HashMap::new();
    for row in rows {
        let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let details = all.entry((text(0), text(1))).or_default();
        details.add(&text(2), &text(3), &text(4));
    }
    all
}

/// Asks for the details of tables, in one round trip.
pub(crate) fn query(tables: &[&TablePath]) -> String {
    let which = |schema: &str, table: &str| {
        let terms: Vec<String> = tables
            .iter()
            .map(|path| {
                format!(
                    "({schema} = {} AND {table} = {})",
                    literal(path.database.as_deref().unwrap_or_default()),
                    literal(&path.table)
                )
            })
            .collect();
        format!("({})", terms.join(" OR "))
    };
    let own = which("TABLE_SCHEMA", "TABLE_NAME");
    format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, 'charset', COLUMN_NAME, COLLATION_NAME \
           FROM information_schema.COLUMNS WHERE {own} AND COLLATION_NAME IS NOT NULL \
         UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, 'auto', COLUMN_NAME, '' \
           FROM information_schema.COLUMNS WHERE {own} AND EXTRA LIKE '%auto_increment%' \
         UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, 'unique', INDEX_NAME, '' \
           FROM information_schema.STATISTICS WHERE {own} AND NON_UNIQUE = 0 AND SEQ_IN_INDEX = 1 \
         UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, 'engine', t.ENGINE, e.TRANSACTIONS \
           FROM information_schema.TABLES t JOIN information_schema.ENGINES e \
           ON e.ENGINE = t.ENGINE WHERE {own} \
         UNION ALL SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, 'trigger', TRIGGER_NAME, '' \
           FROM information_schema.TRIGGERS WHERE {} \
         UNION ALL SELECT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME, 'referenced', \
           CONSTRAINT_NAME, '' FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
        which("EVENT_OBJECT_SCHEMA", "EVENT_OBJECT_TABLE"),
        which("UNIQUE_CONSTRAINT_SCHEMA", "REFERENCED_TABLE_NAME"),
    )
}

/// A text as a literal; the session has the backslash escape.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
