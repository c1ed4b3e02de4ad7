//! Rows that a check lays out before a source or hands to a sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, PrimaryKey, RowKind, TablePath,
    TableSchema, Value,
};
use serde_json::{Value as Json, json};

use crate::json::to_json;

/// A table and its rows. The first column is `id`, a bigint that is not null and the primary key;
/// the others may be null.
#[derive(Clone, Debug)]
pub struct Data {
    table: Arc<CatalogTable>,
    rows: Vec<Vec<Value>>,
    kinds: Vec<RowKind>,
    split_by: Option<&'static str>,
}

/// Makes each table's name unique within the process, so that checks can run at once on one server.
static TABLES: AtomicUsize = AtomicUsize::new(1);

fn unique(label: &str) -> TablePath {
    let number = TABLES.fetch_add(1, Ordering::Relaxed);
    TablePath::table(format!("c{number}_{label}"))
}

impl Data {
    /// Rows of a table called `c<number>_<label>` with an `id` and these columns.
    pub fn new(label: &str, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Self {
        let mut all = vec![Column::new("id", DataType::BigInt).not_null()];
        all.extend(columns);
        let mut schema = TableSchema::new(all);
        schema.primary_key = Some(PrimaryKey {
            name: "PRIMARY".to_owned(),
            columns: vec!["id".to_owned()],
        });
        let table = CatalogTable::new("conformance", unique(label), schema);
        Self {
            table: Arc::new(table),
            rows,
            kinds: Vec::new(),
            split_by: None,
        }
    }

    /// The same rows in a table of another name.
    #[must_use]
    pub(crate) fn in_new_table(&self) -> Self {
        let name = &self.table.path().table;
        let label = name.split_once('_').map_or(name.as_str(), |(_, l)| l);
        let table = CatalogTable::clone(&self.table).with_path(unique(label));
        Self {
            table: Arc::new(table),
            ..self.clone()
        }
    }

    #[must_use]
    pub(crate) fn with_kinds(mut self, kinds: Vec<RowKind>) -> Self {
        self.kinds = kinds;
        self
    }

    #[must_use]
    pub(crate) fn split_at(mut self, column: &'static str) -> Self {
        self.split_by = Some(column);
        self
    }

    /// The table. Its name is lower case, short and unique within the process.
    pub fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.table.path().table
    }

    /// The values of each row in the order of the columns.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// The column that a source should split by where it can: an int with nulls and many equal values.
    /// None where the check is not about splits.
    pub fn split_by(&self) -> Option<&'static str> {
        self.split_by
    }

    /// What the row at `index` does; inserts, except in the check of row kinds.
    pub fn kind(&self, index: usize) -> RowKind {
        self.kinds.get(index).copied().unwrap_or_default()
    }

    /// All rows as batches of so many rows.
    ///
    /// # Panics
    /// If the rows don't fit the table.
    pub fn batches(&self, rows: usize) -> Vec<Batch> {
        let mut builder = BatchBuilder::new(self.table.clone());
        let mut batches = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            builder
                .push(self.kind(index), row)
                .expect("the rows of a check fit its table");
            if builder.len() == rows {
                batches.push(builder.finish());
            }
        }
        if !builder.is_empty() {
            batches.push(builder.finish());
        }
        batches
    }

    /// The table as the `schema` block of a job file: for sources that can't find out by themselves.
    pub fn schema_block(&self) -> Json {
        let columns: Vec<Json> = self
            .table
            .columns()
            .iter()
            .map(|c| {
                json!({
                    "name": c.name,
                    "type": c.data_type.to_string(),
                    "nullable": c.nullable,
                })
            })
            .collect();
        json!({ "table": self.name(), "columns": columns })
    }

    /// Each row as a JSON list in the spelling that the `rows` option of FakeSource reads.
    pub fn json_rows(&self) -> Vec<Vec<Json>> {
        self.rows
            .iter()
            .map(|row| row.iter().map(to_json).collect())
            .collect()
    }
}
