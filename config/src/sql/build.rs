//! From statements to the blocks of a job.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use seatunnel_api::config::{Diagnostic, Report, SourceText, Span, nearest};

use super::options::TableOption;
use super::statements::{Name, Parts, Select, Statement};
use crate::codes;
use crate::hocon::{Raw, RawObject};

/// Options that say what a table is, or that statements give.
const NOT_PASSED: [&str; 2] = ["connector", "type"];
const OUTPUT_NAMES: [&str; 2] = ["plugin_output", "result_table_name"];
const INPUT_NAMES: [&str; 2] = ["plugin_input", "source_table_name"];

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Source,
    Sink,
    Query,
}

struct Table<'s> {
    role: Role,
    span: Span,
    connector: Option<&'s TableOption>,
    options: &'s [TableOption],
    used: bool,
}

/// Adds the job of the statements to the root.
pub(super) fn job(
    source: &Arc<SourceText>,
    parts: &Parts,
    root: &mut RawObject,
    report: &mut Report,
) {
    let mut builder = Builder {
        source,
        tables: IndexMap::new(),
        sources: Vec::new(),
        transforms: Vec::new(),
        sinks: Vec::new(),
        incomplete: parts.incomplete,
        report,
    };
    // Tables may be declared behind the statements that use them.
    for statement in &parts.statements {
        if let Statement::Table { name, options } = statement {
            builder.table(name, options);
        }
    }
    for statement in &parts.statements {
        match statement {
            Statement::Table { .. } => {}
            Statement::Query { name, select } => builder.query(name, select),
            Statement::Insert { name, select } => builder.insert(name, select),
        }
    }
    builder.finish(root);
}

struct Builder<'s, 'r> {
    source: &'s Arc<SourceText>,
    tables: IndexMap<String, Table<'s>>,
    sources: Vec<Rc<Raw>>,
    transforms: Vec<Rc<Raw>>,
    sinks: Vec<Rc<Raw>>,
    incomplete: bool,
    report: &'r mut Report,
}

impl<'s> Builder<'s, '_> {
    fn error(&mut self, span: &Span, message: String, help: Option<String>) {
        let mut error = Diagnostic::error(codes::SQL, message, span.clone());
        error.help = help;
        self.report.push(error);
    }

    /// Notes a table, unless there is one of its name.
    fn declare(&mut self, name: &Name, table: Table<'s>) -> bool {
        if let Some(old) = self.tables.get(&name.text) {
            let (line, _) = old.span.position().unwrap_or_default();
            let message = format!(
                "there are two tables `{}`: the other is in line {line}",
                name.text
            );
            self.error(&name.span, message, None);
            return false;
        }
        self.tables.insert(name.text.clone(), table);
        true
    }

    fn table(&mut self, name: &Name, options: &'s [TableOption]) {
        let find = |key: &str| options.iter().find(|o| o.key.eq_ignore_ascii_case(key));
        let role = match find("type").map(|o| o.text.trim().to_ascii_lowercase()) {
            Some(kind) if kind == "source" => Role::Source,
            Some(kind) if kind == "sink" => Role::Sink,
            _ => {
                let span = find("type").map_or(&name.span, |o| &o.value.span);
                self.incomplete = true;
                let message = format!(
                    "the table `{}` needs `'type' = 'source'` or `'sink'`",
                    name.text
                );
                self.error(span, message, None);
                return;
            }
        };
        let connector = find("connector");
        if connector.is_none_or(|c| c.text.trim().is_empty()) {
            self.incomplete = true;
            let message = format!("the table `{}` names no connector", name.text);
            let help = "add `'connector' = '…'` to its options".to_owned();
            self.error(&name.span, message, Some(help));
            return;
        }
        let table = Table {
            role,
            span: name.span.clone(),
            connector,
            options,
            used: false,
        };
        if self.declare(name, table) && role == Role::Source {
            let mut block = self.block(&name.text, &OUTPUT_NAMES);
            block.insert("plugin_output".into(), text(name));
            self.sources.push(Raw::object_at(block, name.span.clone()));
        }
    }

    /// A table's options as a block, without those that statements give.
    fn block(&self, table: &str, without: &[&str]) -> RawObject {
        let mut block = RawObject::new();
        let Some(table) = self.tables.get(table) else {
            return block;
        };
        if let Some(connector) = table.connector {
            let span = connector.value.span.clone();
            let name = connector.text.trim().to_owned();
            block.insert("plugin_name".into(), Raw::string(name, span.clone(), span));
        }
        for option in table.options {
            let key = option.key.as_str();
            let passed = !NOT_PASSED.iter().any(|k| k.eq_ignore_ascii_case(key));
            if passed && !without.contains(&key) {
                block.insert(option.key.clone(), option.value.clone());
            }
        }
        block
    }

    /// Whether rows can come from a table.
    fn check_from(&mut self, from: &Name) -> bool {
        match self.tables.get_mut(&from.text) {
            Some(table) if table.role != Role::Sink => {
                table.used = true;
                true
            }
            Some(_) => {
                let message = format!("`{}` is a sink: no rows come from it", from.text);
                self.error(&from.span, message, None);
                false
            }
            None => {
                self.unknown(from, "rows come from", |role| role != Role::Sink);
                false
            }
        }
    }

    fn unknown(&mut self, name: &Name, what: &str, fits: fn(Role) -> bool) {
        if self.incomplete {
            return;
        }
        let known = self.tables.iter().filter(|(_, t)| fits(t.role));
        let near = nearest(&name.text, known.map(|(k, _)| k.as_str()));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no table `{}` that {what}", name.text);
        self.error(&name.span, message, help);
    }

    fn query(&mut self, name: &Name, select: &'s Select) {
        if !self.check_from(&select.from) {
            return;
        }
        let table = Table {
            role: Role::Query,
            span: name.span.clone(),
            connector: None,
            options: &[],
            used: false,
        };
        if self.declare(name, table) {
            self.transform(select, name.text.clone(), &name.span);
        }
    }

    fn transform(&mut self, select: &Select, output: String, output_span: &Span) {
        let span = &select.span;
        let mut block = RawObject::new();
        let name = Raw::string("Sql".into(), span.clone(), span.clone());
        block.insert("plugin_name".into(), name);
        block.insert("plugin_input".into(), text(&select.from));
        let query = Raw::string(select.text.clone(), span.clone(), span.clone());
        block.insert("query".into(), query);
        let output = Raw::string(output, output_span.clone(), output_span.clone());
        block.insert("plugin_output".into(), output);
        self.transforms.push(Raw::object_at(block, span.clone()));
    }

    fn insert(&mut self, name: &Name, select: &'s Select) {
        match self.tables.get_mut(&name.text) {
            Some(table) if table.role == Role::Sink => table.used = true,
            Some(_) => {
                let message = format!("`{}` is no sink: no rows go into it", name.text);
                return self.error(&name.span, message, None);
            }
            None => return self.unknown(name, "rows go into", |role| role == Role::Sink),
        }
        if !self.check_from(&select.from) {
            return;
        }
        let mut input = select.from.clone();
        if !select.is_identity {
            let number = self.transforms.len() + 1;
            input.text = format!("{}__temp{number}", input.text);
            self.transform(select, input.text.clone(), &select.from.span);
        }
        let mut block = self.block(&name.text, &INPUT_NAMES);
        block.insert("plugin_input".into(), text(&input));
        self.sinks.push(Raw::object_at(block, name.span.clone()));
    }

    fn finish(mut self, root: &mut RawObject) {
        let unused: Vec<_> = self
            .tables
            .iter()
            .filter(|(_, table)| !table.used && table.role == Role::Sink)
            .map(|(name, table)| (name.clone(), table.span.clone()))
            .collect();
        for (name, span) in unused {
            let message = format!("the sink `{name}` is not used: no statement inserts into it");
            self.report.warning(codes::SQL, message, &span);
        }
        if !self.report.has_errors() {
            let all = Span::new(self.source, 0, 0);
            if self.sources.is_empty() {
                let message = "the job has no source: `CREATE TABLE … WITH ('type' = 'source', …)`";
                self.error(&all, message.to_owned(), None);
            }
            if self.sinks.is_empty() {
                let message = "the job writes nothing: `INSERT INTO … SELECT …` is missing";
                self.error(&all, message.to_owned(), None);
            }
        }
        for (key, blocks) in [
            ("source", self.sources),
            ("transform", self.transforms),
            ("sink", self.sinks),
        ] {
            root.insert(key.to_owned(), Raw::list(blocks));
        }
    }
}

fn text(name: &Name) -> Rc<Raw> {
    Raw::string(name.text.clone(), name.span.clone(), name.span.clone())
}
