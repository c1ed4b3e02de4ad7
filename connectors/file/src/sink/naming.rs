//! Names of files and of partition folders.

use std::path::{Component, Path};

use seatunnel_api::config::nearest;
use seatunnel_api::time::MICROS_PER_SECOND;
use seatunnel_api::{Error, Result, codes};

use seatunnel_formats::cells::JavaTimeFormat;

const TRANSACTION: &str = "transactionId";

/// A text with `${…}` in it, taken apart.
#[derive(Debug)]
enum Part<P> {
    Text(String),
    Placeholder(P),
}

/// Takes a text apart; `known` knows the placeholders.
fn take_apart<P>(text: &str, known: impl Fn(&str) -> Option<P>) -> Result<Vec<Part<P>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        if start > 0 {
            parts.push(Part::Text(rest[..start].to_owned()));
        }
        let name = &rest[start + 2..start + length];
        parts.push(Part::Placeholder(
            known(name).ok_or_else(|| name.to_owned())?,
        ));
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

#[derive(Debug)]
enum NamePart {
    Transaction,
    Uuid,
    Now,
}

/// How files are called.
#[derive(Debug)]
pub(crate) struct FileNames {
    parts: Vec<Part<NamePart>>,
    now: JavaTimeFormat,
    /// Whether a number follows.
    numbered: bool,
    /// `.snappy.parquet`
    ending: String,
}

impl FileNames {
    /// Reads `file_name_expression`. With `transactional`, the id of the transaction is made part of it.
    ///
    /// # Errors
    /// If there is a placeholder that is not known, or a pattern that is none.
    pub(crate) fn new(
        expression: &str,
        time_format: &str,
        transactional: bool,
        numbered: bool,
        ending: String,
    ) -> Result<Self> {
        let mut parts = take_apart(expression, |name| match name {
            TRANSACTION => Some(NamePart::Transaction),
            "uuid" => Some(NamePart::Uuid),
            "now" => Some(NamePart::Now),
            // SeaTunnel knows the pattern itself as a name, too.
            pattern if pattern == time_format => Some(NamePart::Now),
            _ => None,
        })
        .map_err(|name| {
            let known = [TRANSACTION, "uuid", "now"];
            let mut message = format!(
                "option `file_name_expression`: ${{{name}}} is not known in names of files"
            );
            if let Some(near) = nearest(&name, known) {
                message.push_str(&format!(" (did you mean ${{{near}}}?)"));
            }
            Error::new(codes::OPTION_INVALID, message)
                .with_help("known are ${transactionId}, ${uuid} and ${now}")
        })?;
        if Path::new(expression)
            .components()
            .any(|c| c == Component::ParentDir)
        {
            return Err(Error::new(
                codes::OPTION_INVALID,
                format!("option `file_name_expression`: {expression:?} leads out of `path`"),
            ));
        }
        let has_transaction = parts
            .iter()
            .any(|p| matches!(p, Part::Placeholder(NamePart::Transaction)));
        if transactional && !has_transaction {
            parts.insert(0, Part::Text("_".to_owned()));
            parts.insert(0, Part::Placeholder(NamePart::Transaction));
        }
        let now = JavaTimeFormat::compile(time_format).map_err(|error| {
            Error::new(
                codes::OPTION_INVALID,
                format!(
                    "option `filename_time_format`: {time_format:?} is not a pattern of dates: {error}"
                ),
            )
        })?;
        Ok(Self {
            parts,
            now,
            numbered,
            ending,
        })
    }

    /// The name of the file of this number in a transaction. `again` counts how often the name was taken.
    pub(crate) fn name(&self, transaction: &str, number: u32, again: u32) -> String {
        let mut name = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.extend_from_slice(text.as_bytes()),
                Part::Placeholder(NamePart::Transaction) => {
                    name.extend_from_slice(transaction.as_bytes());
                }
                Part::Placeholder(NamePart::Uuid) => {
                    name.extend_from_slice(uuid::Uuid::new_v4().to_string().as_bytes());
                }
                Part::Placeholder(NamePart::Now) => {
                    self.now.format_timestamp_into(wall_clock(), &mut name);
                }
            }
        }
        let mut name = String::from_utf8_lossy(&name).into_owned();
        if self.numbered {
            name.push_str(&format!("_{number}"));
        }
        if again > 0 {
            name.push_str(&format!("_{again}"));
        }
        name.push_str(&self.ending);
        name
    }
}

/// What a clock on the wall shows now, in microseconds since 1970.
fn wall_clock() -> i64 {
    let now = chrono::Local::now().naive_local().and_utc();
    now.timestamp() * MICROS_PER_SECOND + i64::from(now.timestamp_subsec_micros())
}

#[derive(Debug)]
enum FolderPart {
    Name(usize),
    Value(usize),
}

/// How folders of partitions are called.
#[derive(Debug)]
pub(crate) struct FolderNames {
    columns: Vec<String>,
    parts: Vec<Part<FolderPart>>,
}

/// What Hive and everything after it call the partition of rows without a value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

impl FolderNames {
    /// Reads `partition_dir_expression`; `k=v/…` of all columns if there is none.
    ///
    /// # Errors
    /// If there is a placeholder that is not known.
    pub(crate) fn new(columns: Vec<String>, expression: Option<&str>) -> Result<Self> {
        // The text that SeaTunnel's documentation gives as the default stands for the default.
        let expression = expression.filter(|e| !e.trim().is_empty() && !e.contains("/.../"));
        let plain: String = (0..columns.len())
            .map(|i| format!("${{k{i}}}=${{v{i}}}/"))
            .collect();
        let parts = take_apart(expression.unwrap_or(&plain), |name| {
            let number = |letter| name.strip_prefix(letter)?.parse::<usize>().ok();
            match (number('k'), number('v')) {
                (Some(index), _) if index < columns.len() => Some(FolderPart::Name(index)),
                (_, Some(index)) if index < columns.len() => Some(FolderPart::Value(index)),
                _ => None,
            }
        })
        .map_err(|name| {
            Error::new(
                codes::OPTION_INVALID,
                format!("option `partition_dir_expression`: ${{{name}}} is not known"),
            )
            .with_help(format!(
                "`partition_by` has {} columns: ${{k0}} is the name of the first, ${{v0}} its value, and so on",
                columns.len()
            ))
        })?;
        Ok(Self { columns, parts })
    }

    /// The folder of rows with these values, relative, parts divided by `/`; it never leads elsewhere.
    pub(crate) fn folder(&self, values: &[Option<String>]) -> String {
        let mut folder = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => folder.push_str(text),
                Part::Placeholder(FolderPart::Name(index)) => {
                    escape(&mut folder, &self.columns[*index]);
                }
                Part::Placeholder(FolderPart::Value(index)) => match &values[*index] {
                    Some(value) => escape(&mut folder, value),
                    None => folder.push_str(NO_VALUE),
                },
            }
        }
        let parts = folder.split('/').filter(|part| !part.is_empty());
        let parts: Vec<_> = parts
            .map(|part| match part {
                "." => "%2E",
                ".." => "%2E%2E",
                other => other,
            })
            .collect();
        parts.join("/")
    }
}

/// Writes a value so that it stays within one folder: what divides paths becomes `%` and its code.
fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        if matches!(c, '/' | '\\') || c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str, transactional: bool, numbered: bool) -> Result<FileNames> {
        let ending = ".csv".to_owned();
        FileNames::new(expression, "yyyy.MM.dd", transactional, numbered, ending)
    }

    #[test]
    fn files_are_called_as_the_expression_says() {
        let day = || chrono::Local::now().format("%Y.%m.%d").to_string();
        let by_pattern = names("${yyyy.MM.dd}", false, false).unwrap();
        let now = names("${transactionId}_${now}", true, true).unwrap();
        // Once more if midnight has come in between.
        let (today, name, by_pattern) = loop {
            let today = day();
            let named = (now.name("T_1", 3, 0), by_pattern.name("", 0, 0));
            if day() == today {
                break (today, named.0, named.1);
            }
        };
        assert_eq!(name, format!("T_1_{today}_3.csv"));
        assert_eq!(
            names("x", true, false).unwrap().name("T_1", 0, 0),
            "T_1_x.csv"
        );
        assert_eq!(
            names("x", false, false).unwrap().name("T_1", 0, 2),
            "x_2.csv"
        );
        assert_eq!(by_pattern, format!("{today}.csv"));
        let uuid = names("${uuid}", false, false).unwrap();
        assert_ne!(uuid.name("", 0, 0), uuid.name("", 0, 0));
        let error = names("${transactionID}", true, true).unwrap_err();
        assert!(
            error.message().contains("did you mean ${transactionId}"),
            "{error}"
        );
        assert!(names("../${uuid}", true, true).is_err());
    }

    #[test]
    fn folders_never_lead_elsewhere() {
        let columns = || vec!["a".to_owned(), "b".to_owned()];
        let value = |text: &str| Some(text.to_owned());
        let plain = FolderNames::new(columns(), None).unwrap();
        assert_eq!(
            plain.folder(&[value("x"), None]),
            "a=x/b=__HIVE_DEFAULT_PARTITION__"
        );
        assert_eq!(plain.folder(&[value("../x"), value("")]), "a=..%2Fx/b=");
        let bare = FolderNames::new(columns(), Some("${v0}/${v1}")).unwrap();
        assert_eq!(bare.folder(&[value(".."), value("y\n")]), "%2E%2E/y%0A");
        assert_eq!(bare.folder(&[value(""), value("y")]), "y");
        let documented = "${k0}=${v0}/${k1}=${v1}/.../${kn}=${vn}/";
        let documented = FolderNames::new(columns(), Some(documented)).unwrap();
        assert_eq!(documented.folder(&[value("1"), value("2")]), "a=1/b=2");
        assert!(FolderNames::new(columns(), Some("${v2}")).is_err());
    }
}
