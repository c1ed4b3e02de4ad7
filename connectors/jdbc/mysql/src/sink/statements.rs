//! The text of statements that put and delete rows.

use super::details::Details;
use super::form::{Form, Kind};
use super::plan::Field;
use crate::wire::Connection;

/// How the new values are called in an upsert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upserts {
    /// `VALUES(a)`
    Values,
    /// `new.a`: MySQL since 8.0.19, which warns of the other.
    Alias,
}

impl Upserts {
    /// What the server knows.
    pub(crate) fn of(connection: &Connection) -> Self {
        let server = connection.server();
        match !server.is_mariadb && server.numbers >= (8, 0, 19) {
            true => Self::Alias,
            false => Self::Values,
        }
    }

    pub(crate) fn clause(self, names: &[&str]) -> String {
        let (alias, sets): (_, Vec<String>) = match self {
            Self::Values => (
                "",
                names.iter().map(|n| format!("{n}=VALUES({n})")).collect(),
            ),
            Self::Alias => (
                " AS seatunnel_new",
                names
                    .iter()
                    .map(|n| format!("{n}=seatunnel_new.{n}"))
                    .collect(),
            ),
        };
        format!("{alias} ON DUPLICATE KEY UPDATE {}", sets.join(","))
    }
}

/// `LOAD DATA`.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) sql: String,
    /// Whether a row replaces the one of its key. Otherwise duplicates are skipped and values
    /// adjusted, and the counts at the end tell.
    pub(crate) replace: bool,
}

/// A statement that puts rows: `head`, then `group` for each row with commas between, then `tail`.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) head: String,
    pub(crate) group: String,
    pub(crate) tail: String,
    /// Whether there may be more than one group.
    pub(crate) many: bool,
    /// Whether MariaDB takes it in bulk.
    pub(crate) bulk: bool,
}

impl Insert {
    /// The statement for so many rows.
    pub(crate) fn sql(&self, rows: usize) -> String {
        let groups = vec![self.group.as_str(); rows].join(",");
        format!("{}{groups}{}", self.head, self.tail)
    }
}

/// A statement that deletes rows by their keys.
#[derive(Debug)]
pub(crate) struct Delete {
    pub(crate) head: String,
    /// `a = ?`, null unequal to itself.
    pub(crate) equal: String,
    /// `a <=> ?`, null equal to itself.
    pub(crate) same: String,
}

impl Delete {
    /// The statement for so many keys, none with a null.
    pub(crate) fn sql(&self, rows: usize) -> String {
        let keys = vec![self.equal.as_str(); rows].join(" OR ");
        format!("{}{keys}", self.head)
    }

    /// The statement for one key that may have nulls.
    pub(crate) fn with_nulls(&self) -> String {
        format!("{}{}", self.head, self.same)
    }
}

/// An expression for a time in UTC as the session's zone shows it.
pub(crate) fn in_session_zone(utc: &str) -> String {
    format!("CONVERT_TZ({utc}, '+00:00', @@session.time_zone)")
}

/// The bulk load and how its fields are spelled.
pub(crate) fn load(
    quoted: &str,
    mut fields: Vec<Field>,
    details: &Details,
    replace: bool,
) -> Option<(Vec<Field>, Load)> {
    // The server must convert text for columns that are not UTF-8, and may not touch bytes then.
    let convert = details.foreign_charset;
    let charset = if convert { "utf8mb4" } else { "binary" };
    let mut names = Vec::with_capacity(fields.len());
    let mut sets = Vec::new();
    for (index, field) in fields.iter_mut().enumerate() {
        let variable = format!("@v{index}");
        let text = format!("CONVERT({variable} USING utf8mb4)");
        let kind = field.kind?;
        let bytes = matches!(field.form, Form::Bytes) || kind == Kind::Bit;
        let value = match (&field.form, kind) {
            (Form::Text, Kind::Geometry) => Some(format!("ST_GeomFromText({text})")),
            _ if field.is_instant() => Some(in_session_zone(&variable)),
            // MySQL's JSON refuses binary strings.
            (_, Kind::Json) if !convert => Some(text),
            _ if bytes && convert => {
                field.spelling.hex = true;
                Some(format!("UNHEX({variable})"))
            }
            _ => None,
        };
        match value {
            Some(value) => {
                sets.push(format!("{} = {value}", field.name));
                names.push(variable);
            }
            None => names.push(field.name.clone()),
        }
    }
    let sets = match sets.is_empty() {
        true => String::new(),
        false => format!(" SET {}", sets.join(", ")),
    };
    let replaces = if replace { " REPLACE" } else { "" };
    // Digits for the separators, since what a backslash means depends on `sql_mode`.
    let sql = format!(
        "LOAD DATA LOCAL INFILE 'rows'{replaces} INTO TABLE {quoted} CHARACTER SET {charset} \
         FIELDS TERMINATED BY 0x09 ESCAPED BY 0x5C LINES TERMINATED BY 0x0A ({}){sets}",
        names.join(",")
    );
    Some((fields, Load { sql, replace }))
}

/// Takes `INSERT … VALUES (?, …) …` apart, so that it can have several groups: all parameters stand
/// in the one group.
pub(crate) fn groups(text: &str) -> Option<Insert> {
    let word = text.split_whitespace().next()?;
    if !word.eq_ignore_ascii_case("insert") && !word.eq_ignore_ascii_case("replace") {
        return None;
    }
    let first = text.find('?')?;
    let before = text[..first].to_ascii_lowercase();
    let values = before.rfind("values")?;
    let open = values + "values".len() + before[values + "values".len()..].find('(')?;
    if !text[values + "values".len()..open].trim().is_empty() {
        return None;
    }
    let mut depth = 0_usize;
    let mut close = None;
    for (at, c) in text[open..].char_indices() {
        match c {
            // Quotes and comments inside are left to the slow way.
            '\'' | '"' | '`' | '#' => return None,
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    close = Some(open + at + 1);
                    break;
                }
            }
            _ => {}
        }
    }
    let close = close?;
    let (group, tail) = (&text[open..close], &text[close..]);
    if tail.contains('?') || group.contains("--") || group.contains("/*") {
        return None;
    }
    // `VALUES (?), (?)` has more groups of its own; `RETURNING` answers.
    let clause = tail.trim_start().to_ascii_lowercase();
    if !(clause.is_empty() || clause.starts_with("on duplicate key update")) {
        return None;
    }
    Some(Insert {
        head: text[..open].to_owned(),
        group: group.to_owned(),
        tail: tail.to_owned(),
        many: true,
        bulk: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upsert_calls_the_new_values_as_the_server_does() {
        assert_eq!(
            Upserts::Values.clause(&["`a`", "`b`"]),
            " ON DUPLICATE KEY UPDATE `a`=VALUES(`a`),`b`=VALUES(`b`)"
        );
        assert_eq!(
            Upserts::Alias.clause(&["`a`"]),
            " AS seatunnel_new ON DUPLICATE KEY UPDATE `a`=seatunnel_new.`a`"
        );
    }

    #[test]
    fn given_inserts_can_have_several_groups() {
        let insert = groups(
            "INSERT INTO t(a, b) VALUES (?, COALESCE(?, 0)) ON DUPLICATE KEY UPDATE b = VALUES(b)",
        );
        assert_eq!(
            insert.unwrap().sql(2),
            "INSERT INTO t(a, b) VALUES (?, COALESCE(?, 0)),(?, COALESCE(?, 0)) \
             ON DUPLICATE KEY UPDATE b = VALUES(b)"
        );
        assert_eq!(
            groups("insert into t values(?)").unwrap().sql(1),
            "insert into t values(?)"
        );
        for other in [
            "UPDATE t SET a = ? WHERE b = ?",
            "INSERT INTO t SELECT ?",
            "INSERT INTO t VALUES (?), (?)",
            "INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = ?",
            "INSERT INTO t VALUES ('(', ?)",
            "INSERT INTO t VALUES (?) RETURNING a",
            "INSERT INTO t VALUES (1, 2), (3, ?)",
        ] {
            assert!(groups(other).is_none(), "{other}");
        }
    }
}
