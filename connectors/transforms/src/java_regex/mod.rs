//! Regular expressions as SeaTunnel's users write them: Java's.
//!
//! The `regex` crate matches in linear time; a pattern that needs to look around or back is matched
//! by `fancy-regex`, which may give up on costly ones with an error.

mod replacement;
mod translate;

use regex_syntax::hir::{Class, HirKind};
use seatunnel_api::{Error, Result};

use crate::codes;
pub use replacement::Replacement;

/// How a pattern is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Upper and lower case are the same.
    pub ignore_case: bool,
    /// `.` matches line ends too.
    pub dot_all: bool,
    /// `^` and `$` match at every line.
    pub multi_line: bool,
}

/// A compiled pattern in Java's syntax.
#[derive(Clone, Debug)]
pub struct JavaRegex {
    pattern: String,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

/// Where the groups of a match are; group 0 is the whole match. Kept between matches.
#[derive(Debug, Default)]
pub struct Groups(Vec<Option<(usize, usize)>>);

impl Groups {
    /// Start and end of a group in bytes; none if it took no part or isn't there.
    pub fn get(&self, number: usize) -> Option<(usize, usize)> {
        self.0.get(number).copied().flatten()
    }
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If the pattern is not valid or uses what has no counterpart here.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self> {
        Self::compile(pattern, flags, false)
    }

    /// Compiles a pattern that has to match a whole text, as `String.matches` has it.
    ///
    /// # Errors
    /// As [`JavaRegex::new`].
    pub fn whole(pattern: &str) -> Result<Self> {
        Self::whole_with(pattern, Flags::default())
    }

    /// As [`JavaRegex::whole`], with flags.
    ///
    /// # Errors
    /// As [`JavaRegex::new`].
    pub fn whole_with(pattern: &str, flags: Flags) -> Result<Self> {
        Self::compile(pattern, flags, true)
    }

    fn compile(pattern: &str, flags: Flags, whole: bool) -> Result<Self> {
        let invalid = |why: String| {
            Error::new(
                codes::PATTERN_INVALID,
                format!("the pattern {pattern:?} is not valid: {why}"),
            )
        };
        let mut translated = translate::translate(pattern, flags.dot_all).map_err(invalid)?;
        if whole {
            translated = format!(r"\A(?:{translated})\z");
        }
        let switches: String = [
            (flags.ignore_case, 'i'),
            (flags.dot_all, 's'),
            (flags.multi_line, 'm'),
        ]
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, switch)| *switch)
        .collect();
        if !switches.is_empty() {
            translated = format!("(?{switches}){translated}");
        }
        let engine = match regex::Regex::new(&translated) {
            Ok(regex) => Engine::Linear(regex),
            Err(linear) => match fancy_regex::Regex::new(&translated) {
                Ok(regex) => Engine::Backtracking(regex),
                Err(_) => {
                    let text = linear.to_string();
                    let why = text.lines().last().unwrap_or_default();
                    return Err(invalid(why.trim_start_matches("error: ").to_owned()));
                }
            },
        };
        Ok(Self {
            pattern: pattern.to_owned(),
            engine,
        })
    }

    fn gave_up(&self, error: &fancy_regex::Error) -> Error {
        Error::new(
            codes::PATTERN_INVALID,
            format!("matching the pattern {:?} was given up", self.pattern),
        )
        .with_context("reason", error)
    }

    /// Whether the pattern is found in the text.
    ///
    /// # Errors
    /// If matching was given up as too costly.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|e| self.gave_up(&e)),
        }
    }

    /// The first match at or behind a position in bytes.
    ///
    /// # Errors
    /// If matching was given up as too costly.
    pub fn find_at(&self, text: &str, start: usize) -> Result<Option<(usize, usize)>> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.find_at(text, start).map(|m| (m.start(), m.end()))),
            Engine::Backtracking(regex) => regex
                .find_from_pos(text, start)
                .map(|found| found.map(|m| (m.start(), m.end())))
                .map_err(|e| self.gave_up(&e)),
        }
    }

    /// As [`JavaRegex::find_at`], with groups.
    ///
    /// # Errors
    /// If matching was given up as too costly.
    pub fn captures_at(&self, text: &str, start: usize, groups: &mut Groups) -> Result<bool> {
        groups.0.clear();
        match &self.engine {
            Engine::Linear(regex) => {
                if let Some(captures) = regex.captures_at(text, start) {
                    let spans = captures.iter().map(|g| g.map(|m| (m.start(), m.end())));
                    groups.0.extend(spans);
                }
            }
            Engine::Backtracking(regex) => {
                let found = regex
                    .captures_from_pos(text, start)
                    .map_err(|e| self.gave_up(&e))?;
                if let Some(captures) = found {
                    let spans = captures.iter().map(|g| g.map(|m| (m.start(), m.end())));
                    groups.0.extend(spans);
                }
            }
        }
        Ok(!groups.0.is_empty())
    }

    /// The characters that the pattern stands for, if it is a choice of single characters of ASCII and nothing
    /// else: `-`, `[ae]`, `\s`.
    pub fn single_bytes(&self) -> Option<Vec<u8>> {
        let Engine::Linear(regex) = &self.engine else {
            return None;
        };
        let parsed = regex_syntax::parse(regex.as_str()).ok()?;
        match parsed.kind() {
            HirKind::Literal(literal) => match literal.0.as_ref() {
                [byte] if byte.is_ascii() => Some(vec![*byte]),
                _ => None,
            },
            HirKind::Class(Class::Unicode(class)) => {
                let ranges = class.ranges();
                let ascii = ranges.iter().all(|range| range.end().is_ascii());
                let bytes = ranges
                    .iter()
                    .flat_map(|range| range.start() as u8..=range.end() as u8);
                ascii.then(|| bytes.collect())
            }
            _ => None,
        }
    }

    /// Number of groups, the whole match included.
    pub fn group_count(&self) -> usize {
        match &self.engine {
            Engine::Linear(regex) => regex.captures_len(),
            Engine::Backtracking(regex) => regex.captures_len(),
        }
    }

    /// Reads a replacement text for this pattern.
    ///
    /// # Errors
    /// If it names a group that the pattern doesn't have.
    pub fn replacement(&self, text: &str) -> Result<Replacement> {
        let names: Vec<Option<&str>> = match &self.engine {
            Engine::Linear(regex) => regex.capture_names().collect(),
            Engine::Backtracking(regex) => regex.capture_names().collect(),
        };
        Replacement::parse(text, &names).map_err(|why| {
            Error::new(
                codes::PATTERN_INVALID,
                format!("the replacement {text:?} is not valid: {why}"),
            )
        })
    }

    /// Appends the text to `out` with the first match or all of them replaced.
    ///
    /// # Errors
    /// If matching was given up as too costly.
    pub fn replace(
        &self,
        text: &str,
        replacement: &Replacement,
        first_only: bool,
        groups: &mut Groups,
        out: &mut String,
    ) -> Result<()> {
        let plain = replacement.plain();
        let mut copied = 0;
        let mut from = Some(0);
        while let Some(start) = from {
            // Where groups are costs more to find out than where the match is.
            let found = match plain {
                Some(_) => self.find_at(text, start)?,
                None if self.captures_at(text, start, groups)? => groups.get(0),
                None => None,
            };
            let Some((start, end)) = found else { break };
            out.push_str(&text[copied..start]);
            match plain {
                Some(plain) => out.push_str(plain),
                None => replacement.append(text, groups, out),
            }
            copied = end;
            if first_only {
                break;
            }
            from = next_search(text, start, end);
        }
        out.push_str(&text[copied..]);
        Ok(())
    }

    /// Takes a text apart as Java's `String.split(pattern, limit)` with a limit above 0 does:
    /// at most `limit` parts, the last with all that is left. `parts` is cleared first.
    ///
    /// # Errors
    /// If matching was given up as too costly.
    pub fn split(&self, text: &str, limit: usize, parts: &mut Vec<(usize, usize)>) -> Result<()> {
        parts.clear();
        let mut begin = 0;
        let mut from = Some(0);
        while let Some(search) = from.filter(|_| parts.len() + 1 < limit) {
            let Some((start, end)) = self.find_at(text, search)? else {
                break;
            };
            // Nothing in front of the text is no part.
            if !(begin == 0 && start == 0 && end == 0) {
                parts.push((begin, start));
                begin = end;
            }
            from = next_search(text, start, end);
        }
        parts.push((begin, text.len()));
        Ok(())
    }
}

/// Where Java looks for the next match: behind this one, one character further if it is empty.
/// (The `regex` crate would also skip an empty match right behind one that is not.)
pub fn next_search(text: &str, start: usize, end: usize) -> Option<usize> {
    if end > start {
        return Some(end);
    }
    text[end..].chars().next().map(|c| end + c.len_utf8())
}

#[cfg(test)]
mod tests;
