//! A catalog that knows some tables already.

use std::collections::HashMap;

use async_trait::async_trait;
use seatunnel_api::{Result, TablePath};
use seatunnel_jdbc_core::catalog::{Catalog, NewTable, TableInfo};

use crate::catalog::MyCatalog;

/// Looks of many tables were taken at once; each is used for the first question, since the table may
/// be another one afterwards.
pub(crate) struct Prefetched<'a> {
    pub(crate) catalog: MyCatalog<'a>,
    pub(crate) known: HashMap<TablePath, Option<TableInfo>>,
}

#[async_trait]
impl Catalog for Prefetched<'_> {
    fn place(&self) -> String {
        self.catalog.place()
    }

    fn qualified(&self, path: &TablePath) -> String {
        self.catalog.qualified(path)
    }

    async fn table(&mut self, path: &TablePath) -> Result<Option<TableInfo>> {
        match self.known.remove(path) {
            Some(known) => Ok(known),
            None => self.catalog.table(path).await,
        }
    }

    async fn table_names(&mut self) -> Result<Vec<TablePath>> {
        self.catalog.table_names().await
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        self.catalog.run(sql).await
    }

    async fn has_rows(&mut self, table: &TableInfo) -> Result<bool> {
        self.catalog.has_rows(table).await
    }

    async fn truncate(&mut self, table: &TableInfo) -> Result<()> {
        self.catalog.truncate(table).await
    }

    fn create_statements(&self, new: &NewTable<'_>) -> Result<Vec<String>> {
        self.catalog.create_statements(new)
    }
}
