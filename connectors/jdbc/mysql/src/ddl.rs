//! Tables created for rows. `NOTES.md` has the types.
//!
//! Times have six fraction digits where the rows don't say how many. Strings of a key become a
//! varchar that an index can hold, and are compared byte by byte: other databases tell `a` from `A`
//! and from `a `, and two of their rows must not become one.

use seatunnel_api::{Column, ConstraintKey, ConstraintKind, DataType, Result, SortOrder};
use seatunnel_jdbc_core::catalog::{self, NewTable};
use seatunnel_jdbc_core::sql::Quote;

use crate::DIALECT_NAME;
use crate::sink::details::literal;
use crate::types::Declared;

/// How names are quoted.
pub(crate) const QUOTE: Quote = Quote('`');

/// Bytes that InnoDB's indexes hold of all columns of a key (rows of format DYNAMIC).
const KEY_BYTES: u64 = 3_072;
/// Bytes set aside for a column of a key that is no string.
const NUMBER_BYTES: u64 = 20;
/// Bytes of a character, at most.
const CHARACTER: u64 = 4;
/// Length of a string in a key that says none.
const KEY_LENGTH: u64 = 255;
/// Bytes that the columns of a row may declare, with some room; texts stand outside.
const ROW_BYTES: u64 = 60_000;

/// The collation that tells all strings apart; `version` is the server's, as it says it.
pub(crate) fn exact_collation(version: &str) -> &'static str {
    let mut numbers = version
        .trim_start_matches("5.5.5-")
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|part| part.parse::<u32>().ok());
    let mut next = || numbers.next().unwrap_or(0);
    let version_number = (next(), next(), next());
    if version.contains("MariaDB") {
        if version_number >= (10, 2, 2) {
            "utf8mb4_nopad_bin"
        } else {
            "utf8mb4_bin"
        }
    } else if version_number >= (8, 0, 17) {
        "utf8mb4_0900_bin"
    } else {
        "utf8mb4_bin"
    }
}

/// The statements that create a table, and its database where it is missing.
///
/// # Errors
/// None as of now: every type has a counterpart.
pub(crate) fn create_statements(new: &NewTable<'_>, exact: &str) -> Result<Vec<String>> {
    let mut statements = Vec::with_capacity(2);
    let mut table = QUOTE.name(&new.path.table);
    if let Some(database) = &new.path.database {
        let database = QUOTE.name(database);
        statements.push(format!("CREATE DATABASE IF NOT EXISTS {database}"));
        table = format!("{database}.{table}");
    }
    let spelled = |name: &str| QUOTE.name(&new.field_ide.apply(name));
    let keys = keys(new);
    let declared = declarations(new, &keys, exact);
    let mut lines = Vec::with_capacity(declared.len() + keys.len());
    for (column, declared) in new.like.columns().iter().zip(&declared) {
        let mut line = format!("{} {declared}", spelled(&column.name));
        let in_primary = keys.iter().any(|key| key.primary && key.has(&column.name));
        if !column.nullable || in_primary {
            line.push_str(" NOT NULL");
        } else if declared.starts_with("timestamp") {
            // Some servers take it for NOT NULL otherwise.
            line.push_str(" NULL");
        }
        if let Some(default) = default_clause(column, declared, own(new)) {
            line.push_str(&format!(" DEFAULT {default}"));
        }
        if let Some(comment) = column.comment.as_deref().filter(|c| !c.is_empty()) {
            line.push_str(&format!(" COMMENT {}", literal(cut(comment, 1_024))));
        }
        lines.push(line);
    }
    for key in &keys {
        lines.push(key.clause(new, &declared));
    }
    let mut create = format!(
        "CREATE TABLE {table} (\n  {}\n) DEFAULT CHARACTER SET utf8mb4",
        lines.join(",\n  ")
    );
    if let Some(comment) = new.like.comment().filter(|c| !c.is_empty()) {
        create.push_str(&format!(" COMMENT = {}", literal(cut(comment, 2_048))));
    }
    statements.push(create);
    Ok(statements)
}

/// Whether the rows come from MySQL or MariaDB.
fn own(new: &NewTable<'_>) -> bool {
    let dialect = new.like.options().get(catalog::DIALECT);
    dialect.is_some_and(|dialect| dialect == DIALECT_NAME)
}

/// A key of the new table.
struct Key<'a> {
    name: Option<&'a str>,
    primary: bool,
    unique: bool,
    columns: Vec<(&'a str, SortOrder)>,
}

impl Key<'_> {
    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| *name == column)
    }

    /// Characters or bytes that each string of the key may have.
    fn share(&self, new: &NewTable<'_>) -> u64 {
        let strings = self.columns.iter().filter(|(name, _)| {
            let column = new.like.schema().index_of(name);
            column.is_some_and(|place| is_string(&new.like.columns()[place].data_type))
        });
        let strings = strings.count() as u64;
        let others = self.columns.len() as u64 - strings;
        (KEY_BYTES.saturating_sub(others * NUMBER_BYTES)) / CHARACTER / strings.max(1)
    }

    fn clause(&self, new: &NewTable<'_>, declared: &[String]) -> String {
        let share = self.share(new);
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(name, order)| {
                let mut text = QUOTE.name(&new.field_ide.apply(name));
                let place = new.like.schema().index_of(name);
                // Of long texts an index that only finds rows holds the beginning.
                if place.is_some_and(|place| is_long(&declared[place])) {
                    text.push_str(&format!("({})", share.min(191)));
                }
                if *order == SortOrder::Desc {
                    text.push_str(" DESC");
                }
                text
            })
            .collect();
        let columns = columns.join(", ");
        let name = self
            .name
            .map(|name| format!(" {}", QUOTE.name(cut(name, 64))));
        let name = name.unwrap_or_default();
        if self.primary {
            format!("PRIMARY KEY ({columns})")
        } else if self.unique {
            format!("UNIQUE KEY{name} ({columns})")
        } else {
            format!("KEY{name} ({columns})")
        }
    }
}

fn keys<'a>(new: &NewTable<'a>) -> Vec<Key<'a>> {
    let mut keys = Vec::new();
    if !new.with_keys {
        return keys;
    }
    let schema = new.like.schema();
    if !new.primary_key.is_empty() {
        let columns = new.primary_key.iter();
        keys.push(Key {
            name: None,
            primary: true,
            unique: true,
            columns: columns.map(|k| (k.as_str(), SortOrder::Asc)).collect(),
        });
    }
    let known = |key: &&ConstraintKey| {
        matches!(key.kind, ConstraintKind::Unique | ConstraintKind::Index)
            && !key.columns.is_empty()
            && key
                .columns
                .iter()
                .all(|(n, _)| schema.index_of(n).is_some())
    };
    for key in schema.constraint_keys.iter().filter(known) {
        keys.push(Key {
            name: Some(key.name.as_str()).filter(|name| !name.is_empty()),
            primary: false,
            unique: key.kind == ConstraintKind::Unique,
            columns: key.columns.iter().map(|(n, o)| (n.as_str(), *o)).collect(),
        });
    }
    keys
}

/// The declared type of each column.
fn declarations(new: &NewTable<'_>, keys: &[Key<'_>], exact: &str) -> Vec<String> {
    let columns = new.like.columns();
    let key_length = |column: &Column| {
        let unique = keys.iter().filter(|k| k.unique && k.has(&column.name));
        unique.map(|key| key.share(new)).min()
    };
    let own = own(new);
    let declared: Vec<String> = columns
        .iter()
        .map(|column| {
            let key = key_length(column);
            let kept = if own {
                kept(column, key.is_some())
            } else {
                None
            };
            let wanted = column.sink_type.clone().or(kept);
            wanted.unwrap_or_else(|| declaration(column, key, exact))
        })
        .collect();
    let bytes: u64 = declared.iter().map(|d| row_bytes(d)).sum();
    if bytes <= ROW_BYTES {
        return declared;
    }
    // Too many varchars for one row: those of no key stand outside of it.
    columns
        .iter()
        .zip(declared)
        .map(|(column, declared)| match key_length(column) {
            _ if column.sink_type.is_some() => declared,
            None if declared.starts_with("varchar") => "text".to_owned(),
            None if declared.starts_with("varbinary") => "blob".to_owned(),
            _ => declared,
        })
        .collect()
}

fn is_string(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::String
            | DataType::Bytes
            | DataType::Null
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::FloatVector(_)
    )
}

fn is_long(declared: &str) -> bool {
    declared.ends_with("text") || declared.ends_with("blob") || declared == "json"
}

/// Bytes that a column takes of [`ROW_BYTES`].
fn row_bytes(declared: &str) -> u64 {
    let length = || {
        let digits = declared.split(['(', ')']).nth(1);
        digits.and_then(|d| d.parse::<u64>().ok()).unwrap_or(0)
    };
    if declared.starts_with("varchar") {
        length() * CHARACTER + 2
    } else if declared.starts_with("varbinary") {
        length() + 2
    } else if declared.starts_with("char") {
        length() * CHARACTER
    } else if declared.starts_with("binary") {
        length()
    } else {
        12
    }
}

/// The declared type of a column; `key` is how long it may be to be part of a unique key.
fn declaration(column: &Column, key: Option<u64>, exact: &str) -> String {
    let length = column.length.filter(|length| *length > 0);
    let fraction = column.scale.map_or(6, |scale| scale.clamp(0, 6));
    let with_fraction = |name: &str| match fraction {
        0 => name.to_owned(),
        digits => format!("{name}({digits})"),
    };
    match (&column.data_type, key) {
        (DataType::Boolean, _) => "tinyint(1)".to_owned(),
        (DataType::TinyInt, _) => "tinyint".to_owned(),
        (DataType::SmallInt, _) => "smallint".to_owned(),
        (DataType::Int, _) => "int".to_owned(),
        (DataType::BigInt, _) => "bigint".to_owned(),
        (DataType::Float, _) => "float".to_owned(),
        (DataType::Double, _) => "double".to_owned(),
        (DataType::Decimal { precision, scale }, _) => decimal(*precision, *scale),
        (DataType::Bytes, Some(key)) => {
            let length = length.unwrap_or(KEY_LENGTH).min(key * CHARACTER);
            format!("varbinary({length})")
        }
        (other, Some(key)) if is_string(other) => {
            let length = length.unwrap_or(KEY_LENGTH).min(key);
            format!("varchar({length}) CHARACTER SET utf8mb4 COLLATE {exact}")
        }
        (DataType::String, _) => match length {
            Some(length @ ..256) => format!("varchar({length})"),
            Some(length) if length * CHARACTER < 1 << 16 => "text".to_owned(),
            Some(length) if length.saturating_mul(CHARACTER) < 1 << 24 => "mediumtext".to_owned(),
            _ => "longtext".to_owned(),
        },
        (DataType::Bytes, _) => match length {
            Some(length @ ..256) => format!("varbinary({length})"),
            Some(..0x1_0000) => "blob".to_owned(),
            Some(..0x100_0000) => "mediumblob".to_owned(),
            _ => "longblob".to_owned(),
        },
        (DataType::Date, _) => "date".to_owned(),
        (DataType::Time, _) => with_fraction("time"),
        (DataType::Timestamp | DataType::TimestampTz, _) => with_fraction("datetime"),
        (DataType::Null, _) => "longtext".to_owned(),
        (
            DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::FloatVector(_),
            _,
        ) => "json".to_owned(),
    }
}

/// Types that say more than the rows do, which a column keeps when its rows come from MySQL or MariaDB.
/// Those that only one of them has are not here, nor `varchar` and `text`, whose lengths count bytes
/// of another character set there.
const KEPT: &[&str] = &[
    "bit",
    "tinyint",
    "smallint",
    "mediumint",
    "int",
    "integer",
    "bigint",
    "year",
    "float",
    "double",
    "decimal",
    "char",
    "enum",
    "set",
    "json",
    "binary",
    "timestamp",
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
];

/// The type that the column has where its rows come from, if it can be kept.
fn kept(column: &Column, in_key: bool) -> Option<String> {
    let source_type = column.source_type.as_deref()?.trim();
    if in_key && is_string(&column.data_type) {
        return None;
    }
    let end = source_type.find(|c: char| !c.is_ascii_alphanumeric());
    let name = &source_type[..end.unwrap_or(source_type.len())];
    if !KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name)) {
        return None;
    }
    // A transform may have made something else of it.
    if !Declared::parse(source_type).can_be(&column.data_type) {
        return None;
    }
    Some(source_type.to_owned())
}

fn decimal(precision: u8, scale: i8) -> String {
    let precision = u32::from(precision) + u32::from(scale.min(0).unsigned_abs());
    let scale = u32::try_from(scale).unwrap_or(0);
    let precision = precision.max(scale).max(1);
    if precision > 65 || scale > 30 {
        // A sign, a zero and the point.
        return format!("varchar({})", precision + 3);
    }
    format!("decimal({precision}, {scale})")
}

/// A default as MySQL reads it: numbers and quoted texts, and the usual names of the current time.
/// Expressions of other databases are left out: the rows bring their values. `own`: the rows come from
/// MySQL or MariaDB, whose catalogs have texts without quotes.
fn default_clause(column: &Column, declared: &str, own: bool) -> Option<String> {
    let text = column.default_value.as_deref()?.trim();
    if is_long(declared) {
        // Long texts have no defaults.
        return None;
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        let number = !is_string(&column.data_type);
        return Some(if number {
            text.to_owned()
        } else {
            literal(text)
        });
    }
    let plain = |text: &str| !text.contains(['\'', '\\']);
    // PostgreSQL shows texts as 'a'::character varying.
    let bare = text
        .split_once("'::")
        .map_or(text, |(l, _)| &text[..l.len() + 1]);
    if let Some(inner) = bare
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .filter(|inner| plain(inner))
    {
        return matches!(column.data_type, DataType::String).then(|| literal(inner));
    }
    let upper = text.to_ascii_uppercase();
    let now = upper.starts_with("CURRENT_TIMESTAMP") || upper == "NOW()";
    let moment = ["datetime", "timestamp"]
        .iter()
        .find_map(|name| declared.strip_prefix(name));
    if let (true, Some(digits)) = (now, moment) {
        return Some(format!("CURRENT_TIMESTAMP{digits}"));
    }
    match (upper.as_str(), &column.data_type) {
        ("TRUE", DataType::Boolean) => Some("1".to_owned()),
        ("FALSE", DataType::Boolean) => Some("0".to_owned()),
        ("NULL", _) => None,
        // What has more than words in it may be an expression.
        (_, DataType::String) if own && !text.contains(['(', ')', '\'', '"', '`', '\\']) => {
            Some(literal(text))
        }
        (_, DataType::Date | DataType::Time | DataType::Timestamp) if own && is_moment(text) => {
            Some(literal(text))
        }
        (bits, _) if own && declared.starts_with("bit") && is_bits(bits) => Some(bits.to_owned()),
        _ => None,
    }
}

/// `2024-01-31 10:00:00`, and no date of zeros.
fn is_moment(text: &str) -> bool {
    let written = |b: u8| b.is_ascii_digit() || b" -:.".contains(&b);
    text.bytes().all(written) && !text.starts_with("0000")
}

/// `B'0101'`
fn is_bits(text: &str) -> bool {
    let inner = text
        .strip_prefix("B'")
        .and_then(|rest| rest.strip_suffix('\''));
    inner.is_some_and(|bits| !bits.is_empty() && bits.bytes().all(|b| matches!(b, b'0' | b'1')))
}

/// At most so many characters.
fn cut(text: &str, characters: usize) -> &str {
    match text.char_indices().nth(characters) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::{CatalogTable, PrimaryKey, TablePath, TableSchema};
    use seatunnel_jdbc_core::options::FieldIde;

    use super::*;

    fn column(name: &str, of: &str, length: Option<u64>) -> Column {
        let mut column = Column::new(name, DataType::parse(of).unwrap());
        column.length = length;
        column
    }

    fn created(schema: TableSchema, with_keys: bool) -> Vec<String> {
        let path = TablePath::parse("shop.or`ders", false);
        let like = CatalogTable::new("Jdbc", path.clone(), schema)
            .with_comment(Some("it's \\ here".into()));
        let keys = like.schema().primary_key.clone();
        let new = NewTable {
            path: &path,
            like: &like,
            primary_key: &keys.map(|k| k.columns).unwrap_or_default(),
            with_keys,
            field_ide: FieldIde::Uppercase,
        };
        create_statements(&new, "utf8mb4_bin").unwrap()
    }

    #[test]
    fn a_table_has_columns_keys_and_comments() {
        let mut id = column("id", "bigint", None).not_null();
        id.comment = Some("who".into());
        let mut name = column("name", "string", Some(20));
        name.default_value = Some("'x'::character varying".into());
        let mut at = column("at", "timestamp_tz", None);
        at.default_value = Some("now()".into());
        at.scale = Some(3);
        let schema = TableSchema {
            columns: vec![id, name, at, column("tags", "array<string>", None)],
            primary_key: Some(PrimaryKey {
                name: "pk".into(),
                columns: vec!["id".into()],
            }),
            constraint_keys: vec![
                ConstraintKey {
                    name: "by_name".into(),
                    kind: ConstraintKind::Unique,
                    columns: vec![("name".into(), SortOrder::Asc)],
                },
                ConstraintKey {
                    name: "by_tags".into(),
                    kind: ConstraintKind::Index,
                    columns: vec![("at".into(), SortOrder::Desc)],
                },
            ],
        };
        let create = "CREATE TABLE `shop`.`or``ders` (\n  \
            `ID` bigint NOT NULL COMMENT 'who',\n  \
            `NAME` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'x',\n  \
            `AT` datetime(3) DEFAULT CURRENT_TIMESTAMP(3),\n  \
            `TAGS` json,\n  \
            PRIMARY KEY (`ID`),\n  \
            UNIQUE KEY `by_name` (`NAME`),\n  \
            KEY `by_tags` (`AT` DESC)\n\
            ) DEFAULT CHARACTER SET utf8mb4 COMMENT = 'it''s \\\\ here'";
        assert_eq!(
            created(schema.clone(), true),
            ["CREATE DATABASE IF NOT EXISTS `shop`", create]
        );
        assert!(!created(schema, false)[1].contains("KEY"));
    }

    #[test]
    fn types_take_the_lengths_they_need() {
        let declared = |of: &str, length: Option<u64>| {
            declaration(&column("c", of, length), None, "utf8mb4_bin")
        };
        for (of, length, expected) in [
            ("string", None, "longtext"),
            ("string", Some(0), "longtext"),
            ("string", Some(255), "varchar(255)"),
            ("string", Some(256), "text"),
            ("string", Some(20_000), "mediumtext"),
            ("string", Some(1 << 23), "longtext"),
            ("bytes", Some(255), "varbinary(255)"),
            ("bytes", Some(65_535), "blob"),
            ("bytes", None, "longblob"),
            ("decimal(76, 40)", None, "varchar(79)"),
            ("decimal(65, 30)", None, "decimal(65, 30)"),
            ("decimal(10, -2)", None, "decimal(12, 0)"),
            ("decimal(38, 18)", None, "decimal(38, 18)"),
            ("time", None, "time(6)"),
        ] {
            assert_eq!(declared(of, length), expected, "{of} {length:?}");
        }
    }

    #[test]
    fn types_of_mysql_are_kept_where_the_rows_still_have_them() {
        let of = |data_type: &str, source_type: &str| {
            let mut column = column("c", data_type, Some(7));
            column.source_type = Some(source_type.to_owned());
            kept(&column, false)
        };
        for (data_type, source_type) in [
            ("boolean", "bit(1)"),
            ("bytes", "bit(8)"),
            ("boolean", "tinyint(1)"),
            ("tinyint", "tinyint(1)"),
            ("bigint", "int(10) unsigned"),
            ("decimal(38, 18)", "decimal(65,10)"),
            ("string", "enum('a','B')"),
            ("timestamp", "timestamp(6)"),
            ("bytes", "point"),
        ] {
            let kept = of(data_type, source_type);
            assert_eq!(kept.as_deref(), Some(source_type), "{data_type}");
        }
        assert_eq!(of("string", "bit(8)"), None);
        assert_eq!(of("string", "varchar(20)"), None);
        assert_eq!(of("int", "int(10) unsigned"), None);
        let mut id = column("id", "string", None);
        id.source_type = Some("char(3)".to_owned());
        assert_eq!(kept(&id, true), None);
    }

    #[test]
    fn defaults_are_taken_where_they_mean_the_same() {
        let of = |data_type: &str, declared: &str, default: &str, own: bool| {
            let mut column = column("c", data_type, None);
            column.default_value = Some(default.to_owned());
            default_clause(&column, declared, own)
        };
        let text = |default, own| of("string", "varchar(9)", default, own);
        assert_eq!(text("a b", true).as_deref(), Some("'a b'"));
        assert_eq!(text("a b", false), None);
        assert_eq!(text("uuid()", true), None);
        assert_eq!(
            of("boolean", "bit(1)", "b'1'", true).as_deref(),
            Some("B'1'")
        );
        assert_eq!(
            of("timestamp", "timestamp(6)", "current_timestamp(6)", true).as_deref(),
            Some("CURRENT_TIMESTAMP(6)")
        );
    }

    #[test]
    fn strings_of_keys_fit_an_index() {
        let schema = TableSchema {
            columns: vec![
                column("a", "string", None),
                column("b", "string", Some(5_000)),
                column("c", "bytes", None),
                column("d", "int", None),
                column("e", "string", Some(100_000)),
            ],
            primary_key: Some(PrimaryKey {
                name: "pk".into(),
                columns: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            }),
            constraint_keys: vec![ConstraintKey {
                name: "e".into(),
                kind: ConstraintKind::Index,
                columns: vec![("e".into(), SortOrder::Asc)],
            }],
        };
        let create = created(schema, true).remove(1);
        assert!(create.contains("`A` varchar(254)"), "{create}");
        assert!(create.contains("`B` varchar(254)"), "{create}");
        assert!(create.contains("`C` varbinary(255)"), "{create}");
        assert!(create.contains("KEY `e` (`E`(191))"), "{create}");
    }

    #[test]
    fn many_varchars_stand_outside_of_the_row() {
        let columns = (0..100).map(|n| column(&format!("c{n}"), "string", Some(255)));
        let create = created(TableSchema::new(columns.collect()), true).remove(1);
        assert_eq!(create.matches(" text").count(), 100);
    }

    #[test]
    fn versions_tell_the_collation() {
        for (version, expected) in [
            ("10.11.19-MariaDB-0+deb12u1-log", "utf8mb4_nopad_bin"),
            ("5.5.5-10.1.48-MariaDB", "utf8mb4_bin"),
            ("8.0.36", "utf8mb4_0900_bin"),
            ("8.4.0-commercial", "utf8mb4_0900_bin"),
            ("5.7.44-log", "utf8mb4_bin"),
        ] {
            assert_eq!(exact_collation(version), expected, "{version}");
        }
    }
}
