//! REGEXP_REPLACE, REGEXP_LIKE, REGEXP_SUBSTR: Java's regular expressions.

use arrow_array::ArrayRef;
use seatunnel_api::Result;
use seatunnel_transforms::java_regex::{Flags, Groups, JavaRegex, Replacement, next_search};

use super::Call;
use crate::columnar::{Texts, build_booleans, build_texts};

fn flags(call: &Call<'_>, text: Option<&str>) -> Result<Flags> {
    let mut flags = Flags::default();
    for flag in text.unwrap_or_default().chars() {
        match flag {
            'i' => flags.ignore_case = true,
            'c' => flags.ignore_case = false,
            'n' => flags.dot_all = true,
            'm' => flags.multi_line = true,
            other => {
                return Err(call.refuse(format!("there is no flag {other:?}; i, c, n and m are")));
            }
        }
    }
    Ok(flags)
}

/// Patterns of a call: compiled once where all rows have the same, before the first row.
struct Patterns<'a> {
    patterns: Texts<'a>,
    flags: Option<Texts<'a>>,
    last: Option<(&'a str, Option<&'a str>, JavaRegex)>,
}

impl<'a> Patterns<'a> {
    fn new(call: &Call<'a>, pattern: usize, flags: usize) -> Result<Self> {
        let mut patterns = Self {
            patterns: call.args[pattern].texts(),
            flags: call.args.get(flags).map(|f| f.texts()),
            last: None,
        };
        if patterns.patterns.constant().is_some() && (patterns.flags.is_none() || call.rows > 0) {
            patterns.get(call, 0)?;
        } else if let Some(pattern) = patterns.patterns.constant() {
            JavaRegex::new(pattern, Flags::default())?;
        }
        Ok(patterns)
    }

    fn get(&mut self, call: &Call<'_>, row: usize) -> Result<Option<&JavaRegex>> {
        let Some(pattern) = self.patterns.get(row) else {
            return Ok(None);
        };
        let given = self.flags.as_ref().and_then(|f| f.get(row));
        let known = matches!(&self.last, Some((p, f, _)) if *p == pattern && *f == given);
        if !known {
            let regex = JavaRegex::new(pattern, flags(call, given)?)?;
            self.last = Some((pattern, given, regex));
        }
        Ok(self.last.as_ref().map(|(_, _, regex)| regex))
    }
}

pub(super) fn replace(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, replacements) = (call.args[0].texts(), call.args[2].texts());
    let mut patterns = Patterns::new(call, 1, 3)?;
    let mut groups = Groups::default();
    let mut last: Option<(&str, &str, Replacement)> = None;
    if let (Some(pattern), Some(text)) = (patterns.patterns.constant(), replacements.constant()) {
        // A mistake in the replacement shows before the first row.
        JavaRegex::new(pattern, Flags::default())?.replacement(text)?;
    }
    build_texts(call.rows, |row, out| {
        let pattern_text = patterns.patterns.get(row);
        let (Some(text), Some(with), Some(pattern_text)) =
            (texts.get(row), replacements.get(row), pattern_text)
        else {
            return Ok(false);
        };
        let Some(regex) = patterns.get(call, row)? else {
            return Ok(false);
        };
        if !matches!(&last, Some((w, p, _)) if *w == with && *p == pattern_text) {
            last = Some((with, pattern_text, regex.replacement(with)?));
        }
        if let Some((_, _, replacement)) = &last {
            regex.replace(text, replacement, false, &mut groups, out)?;
        }
        Ok(true)
    })
}

pub(super) fn like(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    let mut patterns = Patterns::new(call, 1, 2)?;
    build_booleans(call.rows, |row| {
        match (texts.get(row), patterns.get(call, row)?) {
            (Some(text), Some(regex)) => regex.is_match(text).map(Some),
            _ => Ok(None),
        }
    })
}

pub(super) fn substr(call: &Call<'_>) -> Result<ArrayRef> {
    use arrow_array::types::Int64Type;
    let texts = call.args[0].texts();
    let mut patterns = Patterns::new(call, 1, 4)?;
    let number = |arg: usize| call.args.get(arg).map(|a| a.primitives::<Int64Type>());
    let (positions, occurrences, wanted) = (number(2), number(3), number(5));
    let mut groups = Groups::default();
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(regex)) = (texts.get(row), patterns.get(call, row)?) else {
            return Ok(false);
        };
        let value = |numbers: &Option<_>, otherwise: i64| {
            numbers
                .as_ref()
                .and_then(|n: &crate::columnar::Primitives<'_, Int64Type>| n.get(row))
                .unwrap_or(otherwise)
        };
        let group = value(&wanted, 0);
        if group < 0 || group as usize >= regex.group_count() {
            return Err(call.refuse(format!("the pattern has no group {group}")));
        }
        let skip = value(&positions, 1).max(1) as usize - 1;
        let mut from = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .nth(skip);
        let mut left = value(&occurrences, 1).max(1);
        while let Some(start) = from {
            if !regex.captures_at(text, start, &mut groups)? {
                return Ok(false);
            }
            left -= 1;
            if left == 0 {
                return Ok(match groups.get(group as usize) {
                    Some((start, end)) => {
                        out.push_str(&text[start..end]);
                        true
                    }
                    None => false,
                });
            }
            from = groups
                .get(0)
                .and_then(|(start, end)| next_search(text, start, end));
        }
        Ok(false)
    })
}
