//! Statements that create a table for rows of any origin.

use std::collections::HashSet;

use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, Result, SortOrder, TablePath,
};
use seatunnel_jdbc_core::catalog::{self, NewTable};
use seatunnel_jdbc_core::sql::Quote;

/// How names are quoted.
const QUOTE: Quote = Quote('"');
/// Longest text that `varchar` takes, in characters.
const LONGEST_VARCHAR: u64 = 10_485_760;
/// Most digits that `numeric` can be declared with.
const MOST_DIGITS: u64 = 1_000;

/// A path as SQL has it.
pub(crate) fn qualified(path: &TablePath) -> String {
    match &path.schema {
        Some(schema) => QUOTE.names([schema.as_str()]) + "." + &QUOTE.name(&path.table),
        None => QUOTE.name(&path.table),
    }
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The statements that create a table, and its schema where that is missing.
///
/// `types` are those of [`own_types`] that the server has.
///
/// # Errors
/// None today: every type has a counterpart.
pub(crate) fn create_statements(
    new: &NewTable<'_>,
    types: &HashSet<String>,
) -> Result<Vec<String>> {
    let spelled = |name: &str| QUOTE.name(&new.field_ide.apply(name));
    let mut statements = Vec::new();
    if let Some(schema) = &new.path.schema {
        // Not `IF NOT EXISTS`: that asks for the right to create schemas even where one is there.
        statements.push(format!(
            "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {}) \
             THEN CREATE SCHEMA {}; END IF; END $do$",
            literal(schema),
            QUOTE.name(schema)
        ));
    }
    let in_key = |name: &str| {
        let mut key = new.primary_key.iter();
        new.with_keys && key.any(|k| k == name)
    };
    let own = is_own(new.like);
    let mut lines: Vec<String> = Vec::new();
    for column in new.like.columns() {
        let mut line = format!("{} {}", spelled(&column.name), type_of(column, own, types));
        if !column.nullable || in_key(&column.name) {
            line.push_str(" NOT NULL");
        }
        if let Some(default) = default_of(column) {
            line.push_str(&format!(" DEFAULT {default}"));
        }
        lines.push(line);
    }
    let table = qualified(new.path);
    let mut after = Vec::new();
    if new.with_keys {
        let list = |names: &mut dyn Iterator<Item = &String>| {
            let names: Vec<String> = names.map(|name| spelled(name)).collect();
            names.join(", ")
        };
        if !new.primary_key.is_empty() {
            lines.push(format!(
                "PRIMARY KEY ({})",
                list(&mut new.primary_key.iter())
            ));
        }
        let known = |key: &&ConstraintKey| {
            let mut names = key.columns.iter();
            names.all(|(name, _)| new.like.schema().index_of(name).is_some())
        };
        let keys = new.like.schema().constraint_keys.iter();
        for key in keys.filter(known).filter(|key| !key.columns.is_empty()) {
            match key.kind {
                ConstraintKind::Unique => lines.push(format!(
                    "UNIQUE ({})",
                    list(&mut key.columns.iter().map(|(name, _)| name))
                )),
                // Without a name, since names of indexes are those of a whole schema.
                ConstraintKind::Index => {
                    let columns: Vec<String> = key
                        .columns
                        .iter()
                        .map(|(name, order)| match order {
                            SortOrder::Asc => spelled(name),
                            SortOrder::Desc => spelled(name) + " DESC",
                        })
                        .collect();
                    after.push(format!("CREATE INDEX ON {table} ({})", columns.join(", ")));
                }
                ConstraintKind::Foreign | ConstraintKind::VectorIndex => {}
            }
        }
    }
    statements.push(format!(
        "CREATE TABLE {table} (\n  {}\n)",
        lines.join(",\n  ")
    ));
    statements.append(&mut after);
    if let Some(comment) = new.like.comment().filter(|c| !c.is_empty()) {
        statements.push(format!("COMMENT ON TABLE {table} IS {}", literal(comment)));
    }
    for column in new.like.columns() {
        if let Some(comment) = column.comment.as_deref().filter(|c| !c.is_empty()) {
            statements.push(format!(
                "COMMENT ON COLUMN {table}.{} IS {}",
                spelled(&column.name),
                literal(comment)
            ));
        }
    }
    Ok(statements)
}

/// Types that a column keeps when its rows come from PostgreSQL, as they are read as something more
/// general: the type's name and what it is read as. Those of extensions and of users are kept where the
/// target has them ([`own_types`]). `time with time zone` is not kept: its zones are not read.
const KEPT: &[(&str, Kept)] = &[
    ("uuid", Kept::Text),
    ("json", Kept::Text),
    ("jsonb", Kept::Text),
    ("xml", Kept::Text),
    ("inet", Kept::Text),
    ("cidr", Kept::Text),
    ("macaddr", Kept::Text),
    ("macaddr8", Kept::Text),
    ("bit", Kept::Text),
    ("bit varying", Kept::Text),
    ("varbit", Kept::Text),
    ("interval", Kept::Text),
    ("text", Kept::Text),
    ("character", Kept::Text),
    ("bpchar", Kept::Text),
    ("character varying", Kept::Text),
    ("varchar", Kept::Text),
    ("tsvector", Kept::Text),
    ("tsquery", Kept::Text),
    ("point", Kept::Text),
    ("line", Kept::Text),
    ("lseg", Kept::Text),
    ("box", Kept::Text),
    ("path", Kept::Text),
    ("polygon", Kept::Text),
    ("circle", Kept::Text),
    ("int4range", Kept::Text),
    ("int8range", Kept::Text),
    ("numrange", Kept::Text),
    ("daterange", Kept::Text),
    ("tsrange", Kept::Text),
    ("tstzrange", Kept::Text),
    ("numeric", Kept::Number),
    ("money", Kept::Number),
    ("oid", Kept::Number),
];

#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Text,
    Number,
}

/// What [`catalog::DIALECT`] says of tables of this database.
pub(crate) const DIALECT: &str = "postgresql";

/// Whether rows come from PostgreSQL.
fn is_own(like: &CatalogTable) -> bool {
    let dialect = like.options().get(catalog::DIALECT);
    dialect.is_some_and(|dialect| dialect == DIALECT)
}

/// Types of users and extensions (enums, geometry, …) that columns have where the rows come from, and
/// may keep if the target has them.
pub(crate) fn own_types(like: &CatalogTable) -> impl Iterator<Item = &str> {
    let own = is_own(like);
    let columns = like.columns().iter().filter(move |_| own);
    columns
        .filter(|column| is_text(&column.data_type) && kept(column, &HashSet::new()).is_none())
        .filter_map(|column| column.source_type.as_deref())
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(item) => **item == DataType::String,
        other => *other == DataType::String,
    }
}

/// The type of a column as it is declared; `own` says that the rows come from PostgreSQL.
fn type_of(column: &Column, own: bool, types: &HashSet<String>) -> String {
    let kept = if own { kept(column, types) } else { None };
    let wanted = column.sink_type.clone().or(kept);
    wanted.unwrap_or_else(|| declared(&column.data_type, column.length, column.scale))
}

/// The type that the column has where its rows come from, if it can be kept.
fn kept(column: &Column, types: &HashSet<String>) -> Option<String> {
    let source_type = column.source_type.as_deref()?;
    if types.contains(source_type) && is_text(&column.data_type) {
        return Some(source_type.to_owned());
    }
    let source_type = source_type.trim().to_ascii_lowercase();
    let (of, suffix, data_type) = match (&column.data_type, source_type.strip_suffix("[]")) {
        (DataType::Array(item), Some(of)) => (of.to_owned(), "[]", item.as_ref()),
        (other, _) => (source_type, "", other),
    };
    // `timestamp(3) with time zone`: the name stands around the length.
    let name = match (of.find('('), of.find(')')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{}", of[..open].trim_end(), &of[close + 1..])
        }
        _ => of.clone(),
    };
    let (_, kept) = KEPT.iter().find(|(known, _)| *known == name)?;
    let fits = match kept {
        Kept::Text => *data_type == DataType::String,
        Kept::Number => matches!(data_type, DataType::Decimal { .. } | DataType::BigInt),
    };
    // Bits of an unknown number; `bit` alone would be one of them.
    let of = if of == "bit" {
        "bit varying".to_owned()
    } else {
        of
    };
    fits.then(|| of + suffix)
}

fn declared(data_type: &DataType, length: Option<u64>, scale: Option<i32>) -> String {
    let fraction = |name: &str| match scale {
        Some(digits @ 0..=5) => format!("{name}({digits})"),
        _ => name.to_owned(),
    };
    match data_type {
        DataType::String => match length {
            Some(length @ 1..=LONGEST_VARCHAR) => format!("varchar({length})"),
            _ => "text".to_owned(),
        },
        DataType::Boolean => "boolean".to_owned(),
        DataType::TinyInt | DataType::SmallInt => "smallint".to_owned(),
        DataType::Int => "integer".to_owned(),
        DataType::BigInt => "bigint".to_owned(),
        DataType::Float => "real".to_owned(),
        DataType::Double => "double precision".to_owned(),
        DataType::Decimal { precision, scale } => {
            // Before version 15, no scale is negative.
            let extra = u64::from(scale.min(&0).unsigned_abs());
            let precision = (u64::from(*precision) + extra).min(MOST_DIGITS);
            format!("numeric({precision},{})", scale.max(&0))
        }
        DataType::Null => "text".to_owned(),
        DataType::Bytes => "bytea".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::Time => fraction("time"),
        DataType::Timestamp => fraction("timestamp"),
        DataType::TimestampTz => fraction("timestamptz"),
        DataType::Array(item) => match item.as_ref() {
            DataType::Array(_)
            | DataType::Map(..)
            | DataType::Row(_)
            | DataType::FloatVector(_)
            | DataType::Null => "jsonb".to_owned(),
            item => declared(item, None, None) + "[]",
        },
        DataType::Map(..) | DataType::Row(_) => "jsonb".to_owned(),
        DataType::FloatVector(_) => "real[]".to_owned(),
    }
}

/// A default that means the same here; expressions of other databases are left out, since the rows
/// bring their values.
fn default_of(column: &Column) -> Option<String> {
    let text = column.default_value.as_deref()?.trim();
    // `'a'::character varying`, as PostgreSQL tells its own.
    let text = match text.rsplit_once("::") {
        Some((value, cast)) if !cast.contains(['\'', '"', ')']) || cast.ends_with(')') => {
            value.trim()
        }
        _ => text,
    };
    let quoted = text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
    let inner = if quoted {
        let inner = &text[1..text.len() - 1];
        if inner.replace("''", "").contains('\'') {
            return None;
        }
        inner.replace("''", "'")
    } else {
        text.to_owned()
    };
    let word = inner.to_ascii_uppercase();
    let now = !quoted && {
        let name = word.split('(').next().unwrap_or_default();
        matches!(name, "CURRENT_TIMESTAMP" | "NOW" | "LOCALTIMESTAMP")
    };
    match &column.data_type {
        _ if !quoted && word == "NULL" => None,
        DataType::Boolean => match word.as_str() {
            "1" | "TRUE" | "T" | "B'1'" => Some("true".to_owned()),
            "0" | "FALSE" | "F" | "B'0'" => Some("false".to_owned()),
            _ => None,
        },
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            inner.parse::<i64>().ok().map(|number| number.to_string())
        }
        DataType::Float | DataType::Double | DataType::Decimal { .. } => inner
            .parse::<f64>()
            .is_ok_and(f64::is_finite)
            .then_some(inner),
        DataType::Timestamp | DataType::TimestampTz if now => Some("CURRENT_TIMESTAMP".to_owned()),
        DataType::Date if word == "CURRENT_DATE" && !quoted => Some(word),
        DataType::Date => is_some(seatunnel_api::time::parse_date(inner.as_bytes()), &inner),
        DataType::Time => is_some(seatunnel_api::time::parse_time(inner.as_bytes()), &inner),
        DataType::Timestamp => is_some(
            seatunnel_api::time::parse_timestamp(inner.as_bytes()),
            &inner,
        ),
        DataType::String if quoted => Some(literal(&inner)),
        // An unquoted word is a text; what has more than words in it may be an expression.
        DataType::String if !inner.contains(['(', ')', '\'', '"', '`', ';']) => {
            Some(literal(&inner))
        }
        _ => None,
    }
}

fn is_some<T>(parsed: Option<T>, text: &str) -> Option<String> {
    parsed.map(|_| literal(text))
}

#[cfg(test)]
mod tests {
    use seatunnel_api::TableSchema;
    use seatunnel_jdbc_core::options::FieldIde;

    use super::*;

    fn column(name: &str, data_type: &str, default: Option<&str>) -> Column {
        let mut column = Column::new(name, DataType::parse(data_type).unwrap());
        column.default_value = default.map(str::to_owned);
        column
    }

    #[test]
    fn a_table_of_any_origin_has_its_columns_keys_and_comments() {
        let mut name = column("Na\"me", "string", Some("nobody")).not_null();
        name.length = Some(20);
        name.comment = Some("who's \\ it".to_owned());
        let mut at = column("at", "timestamp", Some("CURRENT_TIMESTAMP(3)"));
        at.scale = Some(3);
        let mut schema = TableSchema::new(vec![
            column("id", "bigint", Some("nextval('s'::regclass)")),
            name,
            at,
            column("m", "map<string, int>", None),
            column("l", "array<decimal(10, 2)>", None),
        ]);
        schema.constraint_keys = vec![
            ConstraintKey {
                name: "a".to_owned(),
                kind: ConstraintKind::Unique,
                columns: vec![("Na\"me".to_owned(), SortOrder::Asc)],
            },
            ConstraintKey {
                name: "b".to_owned(),
                kind: ConstraintKind::Index,
                columns: vec![("at".to_owned(), SortOrder::Desc)],
            },
        ];
        let like = CatalogTable::new("Jdbc", TablePath::table("t"), schema)
            .with_comment(Some("all".to_owned()));
        let new = NewTable {
            path: &TablePath::parse("s.T", true),
            like: &like,
            primary_key: &["id".to_owned()],
            with_keys: true,
            field_ide: FieldIde::Original,
        };
        let statements = create_statements(&new, &HashSet::new()).unwrap();
        assert!(statements[0].contains("CREATE SCHEMA \"s\""));
        assert_eq!(
            statements[1..],
            [
                "CREATE TABLE \"s\".\"T\" (\n  \"id\" bigint NOT NULL,\n  \"Na\"\"me\" varchar(20) NOT NULL DEFAULT 'nobody',\n  \
                 \"at\" timestamp(3) DEFAULT CURRENT_TIMESTAMP,\n  \"m\" jsonb,\n  \"l\" numeric(10,2)[],\n  \
                 PRIMARY KEY (\"id\"),\n  UNIQUE (\"Na\"\"me\")\n)",
                "CREATE INDEX ON \"s\".\"T\" (\"at\" DESC)",
                "COMMENT ON TABLE \"s\".\"T\" IS 'all'",
                "COMMENT ON COLUMN \"s\".\"T\".\"Na\"\"me\" IS E'who''s \\\\ it'",
            ]
        );
    }

    #[test]
    fn types_of_postgres_are_kept_where_the_rows_still_have_them() {
        let of = |data_type: &str, source_type: &str| {
            let mut column = column("c", data_type, None);
            column.source_type = Some(source_type.to_owned());
            type_of(&column, true, &["geometry(Point,4326)".to_owned()].into())
        };
        assert_eq!(of("string", "geometry(Point,4326)"), "geometry(Point,4326)");
        assert_eq!(of("bytes", "geometry(Point,4326)"), "bytea");
        assert_eq!(of("string", "uuid"), "uuid");
        assert_eq!(of("string", "character(3)"), "character(3)");
        assert_eq!(of("int", "uuid"), "integer");
        assert_eq!(of("array<string>", "uuid[]"), "uuid[]");
        assert_eq!(of("decimal(38, 18)", "numeric"), "numeric");
        assert_eq!(of("string", "mood"), "text");
        assert_eq!(of("string", "bit(8)"), "bit(8)");
        assert_eq!(of("string", "bit"), "bit varying");
        assert_eq!(of("array<string>", "bit[]"), "bit varying[]");
        // Its values come without their zones.
        assert_eq!(of("time", "time(3) with time zone"), "time");
    }

    #[test]
    fn defaults_are_taken_where_they_mean_the_same() {
        let of =
            |data_type: &str, default: &str| default_of(&column("c", data_type, Some(default)));
        assert_eq!(of("boolean", "0").as_deref(), Some("false"));
        assert_eq!(of("int", "'5'").as_deref(), Some("5"));
        assert_eq!(of("string", "'it''s'::text").as_deref(), Some("'it''s'"));
        assert_eq!(
            of("timestamp", "now()").as_deref(),
            Some("CURRENT_TIMESTAMP")
        );
        assert_eq!(of("timestamp", "0000-00-00 00:00:00"), None);
        assert_eq!(
            of("date", "'2024-01-01'::date").as_deref(),
            Some("'2024-01-01'")
        );
        assert_eq!(of("bigint", "nextval('s'::regclass)"), None);
        assert_eq!(of("string", "concat('a', 'b')"), None);
        assert_eq!(of("string", "NULL"), None);
    }
}
