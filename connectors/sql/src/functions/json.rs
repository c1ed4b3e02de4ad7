//! GET_JSON_OBJECT.

use arrow_array::ArrayRef;
use seatunnel_api::Result;
use serde_json::Value;

use super::Call;
use crate::columnar::{Number, build_texts};
use crate::text::write_number;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Position(usize),
}

/// Reads `$.field[0]['other field']`. None for what is no such path: there is nothing at it.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (name, next) = behind.split_at(end);
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = next;
            continue;
        }
        let behind = rest.strip_prefix('[')?;
        let mut quote = None;
        let end = behind.char_indices().find(|(_, c)| match quote {
            Some(open) => {
                if *c == open {
                    quote = None;
                }
                false
            }
            None => {
                if matches!(c, '\'' | '"') {
                    quote = Some(*c);
                }
                *c == ']'
            }
        });
        let (end, _) = end?;
        let inside = behind[..end].trim();
        rest = &behind[end + 1..];
        let quoted = ['\'', '"']
            .iter()
            .find_map(|q| inside.strip_prefix(*q)?.strip_suffix(*q));
        steps.push(match quoted {
            Some(name) => Step::Field(name.to_owned()),
            None => Step::Position(inside.parse().ok()?),
        });
    }
    Some(steps)
}

fn at<'v>(root: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Field(name) => value.as_object()?.get(name),
        Step::Position(position) => value.as_array()?.get(*position),
    })
}

pub(super) fn get_json_object(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, paths) = (call.args[0].texts(), call.args[1].texts());
    let mut last: Option<(&str, Option<Vec<Step>>)> = None;
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(path)) = (texts.get(row), paths.get(row)) else {
            return Ok(false);
        };
        if last.as_ref().is_none_or(|(known, _)| *known != path) {
            last = Some((path, steps(path)));
        }
        let Some((_, Some(steps))) = &last else {
            return Ok(false);
        };
        let Ok(root) = serde_json::from_str::<Value>(text) else {
            return Ok(false);
        };
        Ok(match at(&root, steps) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => {
                out.push_str(text);
                true
            }
            Some(Value::Number(number)) => {
                match number.as_f64().filter(|_| number.is_f64()) {
                    Some(double) => write_number(Number::Double(double), out),
                    None => out.push_str(&number.to_string()),
                }
                true
            }
            Some(other) => {
                out.push_str(&other.to_string());
                true
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_far_as_they_are_paths() {
        let field = |name: &str| Step::Field(name.to_owned());
        for (path, expected) in [
            ("$", Some(vec![])),
            (
                "$.a.b[2]",
                Some(vec![field("a"), field("b"), Step::Position(2)]),
            ),
            ("$['a.b'][\"c]d\"]", Some(vec![field("a.b"), field("c]d")])),
            ("$[ 0 ].x", Some(vec![Step::Position(0), field("x")])),
            ("a", None),
            ("$a", None),
            ("$..a", None),
            ("$[*]", None),
            ("$[-1]", None),
            ("$[0", None),
            ("", None),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
