//! JSONPath as Jayway's library for Java reads it, which is what SeaTunnel's users write.
//!
//! `$.a.b`, `$['a']`, `$.a[0]`, `[-1]`, `[0,2]`, `[1:3]`, `[*]`, `.*`, `..a`, `['a','b']`, `[?(@.price < 10)]`
//! and functions at the end (`.length()`, `.sum()`, …). A path that can lead to one place only is *definite*:
//! its result is the value there, and nothing there is an error. Any other gives a list, which may be empty.

use super::filter::{Filter, FilterParser};

/// A path, taken apart.
#[derive(Clone, Debug)]
pub struct JsonPath {
    pub(super) steps: Vec<Step>,
    pub(super) function: Option<Function>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`
    Member(String),
    /// `['a', 'b']`
    Members(Vec<String>),
    /// `[3]`, from the end if negative.
    Index(i64),
    /// `[0, 2]`
    Indexes(Vec<i64>),
    /// `[1:3]`
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    All,
    /// `..`: the value itself and all within.
    Deep,
    /// `[?(…)]`
    Filter(Filter),
}

/// What is made of the values found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Keys,
    Min,
    Max,
    Sum,
    Avg,
    StdDev,
    First,
    Last,
    Concat,
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("length", Function::Length),
    ("size", Function::Length),
    ("keys", Function::Keys),
    ("min", Function::Min),
    ("max", Function::Max),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("stddev", Function::StdDev),
    ("first", Function::First),
    ("last", Function::Last),
    ("concat", Function::Concat),
];

impl JsonPath {
    /// Takes a path apart. Without `$` in front it is read as if it had `$.`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = PathParser { text, at: 0 };
        parser.blanks();
        let path = parser.path()?;
        parser.blanks();
        match parser.rest() {
            "" => Ok(path),
            rest => Err(format!("unexpected {rest:?}")),
        }
    }

    /// Whether it leads to one place only.
    pub fn is_definite(&self) -> bool {
        let last = self.steps.len().saturating_sub(1);
        self.steps.iter().enumerate().all(|(at, step)| match step {
            Step::Member(_) | Step::Index(_) => true,
            // Several members at the end become one object.
            Step::Members(_) => at == last,
            _ => false,
        })
    }
}

/// Reads paths; also those within filters.
pub(super) struct PathParser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> PathParser<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// A path from `$` or `@` on, as far as it goes.
    pub(super) fn path(&mut self) -> Result<JsonPath, String> {
        if self.rest().is_empty() {
            return Err("it is empty".to_owned());
        }
        let mut path = JsonPath {
            steps: Vec::new(),
            function: None,
        };
        let rooted = self.take("$") || self.take("@");
        if !rooted && !self.rest().starts_with(['.', '[']) {
            self.name(&mut path)?;
        }
        while path.function.is_none() {
            if self.take("..") {
                path.steps.push(Step::Deep);
                if self.rest().starts_with('[') {
                    continue;
                }
                self.name(&mut path)?;
            } else if self.take(".") {
                if self.rest().starts_with('[') {
                    continue;
                }
                self.name(&mut path)?;
            } else if self.take("[") {
                let step = self.brackets()?;
                path.steps.push(step);
            } else {
                break;
            }
        }
        Ok(path)
    }

    /// `name`, `*` or `function()` behind a dot.
    fn name(&mut self, path: &mut JsonPath) -> Result<(), String> {
        if self.take("*") {
            path.steps.push(Step::All);
            return Ok(());
        }
        let rest = self.rest();
        let ends = |c: char| {
            matches!(
                c,
                '.' | '[' | '(' | ')' | ']' | ',' | '=' | '<' | '>' | '!' | '&' | '|'
            ) || c.is_whitespace()
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        let name = &rest[..length];
        if name.is_empty() {
            return Err(format!("a name is missing before {rest:?}"));
        }
        self.at += length;
        if self.take("(") {
            self.blanks();
            if !self.take(")") {
                return Err(format!(
                    "the function {name}() takes nothing in its brackets here"
                ));
            }
            let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
            let names = FUNCTIONS.iter().map(|(known, _)| *known);
            let Some((_, function)) = known else {
                return Err(match seatunnel_api::config::nearest(name, names) {
                    Some(near) => format!("there is no function {name}(), did you mean {near}()?"),
                    None => format!("there is no function {name}()"),
                });
            };
            path.function = Some(*function);
            return Ok(());
        }
        path.steps.push(Step::Member(name.to_owned()));
        Ok(())
    }

    /// What stands in brackets, behind the opening one.
    fn brackets(&mut self) -> Result<Step, String> {
        self.blanks();
        let step = match self.rest().chars().next() {
            Some('*') => {
                self.at += 1;
                Step::All
            }
            Some('?') => {
                self.at += 1;
                self.blanks();
                Step::Filter(FilterParser::new(self).filter()?)
            }
            Some('\'' | '"') => self.members()?,
            Some(c) if c == ':' || c == '-' || c.is_ascii_digit() => self.indexes()?,
            _ => {
                return Err(format!(
                    "expected a name in quotes, a number, * or ?(…) in brackets before {:?}",
                    self.rest()
                ));
            }
        };
        self.blanks();
        match self.take("]") {
            true => Ok(step),
            false => Err(format!("a ] is missing before {:?}", self.rest())),
        }
    }

    fn members(&mut self) -> Result<Step, String> {
        let mut names = Vec::new();
        loop {
            self.blanks();
            names.push(self.quoted()?);
            self.blanks();
            if !self.take(",") {
                break;
            }
        }
        Ok(match names.len() {
            1 => Step::Member(names.remove(0)),
            _ => Step::Members(names),
        })
    }

    /// A text in single or double quotes.
    pub(super) fn quoted(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let mut chars = rest.char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('\'' | '"'))) => quote,
            _ => return Err(format!("expected a text in quotes before {rest:?}")),
        };
        let mut out = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(out);
                }
                '\\' => out.extend(chars.next().map(|(_, c)| c)),
                c => out.push(c),
            }
        }
        Err(format!("the text {rest:?} has no end"))
    }

    fn indexes(&mut self) -> Result<Step, String> {
        let first = self.integer()?;
        self.blanks();
        if self.take(":") {
            self.blanks();
            let end = self.integer()?;
            self.blanks();
            if self.rest().starts_with(':') {
                return Err("a slice has no step here: [from:to]".to_owned());
            }
            return Ok(Step::Slice(first, end));
        }
        let Some(first) = first else {
            return Err(format!("a number is missing before {:?}", self.rest()));
        };
        let mut indexes = vec![first];
        while self.take(",") {
            self.blanks();
            match self.integer()? {
                Some(index) => indexes.push(index),
                None => return Err(format!("a number is missing before {:?}", self.rest())),
            }
            self.blanks();
        }
        Ok(match indexes.len() {
            1 => Step::Index(first),
            _ => Step::Indexes(indexes),
        })
    }

    fn integer(&mut self) -> Result<Option<i64>, String> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if sign + digits == 0 {
            return Ok(None);
        }
        let text = &rest[..sign + digits];
        self.at += text.len();
        let number = text.parse();
        number
            .map(Some)
            .map_err(|_| format!("{text} is not a whole number"))
    }
}
