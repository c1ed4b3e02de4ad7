//! Java's replacement texts: `$1`, `${name}` and backslashes (`java.util.regex.Matcher`).

use super::Groups;

/// A replacement text, taken apart once.
#[derive(Clone, Debug)]
pub struct Replacement(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Group(usize),
}

impl Replacement {
    /// The text, if no group stands in it.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Reads a replacement for a pattern with these groups; names in the order of their numbers.
    pub(super) fn parse(text: &str, groups: &[Option<&str>]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some(next) => literal.push(next),
                    None => return Err("the replacement ends with a single backslash".to_owned()),
                },
                '$' => {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    let number = if rest.next_if_eq(&'{').is_some() {
                        let mut name = String::new();
                        while let Some(c) = rest.next_if(|c| *c != '}') {
                            name.push(c);
                        }
                        if rest.next().is_none() {
                            return Err(format!("${{{name} has no closing brace"));
                        }
                        groups
                            .iter()
                            .position(|g| *g == Some(name.as_str()))
                            .ok_or_else(|| format!("the pattern has no group named {name:?}"))?
                    } else {
                        let digit = |c: &char| c.is_ascii_digit();
                        let first = rest.next_if(digit).ok_or(
                            "a $ in the replacement needs a group's number behind it; write \\$ for the sign itself",
                        )?;
                        let mut number = first as usize - '0' as usize;
                        if number >= groups.len() {
                            return Err(format!("the pattern has no group {number}"));
                        }
                        // More digits belong to the number as long as there is such a group.
                        while let Some(next) = rest.peek().copied().filter(digit) {
                            let longer = number * 10 + (next as usize - '0' as usize);
                            if longer >= groups.len() {
                                break;
                            }
                            number = longer;
                            rest.next();
                        }
                        number
                    };
                    parts.push(Part::Group(number));
                }
                other => literal.push(other),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    pub(super) fn append(&self, text: &str, groups: &Groups, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(literal) => out.push_str(literal),
                Part::Group(number) => {
                    if let Some((start, end)) = groups.get(*number) {
                        out.push_str(&text[start..end]);
                    }
                }
            }
        }
    }
}
