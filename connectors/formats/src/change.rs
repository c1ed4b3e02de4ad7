//! Changes of databases, as tools that capture them write them in JSON.

use seatunnel_api::{CatalogTable, RowKind};

use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
use crate::json::{Cursor, Dialect, Objects, text};

/// Whose changes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `{"data": [{…}], "old": [{…}], "type": "UPDATE"}`: old values of changed columns only.
    Canal,
    /// `{"data": {…}, "old": {…}, "type": "update"}`: the same for one row.
    Maxwell,
    /// `{"before": {…}, "after": {…}, "op_type": "U"}`
    Ogg,
    /// `{"before": {…}, "after": {…}, "op": "u"}`, alone or as the `payload` beside a `schema`.
    Debezium,
    /// A row of Kafka Connect, alone or as the `payload` beside a `schema`: always an insert.
    KafkaConnect,
}

/// Only changes of one table of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) database: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) table: Option<String>,
}

/// Reads changes.
pub(crate) struct Changes {
    tool: Tool,
    objects: Objects,
    filter: Option<Filter>,
}

/// The members of a message that tell a change, each as it stands.
#[derive(Default)]
struct Members<'a> {
    kind: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    old: Option<&'a [u8]>,
    before: Option<&'a [u8]>,
    after: Option<&'a [u8]>,
    source: Option<&'a [u8]>,
    is_ddl: bool,
}

impl Members<'_> {
    /// The kind of the row, if a sink has written the message: `{"data":{…},"type":"INSERT"}`, the same
    /// for all tools, which is none of Canal's (a list) nor of the others' (in small letters, or letters).
    fn written(&self) -> Option<RowKind> {
        let is_row = self.data.is_some_and(|data| data.starts_with(b"{"));
        match self.kind {
            Some(b"INSERT") if is_row => Some(RowKind::Insert),
            Some(b"DELETE") if is_row => Some(RowKind::Delete),
            _ => None,
        }
    }
}

impl Changes {
    /// For the rows of a table.
    pub(crate) fn new(tool: Tool, table: &CatalogTable, filter: Option<Filter>) -> Self {
        let dialect = match tool {
            Tool::Debezium => Dialect::Debezium,
            _ => Dialect::Plain,
        };
        Self {
            tool,
            objects: Objects::new(table, dialect),
            filter,
        }
    }

    /// What the format is called.
    pub(crate) fn name(&self) -> &'static str {
        match self.tool {
            Tool::Canal => "Canal's JSON",
            Tool::Maxwell => "Maxwell's JSON",
            Tool::Ogg => "GoldenGate's JSON",
            Tool::Debezium => "Debezium's JSON",
            Tool::KafkaConnect => "Kafka Connect's JSON",
        }
    }

    /// A message: the rows before and after a change. None for what changes no rows.
    pub(crate) fn decode(&self, message: &[u8], rows: &mut RowColumns) -> Step {
        let message = text(message)?;
        if message.is_empty() {
            return Ok(());
        }
        let message = match self.tool {
            Tool::Debezium | Tool::KafkaConnect => payload(message)?,
            _ => message,
        };
        if self.tool == Tool::KafkaConnect {
            return self.row(Some(message), RowKind::Insert, rows);
        }
        let members = self.members(message)?;
        if let (Some(filter), Some(source)) = (&self.filter, members.source)
            && !filter.passes(source)?
        {
            return Ok(());
        }
        let kind = members
            .kind
            .ok_or_else(|| Fault::new("it does not say what it changes"))?;
        if let Some(kind) = members.written() {
            return self.row(members.data, kind, rows);
        }
        match (self.tool, kind) {
            (Tool::Canal, _) if members.is_ddl || is_null(members.data) && !is_change(kind) => {
                Ok(())
            }
            (Tool::Canal, b"INSERT") => self.each(members.data, RowKind::Insert, rows),
            (Tool::Canal, b"DELETE") => self.each(members.data, RowKind::Delete, rows),
            (Tool::Canal, b"UPDATE") => self.updates(members.data, members.old, rows),
            (Tool::Maxwell, b"insert" | b"bootstrap-insert") => {
                self.row(members.data, RowKind::Insert, rows)
            }
            (Tool::Maxwell, b"delete") => self.row(members.data, RowKind::Delete, rows),
            (Tool::Maxwell, b"update") => self.update(members.data, members.old, rows),
            (Tool::Maxwell, _) if kind.starts_with(b"bootstrap-") || is_null(members.data) => {
                Ok(())
            }
            (Tool::Ogg, b"I") | (Tool::Debezium, b"c" | b"r") => {
                self.row(members.after, RowKind::Insert, rows)
            }
            (Tool::Ogg, b"D") | (Tool::Debezium, b"d") => {
                self.row(whole(members.before)?, RowKind::Delete, rows)
            }
            (Tool::Ogg, b"U") | (Tool::Debezium, b"u") => {
                self.row(whole(members.before)?, RowKind::UpdateBefore, rows)?;
                self.row(members.after, RowKind::UpdateAfter, rows)
            }
            // What a table was emptied by, and messages of Debezium's own.
            (Tool::Debezium, b"t" | b"m") => Ok(()),
            _ => Err(Fault::new(format!(
                "{:?} is no change",
                String::from_utf8_lossy(kind)
            ))),
        }
    }

    fn members<'a>(&self, message: &'a [u8]) -> Step<Members<'a>> {
        let kind = match self.tool {
            Tool::Ogg => &b"op_type"[..],
            Tool::Debezium => b"op",
            _ => b"type",
        };
        let mut members = Members::default();
        let mut cursor = Cursor::new(message);
        cursor.expect(b'{')?;
        let mut first = true;
        while let Some(key) = cursor.key(&mut first)? {
            let value = cursor.skip()?;
            match &*key {
                key if key == kind => members.kind = Some(unquoted(value)),
                // As SeaTunnel writes GoldenGate's.
                b"type" if self.tool == Tool::Ogg => {
                    members.kind = members.kind.or(Some(unquoted(value)));
                }
                b"data" => members.data = Some(value),
                b"old" => members.old = Some(value),
                b"before" => members.before = Some(value),
                b"after" => members.after = Some(value),
                b"source" => members.source = Some(value),
                b"isDdl" => members.is_ddl = value == b"true",
                _ => {}
            }
        }
        cursor.end()?;
        Ok(members)
    }

    /// One row.
    fn row(&self, object: Option<&[u8]>, kind: RowKind, rows: &mut RowColumns) -> Step {
        let object = object.filter(|o| !is_null(Some(o)));
        let object =
            object.ok_or_else(|| Fault::new(format!("it has no row for {}", kind.short())))?;
        self.objects.object(&mut Cursor::new(object), rows)?;
        rows.end_row(kind);
        Ok(())
    }

    /// A row for each object of a list.
    fn each(&self, list: Option<&[u8]>, kind: RowKind, rows: &mut RowColumns) -> Step {
        for object in items(list)? {
            self.row(Some(object), kind, rows)?;
        }
        Ok(())
    }

    /// Changes of several rows.
    fn updates(&self, data: Option<&[u8]>, old: Option<&[u8]>, rows: &mut RowColumns) -> Step {
        let (data, old) = (items(data)?, items(old)?);
        if data.len() != old.len() {
            return Err(Fault::new(format!(
                "it has {} rows and {} old ones",
                data.len(),
                old.len()
            )));
        }
        data.into_iter()
            .zip(old)
            .try_for_each(|(data, old)| self.update(Some(data), Some(old), rows))
    }

    /// A change of one row: what it was is what it is, but for the values that are told as old.
    fn update(&self, data: Option<&[u8]>, old: Option<&[u8]>, rows: &mut RowColumns) -> Step {
        let (Some(data), Some(old)) = (data, old.filter(|o| !is_null(Some(o)))) else {
            return Err(Fault::new("it does not say what the row was before"));
        };
        self.objects.object(&mut Cursor::new(data), rows)?;
        self.objects.object(&mut Cursor::new(old), rows)?;
        rows.end_row(RowKind::UpdateBefore);
        self.row(Some(data), RowKind::UpdateAfter, rows)
    }
}

impl Filter {
    /// Whether a change of the table told by `source` is wanted.
    fn passes(&self, source: &[u8]) -> Step<bool> {
        let mut cursor = Cursor::new(source);
        cursor.expect(b'{')?;
        let mut first = true;
        let mut found = Self::default();
        while let Some(key) = cursor.key(&mut first)? {
            let value = unquoted(cursor.skip()?);
            let text = || Some(String::from_utf8_lossy(value).into_owned());
            match &*key {
                b"db" => found.database = text(),
                b"schema" => found.schema = text(),
                b"table" => found.table = text(),
                _ => {}
            }
        }
        let wanted =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        Ok(wanted(&self.database, &found.database)
            && wanted(&self.schema, &found.schema)
            && wanted(&self.table, &found.table))
    }
}

/// The payload of a message that has a schema beside it, or the message.
fn payload(message: &[u8]) -> Step<&[u8]> {
    let mut cursor = Cursor::new(message);
    cursor.expect(b'{')?;
    let mut first = true;
    let (mut payload, mut has_schema) = (None, false);
    while let Some(key) = cursor.key(&mut first)? {
        let value = cursor.skip()?;
        match &*key {
            b"payload" => payload = Some(value),
            b"schema" => has_schema = true,
            _ => {}
        }
    }
    cursor.end()?;
    Ok(match payload {
        Some(payload) if has_schema => payload,
        _ => message,
    })
}

/// The objects of a list.
fn items(list: Option<&[u8]>) -> Step<Vec<&[u8]>> {
    let list = list.ok_or_else(|| Fault::new("it has no rows"))?;
    let mut cursor = Cursor::new(list);
    cursor.expect(b'[')?;
    let mut first = true;
    let mut items = Vec::new();
    while cursor.item(&mut first)? {
        items.push(cursor.skip()?);
    }
    Ok(items)
}

/// What a row was before; databases tell it only if they are set up to.
fn whole(before: Option<&[u8]>) -> Step<Option<&[u8]>> {
    match is_null(before) {
        false => Ok(before),
        true => Err(Fault::new(
            "it does not say what the row was before: the database must log whole rows (in PostgreSQL, REPLICA IDENTITY FULL)",
        )),
    }
}

fn is_null(value: Option<&[u8]>) -> bool {
    value.is_none_or(|value| value == b"null")
}

/// Whether a kind of Canal's changes rows.
fn is_change(kind: &[u8]) -> bool {
    matches!(kind, b"INSERT" | b"UPDATE" | b"DELETE")
}

/// A string without its quotes; kinds and names have no escapes.
fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|v| v.strip_suffix(b"\""));
    inner.map_or(value, <[u8]>::trim_ascii)
}
