//! `include "name"`, `include file("name")`, `include required(…)`.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use seatunnel_api::config::{Diagnostic, SourceText, Span};

use super::lexer::{Parsed, error, help, is_space, shown};
use super::limits;
use super::merge::put;
use super::parser::Parser;
use super::properties;
use super::raw::{Raw, RawKind, RawObject};
use crate::codes;

/// What an include statement says.
struct Include {
    name: String,
    required: bool,
    span: Span,
}

impl Parser<'_, '_, '_> {
    /// Reads an include and what it names, if one stands here; `include = 1` is a key like others.
    pub(super) fn include(&mut self) -> Parsed<Option<RawObject>> {
        let Some(include) = self.include_statement()? else {
            return Ok(None);
        };
        self.context.includes += 1;
        if self.context.includes > limits::INCLUDES {
            let message = format!("the job file has more than {} includes", limits::INCLUDES);
            return Err(error(codes::TOO_LARGE, include.span, message));
        }
        let mut members = RawObject::new();
        let files = self.included_files(&include.name);
        if files.is_empty() {
            let message = format!("there is no file `{}` to include", include.name);
            if include.required {
                return Err(error(codes::INCLUDE, include.span, message));
            }
            let warning = Diagnostic::warning(codes::INCLUDE, message, include.span);
            let text = "nothing is included; `include required(…)` makes this an error";
            self.context.report.push(warning.with_help(text));
            return Ok(Some(members));
        }
        for file in files {
            for (key, value) in self.included(&file, &include.span)? {
                put(&mut members, key, value);
            }
        }
        if !self.path.is_empty() {
            for value in members.values_mut() {
                relativize(value, &self.path);
            }
        }
        Ok(Some(members))
    }

    fn include_statement(&mut self) -> Parsed<Option<Include>> {
        let Some(behind) = self.cursor.rest().strip_prefix("include") else {
            return Ok(None);
        };
        if !behind.starts_with(|c: char| is_space(c) || c == '"') {
            return Ok(None);
        }
        let what = behind.trim_start_matches(is_space);
        let forms = ["\"", "file(", "classpath(", "url(", "required("];
        if !forms.iter().any(|form| what.starts_with(form)) {
            return Ok(None);
        }
        let start = self.cursor.pos;
        self.cursor.pos += "include".len();
        self.cursor.skip_space();
        let (mut required, mut foreign, mut open) = (false, None, 0);
        for form in ["required", "file", "classpath", "url"] {
            let at = self.cursor.pos;
            if self.cursor.eat(form) && self.cursor.eat("(") {
                open += 1;
                required |= form == "required";
                if matches!(form, "classpath" | "url") {
                    foreign = Some(form);
                }
                self.cursor.skip_space();
            } else {
                self.cursor.pos = at;
            }
        }
        if self.cursor.peek() != Some('"') {
            return Err(self.cursor.error("`include` needs a name in double quotes"));
        }
        let name = self.quoted()?;
        for _ in 0..open {
            self.cursor.skip_space();
            if !self.cursor.eat(")") {
                return Err(self.cursor.error(format!(
                    "expected `)` behind the included name, found {}",
                    shown(self.cursor.peek())
                )));
            }
        }
        let span = self.cursor.span_from(start);
        if let Some(form) = foreign {
            let message = format!("`include {form}(…)` is not supported");
            return Err(help(
                error(codes::INCLUDE, span, message),
                "include a file: `include \"name.conf\"`, relative to the including file",
            ));
        }
        Ok(Some(Include {
            name,
            required,
            span,
        }))
    }

    /// The files that a name stands for: itself, else those with an ending, the strongest last.
    fn included_files(&self, name: &str) -> Vec<PathBuf> {
        let folder = self.file.and_then(Path::parent).unwrap_or(Path::new(""));
        let path = folder.join(name);
        if path.is_file() {
            return vec![path];
        }
        ["properties", "json", "conf"]
            .iter()
            .map(|ending| PathBuf::from(format!("{}.{ending}", path.display())))
            .filter(|path| path.is_file())
            .collect()
    }

    fn included(&mut self, file: &Path, span: &Span) -> Parsed<RawObject> {
        let identity = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
        let refused = if self.context.files.contains(&identity) {
            Some("the file includes itself".to_owned())
        } else if self.context.files.len() >= limits::INCLUDE_DEPTH {
            Some(format!(
                "includes are nested deeper than {} files",
                limits::INCLUDE_DEPTH
            ))
        } else {
            None
        };
        if let Some(message) = refused {
            return Err(error(codes::INCLUDE, span.clone(), message));
        }
        let text = crate::file::read_text(file)
            .map_err(|e| error(codes::INCLUDE, span.clone(), e.message().to_owned()))?;
        let source = SourceText::new(file.display().to_string(), text);
        if file.extension().is_some_and(|e| e == "properties") {
            return Ok(properties::read(&source));
        }
        self.context.files.push(identity);
        let read = Parser::new(&source, Some(file), self.context).document();
        self.context.files.pop();
        match Rc::unwrap_or_clone(read).kind {
            RawKind::Object(members) => Ok(members),
            _ => Ok(RawObject::new()),
        }
    }
}

/// References of a file that is included inside an object are looked up inside that object first.
fn relativize(value: &mut Rc<Raw>, path: &[String]) {
    if !value.pending {
        return;
    }
    match &mut Rc::make_mut(value).kind {
        RawKind::Reference(reference) => {
            reference.path.splice(0..0, path.iter().cloned());
            reference.prefix += path.len();
        }
        RawKind::List(values) | RawKind::Concat(values) | RawKind::Layers(values) => {
            values.iter_mut().for_each(|v| relativize(v, path));
        }
        RawKind::Object(members) => members.values_mut().for_each(|v| relativize(v, path)),
        _ => {}
    }
}
