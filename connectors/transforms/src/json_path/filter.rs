//! Conditions in paths: `[?(@.price < 10 && @.kind in ['a', 'b'])]`.

use std::borrow::Cow;

use super::eval::find;
use super::json::Json;
use super::path::{JsonPath, PathParser};
use crate::java_regex::{Flags, JavaRegex};

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// There is such a value.
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    Matches(Operand, JavaRegex),
}

/// What is compared.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// From the value that is tested.
    Here(JsonPath),
    /// From the whole.
    Root(JsonPath),
    Literal(Json<'static>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
}

/// Longer ones before those that they begin with.
const OPERATORS: &[(&str, Operator)] = &[
    ("===", Operator::Equal),
    ("!==", Operator::NotEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("contains", Operator::Contains),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

pub(super) struct FilterParser<'p, 't> {
    path: &'p mut PathParser<'t>,
}

impl<'p, 't> FilterParser<'p, 't> {
    pub(super) fn new(path: &'p mut PathParser<'t>) -> Self {
        Self { path }
    }

    /// A condition in round brackets.
    pub(super) fn filter(mut self) -> Result<Filter, String> {
        if !self.path.take("(") {
            return Err(format!("a ( is missing before {:?}", self.path.rest()));
        }
        let filter = self.any(0)?;
        self.close()?;
        Ok(filter)
    }

    fn close(&mut self) -> Result<(), String> {
        self.path.blanks();
        match self.path.take(")") {
            true => Ok(()),
            false => Err(format!("a ) is missing before {:?}", self.path.rest())),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Filter, String> {
        let mut parts = vec![self.all(depth)?];
        loop {
            self.path.blanks();
            if !self.path.take("||") {
                break;
            }
            parts.push(self.all(depth)?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Filter::Or(parts),
        })
    }

    fn all(&mut self, depth: usize) -> Result<Filter, String> {
        let mut parts = vec![self.one(depth)?];
        loop {
            self.path.blanks();
            if !self.path.take("&&") {
                break;
            }
            parts.push(self.one(depth)?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Filter::And(parts),
        })
    }

    fn one(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > 64 {
            return Err("a condition is nested too deep".to_owned());
        }
        self.path.blanks();
        if self.path.take("!") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.path.take("(") {
            let inner = self.any(depth + 1)?;
            self.close()?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.path.blanks();
        if self.path.take("=~") {
            self.path.blanks();
            return Ok(Filter::Matches(left, self.regex()?));
        }
        let rest = self.path.rest();
        let lower = rest
            .get(..rest.len().min(8))
            .unwrap_or(rest)
            .to_ascii_lowercase();
        let word = |text: &str| {
            let behind = rest[text.len()..].chars().next();
            // `in` must not be the start of a longer word.
            !text.starts_with(char::is_alphabetic) || behind.is_none_or(|c| !c.is_alphanumeric())
        };
        let found = OPERATORS
            .iter()
            .find(|(text, _)| lower.starts_with(text) && word(text));
        let Some((text, operator)) = found else {
            return match (rest.chars().next(), &left) {
                (_, Operand::Literal(_)) => Err(format!("an operator is missing before {rest:?}")),
                (Some(')' | '&' | '|') | None, _) => Ok(Filter::Exists(left)),
                _ => Err(format!("there is no such operator: {rest:?}")),
            };
        };
        self.path.at += text.len();
        self.path.blanks();
        let right = self.operand()?;
        Ok(Filter::Compare(left, *operator, right))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let rest = self.path.rest();
        match rest.chars().next() {
            Some('@') => Ok(Operand::Here(self.path.path()?)),
            Some('$') => Ok(Operand::Root(self.path.path()?)),
            Some('\'' | '"') => Ok(Operand::Literal(Json::String(Cow::Owned(
                self.path.quoted()?,
            )))),
            Some('[') => self.list(),
            _ => self.word(),
        }
    }

    fn list(&mut self) -> Result<Operand, String> {
        self.path.at += 1;
        let mut items = Vec::new();
        loop {
            self.path.blanks();
            if self.path.take("]") {
                return Ok(Operand::Literal(Json::Array(items)));
            }
            match self.operand()? {
                Operand::Literal(item) => items.push(item),
                _ => return Err("a list in a condition holds values, no paths".to_owned()),
            }
            self.path.blanks();
            if !self.path.take(",") && !self.path.rest().starts_with(']') {
                return Err(format!("a ] is missing before {:?}", self.path.rest()));
            }
        }
    }

    fn word(&mut self) -> Result<Operand, String> {
        let rest = self.path.rest();
        let ends = |c: char| matches!(c, ')' | ']' | ',' | '&' | '|') || c.is_whitespace();
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if word.is_empty() {
            return Err(format!("a value is missing before {rest:?}"));
        }
        self.path.at += word.len();
        match Json::parse(word)? {
            Json::String(_) => Err(format!("the text {word} needs quotes")),
            Json::Bool(value) => Ok(Operand::Literal(Json::Bool(value))),
            Json::Number(text) => Ok(Operand::Literal(Json::Number(text.into_owned().into()))),
            _ => Ok(Operand::Literal(Json::Null)),
        }
    }

    /// `/pattern/i`
    fn regex(&mut self) -> Result<JavaRegex, String> {
        if !self.path.take("/") {
            return Err(format!(
                "a pattern like /…/ is missing before {:?}",
                self.path.rest()
            ));
        }
        let rest = self.path.rest();
        let mut escaped = false;
        let end = rest.find(|c: char| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            return Err(format!("the pattern /{rest} has no end"));
        };
        let pattern = rest[..end].replace("\\/", "/");
        self.path.at += end + 1;
        let mut flags = Flags::default();
        loop {
            if self.path.take("i") {
                flags.ignore_case = true;
            } else if self.path.take("s") {
                flags.dot_all = true;
            } else if self.path.take("m") {
                flags.multi_line = true;
            } else {
                break;
            }
        }
        JavaRegex::whole_with(&pattern, flags).map_err(|e| e.to_string())
    }
}

impl Filter {
    /// Whether a value passes. What can't be compared doesn't.
    pub(super) fn passes(&self, root: &Json<'_>, here: &Json<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.passes(root, here)),
            Self::Or(parts) => parts.iter().any(|p| p.passes(root, here)),
            Self::Not(part) => !part.passes(root, here),
            Self::Exists(operand) => operand.value(root, here).is_some(),
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.value(root, here), right.value(root, here));
                operator.holds(left.as_deref(), right.as_deref())
            }
            Self::Matches(operand, regex) => match operand.value(root, here).as_deref() {
                None | Some(Json::Null | Json::Array(_) | Json::Object(_)) => false,
                Some(value) => regex.is_match(&value.to_text()).unwrap_or(false),
            },
        }
    }
}

impl Operand {
    fn value<'r>(&'r self, root: &'r Json<'r>, here: &'r Json<'r>) -> Option<Cow<'r, Json<'r>>> {
        let (path, from) = match self {
            Self::Literal(value) => return Some(Cow::Borrowed(value)),
            Self::Here(path) => (path, here),
            Self::Root(path) => (path, root),
        };
        find(path, root, from).ok()
    }
}

impl Operator {
    fn holds(self, left: Option<&Json<'_>>, right: Option<&Json<'_>>) -> bool {
        match self {
            Self::Equal => match (left, right) {
                (Some(left), Some(right)) => equal(left, right),
                (left, right) => left.is_none() && right.is_none(),
            },
            Self::NotEqual => !Self::Equal.holds(left, right),
            Self::Less => order(left, right).is_some_and(|o| o.is_lt()),
            Self::LessOrEqual => order(left, right).is_some_and(|o| o.is_le()),
            Self::Greater => order(left, right).is_some_and(|o| o.is_gt()),
            Self::GreaterOrEqual => order(left, right).is_some_and(|o| o.is_ge()),
            Self::In => match (left, right) {
                (Some(left), Some(right)) => items(right).iter().any(|item| equal(left, item)),
                _ => false,
            },
            Self::NotIn => !Self::In.holds(left, right),
            Self::Contains => match (left, right) {
                (Some(Json::String(text)), Some(Json::String(part))) => {
                    text.contains(part.as_ref())
                }
                (Some(left), Some(right)) => items(left).iter().any(|item| equal(item, right)),
                _ => false,
            },
            Self::SubsetOf | Self::AnyOf | Self::NoneOf => {
                let (Some(left), Some(right)) = (left, right) else {
                    return false;
                };
                let within = |item: &Json<'_>| items(right).iter().any(|other| equal(item, other));
                match self {
                    Self::SubsetOf => items(left).iter().all(within),
                    Self::AnyOf => items(left).iter().any(within),
                    _ => !items(left).iter().any(within),
                }
            }
            Self::Size => {
                let size = match left {
                    Some(Json::String(text)) => text.chars().count(),
                    Some(Json::Array(items)) => items.len(),
                    _ => return false,
                };
                right.and_then(Json::as_f64) == Some(size as f64)
            }
            Self::Empty => {
                let empty = match left {
                    Some(Json::String(text)) => text.is_empty(),
                    Some(Json::Array(items)) => items.is_empty(),
                    Some(Json::Object(members)) => members.is_empty(),
                    _ => return false,
                };
                right == Some(&Json::Bool(empty))
            }
        }
    }
}

fn items<'r, 'a>(value: &'r Json<'a>) -> &'r [Json<'a>] {
    match value {
        Json::Array(items) => items,
        _ => &[],
    }
}

fn equal(left: &Json<'_>, right: &Json<'_>) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn order(left: Option<&Json<'_>>, right: Option<&Json<'_>>) -> Option<std::cmp::Ordering> {
    let (left, right) = (left?, right?);
    match (left, right) {
        (Json::Number(_), Json::Number(_)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
