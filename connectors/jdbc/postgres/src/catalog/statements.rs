//! What the server is asked about tables.

use seatunnel_api::TablePath;

use crate::ddl;

/// Kinds of `pg_class` that have rows to read.
pub(super) const KINDS: &str = "'r', 'p', 'v', 'm', 'f'";

/// Six statements: which tables are there, and what there is to know of them. Small ones, since the
/// first statements of a connection cost as much as they have catalogs and joins.
pub(super) fn tables_sql(paths: &[TablePath], version: u32) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| {
            let name = TablePath {
                database: None,
                ..path.clone()
            };
            format!("to_regclass({})", ddl::literal(&ddl::qualified(&name)))
        })
        .collect();
    let places: Vec<String> = names.iter().map(|name| format!("({name}::oid)")).collect();
    // What servers before these versions don't have. 0 is one that doesn't tell its version.
    let since = |wanted: u32, expression, otherwise| match version {
        0 => expression,
        version if version >= wanted => expression,
        _ => otherwise,
    };
    let identity = since(100_000, "attidentity", "''");
    let generated = since(120_000, "attgenerated", "''");
    let key_columns = since(110_000, "i.indnkeyatts", "i.indnatts");
    format!(
        "VALUES {places}; \
         SELECT oid, relnamespace::regnamespace, relname, relkind, reltuples, relhassubclass, \
           relrowsecurity AND row_security_active(oid), \
           CASE WHEN relkind IN ('r', 'm') THEN pg_relation_size(oid) ELSE 0 END, current_setting('block_size') \
         FROM pg_catalog.pg_class WHERE oid IN ({names}) AND relkind IN ({KINDS}); \
         SELECT attrelid, attnum, attname, attnotnull, atttypid, atttypmod, {identity}, {generated}, \
           format_type(atttypid, atttypmod) \
         FROM pg_catalog.pg_attribute WHERE attrelid IN ({names}) AND attnum > 0 AND NOT attisdropped \
         ORDER BY attrelid, attnum; \
         SELECT i.indrelid, c.relname, i.indisprimary, i.indisunique, {key_columns}, i.indkey, i.indoption \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         WHERE i.indrelid IN ({names}) AND i.indisvalid AND i.indimmediate AND c.relam = {BTREE} \
         AND i.indpred IS NULL AND i.indexprs IS NULL \
         ORDER BY i.indisprimary DESC, i.indisunique DESC, c.relname; \
         SELECT objoid, objsubid, description FROM pg_catalog.pg_description \
         WHERE objoid IN ({names}) AND classoid = 'pg_catalog.pg_class'::regclass; \
         SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef WHERE adrelid IN ({names})",
        places = places.join(", "),
        names = names.join(", "),
    )
}

/// The access method of ordinary indexes, as `pg_am` has had it always.
const BTREE: u32 = 403;

/// Whatever is below tables, but for partitions that are divided again.
pub(super) fn children_sql(parents: &str) -> String {
    format!(
        "WITH RECURSIVE below(top, oid) AS (\
           SELECT inhparent, inhrelid FROM pg_catalog.pg_inherits WHERE inhparent IN ({parents}) UNION \
           SELECT b.top, h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON h.inhparent = b.oid) \
         SELECT b.top, s.nspname, c.relname, c.relkind, c.reltuples, has_table_privilege(c.oid, 'SELECT'), \
           CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END \
         FROM below b JOIN pg_catalog.pg_class c ON c.oid = b.oid AND c.relkind <> 'p' \
         JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace ORDER BY b.top, c.oid"
    )
}

/// The types of columns `(place, type, modifier, table, number)`; domains are looked through twice.
pub(super) fn types_sql(columns: &str) -> String {
    format!(
        "SELECT f.n, t.typtype = 'd' AND t.typnotnull, coalesce(bb.oid, b.oid, t.oid), \
           coalesce(bb.typname, b.typname, t.typname), coalesce(bb.typtype, b.typtype, t.typtype), \
           CASE WHEN b.oid IS NULL THEN f.m ELSE greatest(t.typtypmod, b.typtypmod) END, \
           coalesce(bb.typcategory, b.typcategory, t.typcategory), e.oid, e.typname, e.typtype, \
           greatest(a.attndims, t.typndims) \
         FROM (VALUES {columns}) f(n, o, m, r, a) JOIN pg_catalog.pg_type t ON t.oid = f.o \
         LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype \
         LEFT JOIN pg_catalog.pg_type bb ON b.typtype = 'd' AND bb.oid = b.typbasetype \
         LEFT JOIN pg_catalog.pg_type e ON e.oid = coalesce(bb.typelem, b.typelem, t.typelem) \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = f.r AND a.attnum = f.a"
    )
}
