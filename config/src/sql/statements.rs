//! From a text to its statements.

use std::sync::Arc;

use seatunnel_api::config::{Diagnostic, Report, SourceText, Span};

use super::options::{TableOption, read_options};
use super::tokens::{Token, TokenKind, tokens};
use crate::codes;

/// A statement of a job file.
#[derive(Debug)]
pub(super) enum Statement {
    /// `CREATE TABLE name WITH (…)`
    Table {
        name: Name,
        options: Vec<TableOption>,
    },
    /// `CREATE TABLE name AS SELECT …`
    Query { name: Name, select: Select },
    /// `INSERT INTO name SELECT …`
    Insert { name: Name, select: Select },
}

#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// `SELECT … FROM table`, `SELECT table`.
#[derive(Debug)]
pub(super) struct Select {
    /// As it is written.
    pub(super) text: String,
    pub(super) span: Span,
    /// The table that rows come from.
    pub(super) from: Name,
    /// Whether rows pass as they are.
    pub(super) is_identity: bool,
}

/// What a text consists of.
pub(super) struct Parts {
    /// Where the HOCON of `/* config … */` stands.
    pub(super) config: Vec<(usize, usize)>,
    pub(super) statements: Vec<Statement>,
    /// Whether a statement could not be read: then a table that is missing is no error of its own.
    pub(super) incomplete: bool,
}

/// Reads all statements; a statement with an error is left out, and reading goes on behind its `;`.
pub(super) fn split(source: &Arc<SourceText>, report: &mut Report) -> Parts {
    let (all, error) = tokens(source);
    let cut = error.is_some();
    report_all(report, error);
    let mut parts = Parts {
        config: Vec::new(),
        statements: Vec::new(),
        incomplete: cut,
    };
    let (config, code): (Vec<&Token>, Vec<&Token>) =
        all.iter().partition(|t| t.kind == TokenKind::Config);
    for token in config {
        let comment = token.text(source);
        let body = comment.find("config").map_or(0, |i| i + "config".len());
        parts.config.push((token.start + body, token.end - 2));
    }
    let mut statements = code.split(|token| token.is_sign(';')).peekable();
    while let Some(tokens) = statements.next() {
        // The last one is what an open quote has cut.
        if tokens.is_empty() || cut && statements.peek().is_none() {
            continue;
        }
        let mut reader = Reader {
            source,
            tokens,
            next: 0,
            report,
        };
        match reader.statement() {
            Ok(statement) => parts.statements.push(statement),
            Err(error) => {
                parts.incomplete = true;
                report.push(*error);
            }
        }
    }
    parts
}

fn report_all(report: &mut Report, errors: impl IntoIterator<Item = Diagnostic>) {
    errors.into_iter().for_each(|error| report.push(error));
}

pub(super) type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Walks through the tokens of a statement.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<SourceText>,
    tokens: &'a [&'a Token],
    next: usize,
    pub(super) report: &'a mut Report,
}

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.next).map(|t| **t)
    }

    pub(super) fn take(&mut self) -> Option<Token> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.is_word(self.source, word));
        self.next += usize::from(found);
        found
    }

    pub(super) fn eat_sign(&mut self, sign: char) -> bool {
        let found = self.peek().is_some_and(|t| t.is_sign(sign));
        self.next += usize::from(found);
        found
    }

    /// Where the last token ends.
    pub(super) fn behind(&self) -> Span {
        let last = self
            .tokens
            .get(self.next.wrapping_sub(1))
            .or(self.tokens.last());
        let end = last.map_or(0, |t| t.end);
        Span::new(self.source, end, end)
    }

    /// An error at the next token.
    pub(super) fn expected(&self, what: &str) -> Box<Diagnostic> {
        let (found, span) = match self.peek() {
            Some(token) => (
                format!("`{}`", shortened(token.text(self.source))),
                token.span(self.source),
            ),
            None => ("the end of the statement".to_owned(), self.behind()),
        };
        let message = format!("expected {what}, found {found}");
        Box::new(Diagnostic::error(codes::SYNTAX, message, span))
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let first = self.peek();
        if self.eat_word("CREATE") {
            if !self.eat_word("TABLE") {
                return Err(self.expected("`TABLE` behind `CREATE`"));
            }
            if self.eat_word("IF") && !(self.eat_word("NOT") && self.eat_word("EXISTS")) {
                return Err(self.expected("`IF NOT EXISTS`"));
            }
            let name = self.name()?;
            if self.eat_word("AS") {
                let select = self.select()?;
                return Ok(Statement::Query { name, select });
            }
            self.columns()?;
            if !self.eat_word("WITH") {
                return Err(self.expected("`WITH (…)` or `AS SELECT …`"));
            }
            let options = read_options(self)?;
            return Ok(Statement::Table { name, options });
        }
        if self.eat_word("INSERT") {
            if !self.eat_word("INTO") {
                return Err(self.expected("`INTO` behind `INSERT`"));
            }
            let name = self.name()?;
            if self.peek().is_some_and(|t| t.is_sign('(')) {
                let mut error = self.expected("`SELECT …`");
                error.help = Some("columns are chosen and ordered in the SELECT".into());
                return Err(error);
            }
            let select = self.select()?;
            return Ok(Statement::Insert { name, select });
        }
        let span = first.map_or_else(Span::none, |t| t.span(self.source));
        let error = Diagnostic::error(codes::SQL, "a job has no such statement", span);
        Err(Box::new(error.with_help(
            "a job is made of `CREATE TABLE … WITH (…)`, `CREATE TABLE … AS SELECT …` and `INSERT INTO … SELECT …`",
        )))
    }

    /// A table's name; of `a.b.c` the last part.
    fn name(&mut self) -> Parsed<Name> {
        loop {
            let token = match self.peek() {
                Some(t) if matches!(t.kind, TokenKind::Word | TokenKind::Name) => t,
                _ => return Err(self.expected("a table's name")),
            };
            self.next += 1;
            if !self.eat_sign('.') {
                return Ok(Name {
                    text: token.content(self.source),
                    span: token.span(self.source),
                });
            }
        }
    }

    /// Columns of a table have no meaning in SeaTunnel.
    fn columns(&mut self) -> Parsed<()> {
        let Some(open) = self.peek().filter(|t| t.is_sign('(')) else {
            return Ok(());
        };
        let mut depth = 0_usize;
        loop {
            match self.take() {
                Some(t) if t.is_sign('(') => depth += 1,
                Some(t) if t.is_sign(')') => depth -= 1,
                Some(_) => {}
                None => return Err(self.expected("`)` behind the columns")),
            }
            if depth == 0 {
                break;
            }
        }
        let warning = Diagnostic::warning(
            codes::SQL,
            "the columns of a table have no effect",
            open.span(self.source),
        );
        self.report
            .push(warning.with_help("give them with the option `'schema' = '{ fields { … } }'`"));
        Ok(())
    }

    fn select(&mut self) -> Parsed<Select> {
        let tokens = &self.tokens[self.next.min(self.tokens.len())..];
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return Err(self.expected("`SELECT …`"));
        };
        if !first.is_word(self.source, "SELECT") {
            return Err(self.expected("`SELECT …`"));
        }
        let span = Span::new(self.source, first.start, last.end);
        let text = self.source.text()[first.start..last.end].to_owned();
        let mut depth = 0_i32;
        let from = tokens.iter().position(|token| {
            match token.kind {
                TokenKind::Sign('(') => depth += 1,
                TokenKind::Sign(')') => depth -= 1,
                _ => {}
            }
            depth == 0 && token.is_word(self.source, "FROM")
        });
        let begin = self.next;
        let before = match from {
            Some(from) => from + 1,
            // `SELECT table`
            None if tokens.len() == 2 => 1,
            None => {
                self.next = self.tokens.len();
                return Err(self.expected("`FROM` and the table that rows come from"));
            }
        };
        self.next = begin + before;
        let from_name = self.name()?;
        let all = from.is_some_and(|from| from == 2 && tokens[1].is_sign('*'));
        Ok(Select {
            is_identity: self.peek().is_none() && (from.is_none() || all),
            text,
            span,
            from: from_name,
        })
    }
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    match line.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.len() => format!("{line}…"),
        None => line.to_owned(),
    }
}
