//! The types of what is written into, as the encoder needs them.

use std::collections::HashMap;

use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;

use crate::copy::encode_form::{TargetType, TypeClass, oid};
use crate::wire::Connection;

/// A column of a target.
#[derive(Clone, Debug)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    pub(crate) target: TargetType,
    /// Whether the database numbers rows itself unless told otherwise.
    pub(crate) identity_always: bool,
}

/// What is asked of a type `t`: of a domain, of what it is over.
const TYPE_FIELDS: &str = "b.oid, b.typtype, b.typname, \
     e.oid, e.typtype, e.typname, pg_catalog.format_type(e.oid, NULL)";
const TYPE_JOINS: &str = "JOIN pg_catalog.pg_type b \
       ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'";

/// The columns of tables, which are given as SQL has them; in their order.
pub(crate) async fn of_tables(
    connection: &mut Connection,
    tables: &[String],
) -> Result<Vec<Vec<TargetColumn>>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<String> = tables
        .iter()
        .enumerate()
        .map(|(index, table)| format!("({index}, {}::regclass)", crate::ddl::literal(table)))
        .collect();
    let sql = format!(
        "SELECT w.i, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           a.attidentity, {TYPE_FIELDS} \
         FROM (VALUES {}) w(i, r) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = w.r AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid {TYPE_JOINS} \
         ORDER BY w.i, a.attnum",
        values.join(", ")
    );
    let mut columns: Vec<Vec<TargetColumn>> = tables.iter().map(|_| Vec::new()).collect();
    for row in connection.rows(&sql).await? {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let table = number(next())? as usize;
        let (name, shown) = (text(next())?, text(next())?);
        let identity_always = next().as_deref() == Some("a");
        let target = target_type(shown, &mut next)?;
        if let Some(of) = columns.get_mut(table) {
            of.push(TargetColumn {
                name,
                target,
                identity_always,
            });
        }
    }
    Ok(columns)
}

/// The types of these numbers, for parameters of statements.
pub(crate) async fn of_oids(
    connection: &mut Connection,
    oids: &[u32],
) -> Result<HashMap<u32, TargetType>> {
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    let sql = format!(
        "SELECT t.oid, pg_catalog.format_type(t.oid, NULL), {TYPE_FIELDS} \
         FROM pg_catalog.pg_type t {TYPE_JOINS} WHERE t.oid IN ({})",
        list.join(", ")
    );
    let mut types = HashMap::with_capacity(oids.len());
    for row in connection.rows(&sql).await? {
        let mut row = row.into_iter();
        let mut next = || row.next().flatten();
        let oid = number(next())?;
        let shown = text(next())?;
        types.insert(oid, target_type(shown, &mut next)?);
    }
    Ok(types)
}

fn target_type(name: String, next: &mut impl FnMut() -> Option<String>) -> Result<TargetType> {
    let (own, kind, own_name) = (number(next())?, next(), next());
    let (item, item_kind, item_name, item_shown) = (next(), next(), next(), next());
    let class = match item {
        Some(item) => TypeClass::ArrayOf(Box::new(TargetType {
            class: class_of(item_kind.as_deref(), item_name.as_deref()),
            oid: number(Some(item))?,
            name: item_shown.unwrap_or_default(),
        })),
        None => class_of(kind.as_deref(), own_name.as_deref()),
    };
    Ok(TargetType {
        oid: own,
        name,
        class,
    })
}

fn class_of(kind: Option<&str>, name: Option<&str>) -> TypeClass {
    match (kind, name) {
        (Some("e"), _) | (Some("b"), Some("citext")) => TypeClass::TextLike,
        _ => TypeClass::Plain,
    }
}

fn number(text: Option<String>) -> Result<u32> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| unexpected("a number"))
}

fn text(text: Option<String>) -> Result<String> {
    text.ok_or_else(|| unexpected("a name"))
}

fn unexpected(what: &str) -> Error {
    Error::new(
        errors::PROTOCOL,
        format!("the server's catalog has no {what} where one must be"),
    )
}

/// Whether a type's number says all there is to know of it.
pub(crate) fn is_well_known(number: u32) -> bool {
    WELL_KNOWN.contains(&number)
}

const WELL_KNOWN: &[u32] = &[
    oid::BOOL,
    oid::BYTEA,
    oid::INT8,
    oid::INT2,
    oid::INT4,
    oid::TEXT,
    oid::JSON,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::BPCHAR,
    oid::VARCHAR,
    oid::DATE,
    oid::TIME,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::NUMERIC,
    oid::UUID,
    oid::JSONB,
];
