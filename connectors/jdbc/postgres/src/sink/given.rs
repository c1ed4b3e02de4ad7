//! Statements that the user wrote: run for each row, many at a time.

use seatunnel_api::{CatalogTable, DataType, Error, Result};
use seatunnel_jdbc_core::parameters::Statement;

use super::columns;
use crate::copy::encode::Field;
use crate::copy::encode_form::{Form, TargetType, TypeClass, Way, way};
use crate::wire::{Connection, Failure};

/// A given statement and how its parameters are written.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// The statement with `$1`, `$2`, ….
    pub(crate) sql: String,
    /// One for each parameter.
    pub(crate) fields: Vec<Field>,
    /// Of each parameter: 0 text, 1 binary.
    pub(crate) formats: Vec<i16>,
}

impl Given {
    /// Has the server look through the statement, and takes the types that it finds for the parameters.
    ///
    /// # Errors
    /// If the statement is wrong, or its parameters don't fit the rows.
    pub(crate) async fn new(
        query: &str,
        table: &CatalogTable,
        connection: &mut Connection,
        utc: bool,
    ) -> Result<Self> {
        let statement = Statement::parse(query, table)?;
        let sql = statement.text(|index| format!("${}", index + 1));
        let told = |failure: Failure| Error::from(failure).with_context("option", "query");
        let oids = connection
            .prepare("", &sql, &[])
            .await
            .map_err(told)?
            .parameters;
        let others: Vec<u32> = oids
            .iter()
            .copied()
            .filter(|oid| !columns::is_well_known(*oid))
            .collect();
        let types = if others.is_empty() {
            Default::default()
        } else {
            columns::of_oids(connection, &others).await?
        };
        let mut fields = Vec::with_capacity(statement.columns.len());
        let mut formats = Vec::with_capacity(statement.columns.len());
        for (place, oid) in statement.columns.iter().zip(&oids) {
            let data_type = table.columns()[*place].data_type.clone();
            let target = types.get(oid).cloned().unwrap_or(TargetType {
                oid: *oid,
                name: oid.to_string(),
                class: TypeClass::Plain,
            });
            let (form, format) = match way(&data_type, &target, utc) {
                Ok(Way::Direct(form)) => (form, 1),
                // The server reads the text.
                _ if data_type == DataType::String => (Form::Bytes, 0),
                _ => (Form::Text, 0),
            };
            fields.push(Field {
                place: *place,
                data_type,
                form,
            });
            formats.push(format);
        }
        Ok(Self {
            sql,
            fields,
            formats,
        })
    }
}
