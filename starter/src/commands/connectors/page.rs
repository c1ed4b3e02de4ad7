//! What there is to know of a plugin, as text for a terminal and as a page of the documentation.

use std::fmt::Write;

use seatunnel_api::options::{
    OptionSet, Options, SinkCommonOptions, SourceCommonOptions, TransformCommonOptions,
};
use seatunnel_api::{Guarantee, Plugin, Registry};

use super::table::Table;
use crate::text::wrapped;

/// How wide text is set.
const WIDTH: usize = 100;

/// A plugin and what belongs to its kind.
struct Subject<'a> {
    kind: &'static str,
    plugin: &'a dyn Plugin,
    common: &'static OptionSet,
    guarantee: Option<Guarantee>,
}

/// Source, transform and sink of a name.
fn subjects<'a>(registry: &'a Registry, name: &str) -> Vec<Subject<'a>> {
    let mut found = Vec::new();
    if let Some(source) = registry.find_source(name) {
        found.push(Subject {
            kind: "source",
            plugin: source.as_ref(),
            common: SourceCommonOptions::declaration(),
            guarantee: None,
        });
    }
    if let Some(transform) = registry.find_transform(name) {
        found.push(Subject {
            kind: "transform",
            plugin: transform.as_ref(),
            common: TransformCommonOptions::declaration(),
            guarantee: None,
        });
    }
    if let Some(sink) = registry.find_sink(name) {
        found.push(Subject {
            kind: "sink",
            plugin: sink.as_ref(),
            common: SinkCommonOptions::declaration(),
            guarantee: Some(sink.guarantee()),
        });
    }
    found
}

/// All plugins of a name for a terminal; empty if there is none.
pub(super) fn text(registry: &Registry, name: &str) -> String {
    let parts: Vec<String> = subjects(registry, name).iter().map(text_of).collect();
    parts.join("\n")
}

fn text_of(subject: &Subject<'_>) -> String {
    let info = subject.plugin.info();
    let declared = subject.plugin.declaration();
    let mut text = format!("{} ({}): {}\n", info.name, subject.kind, info.summary);
    if !info.aliases.is_empty() {
        let _ = writeln!(text, "Also called: {}", info.aliases.join(", "));
    }
    text.push_str(&wrapped(declared.doc, "", WIDTH));
    if let Some(guarantee) = subject.guarantee {
        text.push_str(&wrapped(&promise(guarantee), "", WIDTH));
    }
    text.push('\n');
    let own = Table::of(declared);
    text.push_str(&lines(&own, "OPTION"));
    if !own.rules.is_empty() {
        text.push_str("\nRules\n");
        for rule in &own.rules {
            text.push_str(&wrapped(rule, "  ", WIDTH));
        }
    }
    let title = format!("OF EVERY {}", subject.kind.to_uppercase());
    let _ = write!(text, "\n{}", lines(&Table::of(subject.common), &title));
    text
}

fn promise(guarantee: Guarantee) -> String {
    match guarantee {
        Guarantee::AtLeastOnce => {
            "Guarantee: at least once; after a failure rows may come twice, none is missing."
                .to_owned()
        }
        Guarantee::Idempotent(condition) => format!("Guarantee: idempotent, {condition}."),
        Guarantee::ExactlyOnce(condition) => format!("Guarantee: exactly once, {condition}."),
    }
}

fn lines(table: &Table, title: &str) -> String {
    let key_width = table.lines.iter().map(|l| l.key.chars().count());
    let key_width = key_width.max().unwrap_or(0).clamp(title.len(), 48);
    let type_width = table.lines.iter().map(|l| l.option_type.chars().count());
    let type_width = type_width.max().unwrap_or(0).max(4);
    let mut text = format!("{title:key_width$}  {:type_width$}  DEFAULT\n", "TYPE");
    for line in &table.lines {
        let row = format!(
            "{:key_width$}  {:type_width$}  {}",
            line.key, line.option_type, line.default
        );
        let _ = writeln!(text, "{}", row.trim_end());
        text.push_str(&wrapped(&line.doc, "    ", WIDTH));
    }
    text
}

/// All plugins of a name as a page in Markdown; empty if there is none.
pub(super) fn markdown(registry: &Registry, name: &str) -> String {
    let subjects = subjects(registry, name);
    let Some(first) = subjects.first() else {
        return String::new();
    };
    let mut page = format!("# {}\n", first.plugin.info().name);
    let mut notes: Vec<&str> = Vec::new();
    for subject in &subjects {
        let info = subject.plugin.info();
        let declared = subject.plugin.declaration();
        let _ = write!(page, "\n## As a {}\n\n{}\n", subject.kind, info.summary);
        if !info.aliases.is_empty() {
            let _ = writeln!(page, "Also called: {}.", info.aliases.join(", "));
        }
        if !declared.doc.trim().is_empty() {
            let _ = write!(page, "\n{}\n", declared.doc.trim());
        }
        if let Some(guarantee) = subject.guarantee {
            let _ = write!(page, "\n{}\n", promise(guarantee));
        }
        let own = Table::of(declared);
        options(&mut page, "Options", &own);
        if !own.rules.is_empty() {
            page.push('\n');
            for rule in &own.rules {
                let _ = writeln!(page, "- {rule}");
            }
        }
        let title = format!("Options of every {}", subject.kind);
        options(&mut page, &title, &Table::of(subject.common));
        let own_notes = subject.plugin.notes().trim();
        if !own_notes.is_empty() && !notes.contains(&own_notes) {
            notes.push(own_notes);
        }
    }
    for note in notes {
        let _ = write!(page, "\n{note}\n");
    }
    page
}

fn options(page: &mut String, title: &str, table: &Table) {
    if table.lines.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "\n### {title}\n\n| option | type | default | |\n|---|---|---|---|\n"
    );
    for line in &table.lines {
        let default = match line.default.as_str() {
            "" => String::new(),
            "required" => "**required**".to_owned(),
            default => format!("`{}`", cell(default)),
        };
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {default} | {} |",
            cell(&line.key),
            cell(&line.option_type),
            cell(&line.doc)
        );
    }
}

/// Text as the cell of a table takes it: on one line, its bars escaped.
fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
