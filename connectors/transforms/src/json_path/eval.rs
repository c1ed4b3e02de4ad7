//! Values that a path leads to.

use std::borrow::Cow;

use super::json::Json;
use super::path::{Function, JsonPath, Step};

impl JsonPath {
    /// What the path leads to: the value itself of a definite path, a list of any other.
    ///
    /// # Errors
    /// Why a definite path leads nowhere, or a function has nothing to work on.
    pub fn read<'r>(&self, root: &'r Json<'r>) -> Result<Cow<'r, Json<'r>>, String> {
        find(self, root, root)
    }
}

/// What a path leads to from a value on.
pub(super) fn find<'r>(
    path: &JsonPath,
    root: &'r Json<'r>,
    from: &'r Json<'r>,
) -> Result<Cow<'r, Json<'r>>, String> {
    let found = if path.is_definite() {
        definite(&path.steps, from)?
    } else {
        let mut values = Vec::new();
        collect(&path.steps, root, from, &mut values);
        Cow::Owned(Json::Array(values.into_iter().cloned().collect()))
    };
    match path.function {
        None => Ok(found),
        Some(function) => function.of(&found).map(Cow::Owned),
    }
}

fn definite<'r>(steps: &[Step], from: &'r Json<'r>) -> Result<Cow<'r, Json<'r>>, String> {
    let mut value = from;
    for step in steps {
        value = match step {
            Step::Member(name) => match value {
                Json::Object(_) => value
                    .get(name)
                    .ok_or_else(|| format!("there is no member {name:?}"))?,
                other => return Err(format!("{} has no member {name:?}", other.kind())),
            },
            Step::Index(index) => match value {
                Json::Array(items) => at(items, *index)
                    .ok_or_else(|| format!("a list of {} has no item {index}", items.len()))?,
                other => return Err(format!("{} has no item {index}", other.kind())),
            },
            Step::Members(names) => match value {
                Json::Object(_) => {
                    let members = names.iter();
                    let members = members
                        .filter_map(|name| Some((name.clone().into(), value.get(name)?.clone())));
                    return Ok(Cow::Owned(Json::Object(members.collect())));
                }
                other => return Err(format!("{} has no members", other.kind())),
            },
            // Not definite.
            _ => return Err("the path is not definite".to_owned()),
        };
    }
    Ok(Cow::Borrowed(value))
}

fn at<'r>(items: &'r [Json<'r>], index: i64) -> Option<&'r Json<'r>> {
    items.get(position(items.len(), index)?)
}

fn position(length: usize, index: i64) -> Option<usize> {
    let at = if index < 0 {
        length as i64 + index
    } else {
        index
    };
    usize::try_from(at).ok()
}

fn collect<'r>(
    steps: &[Step],
    root: &'r Json<'r>,
    value: &'r Json<'r>,
    out: &mut Vec<&'r Json<'r>>,
) {
    let Some((step, rest)) = steps.split_first() else {
        out.push(value);
        return;
    };
    match (step, value) {
        (Step::Member(name), _) => {
            if let Some(member) = value.get(name) {
                collect(rest, root, member, out);
            }
        }
        (Step::Members(names), _) => {
            for member in names.iter().filter_map(|name| value.get(name)) {
                collect(rest, root, member, out);
            }
        }
        (Step::Index(index), Json::Array(items)) => {
            if let Some(item) = at(items, *index) {
                collect(rest, root, item, out);
            }
        }
        (Step::Indexes(indexes), Json::Array(items)) => {
            for item in indexes.iter().filter_map(|index| at(items, *index)) {
                collect(rest, root, item, out);
            }
        }
        (Step::Slice(start, end), Json::Array(items)) => {
            let bound = |bound: Option<i64>, missing: usize| match bound {
                None => missing,
                Some(index) => position(items.len(), index).unwrap_or(0).min(items.len()),
            };
            let (start, end) = (bound(*start, 0), bound(*end, items.len()));
            for item in items.get(start..end).unwrap_or_default() {
                collect(rest, root, item, out);
            }
        }
        (Step::All, Json::Array(items)) => {
            for item in items {
                collect(rest, root, item, out);
            }
        }
        (Step::All, Json::Object(members)) => {
            for (_, member) in members {
                collect(rest, root, member, out);
            }
        }
        (Step::Filter(filter), Json::Array(items)) => {
            for item in items {
                if filter.passes(root, item) {
                    collect(rest, root, item, out);
                }
            }
        }
        (Step::Filter(filter), Json::Object(_)) if filter.passes(root, value) => {
            collect(rest, root, value, out);
        }
        (Step::Deep, _) => {
            collect(rest, root, value, out);
            match value {
                Json::Array(items) => {
                    for item in items {
                        collect(steps, root, item, out);
                    }
                }
                Json::Object(members) => {
                    for (_, member) in members {
                        collect(steps, root, member, out);
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

impl Function {
    fn of(self, value: &Json<'_>) -> Result<Json<'static>, String> {
        let number = |n: f64| Json::Number(shown(n).into());
        match self {
            Self::Length => match value {
                Json::Array(items) => Ok(Json::Number(items.len().to_string().into())),
                Json::Object(members) => Ok(Json::Number(members.len().to_string().into())),
                Json::String(text) => Ok(Json::Number(text.chars().count().to_string().into())),
                other => Err(format!("{} has no length", other.kind())),
            },
            Self::Keys => match value {
                Json::Object(members) => {
                    let names = members.iter();
                    let names =
                        names.map(|(name, _)| Json::String(name.clone().into_owned().into()));
                    Ok(Json::Array(names.collect()))
                }
                other => Err(format!("{} has no keys", other.kind())),
            },
            Self::First | Self::Last => match value {
                Json::Array(items) => {
                    let item = if self == Self::First {
                        items.first()
                    } else {
                        items.last()
                    };
                    item.map(owned)
                        .ok_or_else(|| "the list is empty".to_owned())
                }
                other => Err(format!("{} has no items", other.kind())),
            },
            Self::Concat => match value {
                Json::Array(items) => {
                    let texts = items.iter().map(Json::to_text);
                    Ok(Json::String(texts.collect::<String>().into()))
                }
                other => Ok(Json::String(other.to_text().into_owned().into())),
            },
            Self::Min | Self::Max | Self::Sum | Self::Avg | Self::StdDev => {
                let numbers: Vec<f64> = match value {
                    Json::Array(items) => items.iter().filter_map(Json::as_f64).collect(),
                    other => other.as_f64().into_iter().collect(),
                };
                if numbers.is_empty() {
                    return Err("there are no numbers to work on".to_owned());
                }
                let count = numbers.len() as f64;
                let sum: f64 = numbers.iter().sum();
                Ok(number(match self {
                    Self::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
                    Self::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    Self::Sum => sum,
                    Self::Avg => sum / count,
                    _ => {
                        let squares: f64 = numbers.iter().map(|n| n * n).sum();
                        (squares / count - (sum / count).powi(2)).max(0.0).sqrt()
                    }
                }))
            }
        }
    }
}

/// As Java prints a double, but for very large and small ones.
fn shown(number: f64) -> String {
    format!("{number:?}")
}

fn owned(value: &Json<'_>) -> Json<'static> {
    match value {
        Json::Null => Json::Null,
        Json::Bool(b) => Json::Bool(*b),
        Json::Number(text) => Json::Number(text.clone().into_owned().into()),
        Json::String(text) => Json::String(text.clone().into_owned().into()),
        Json::Array(items) => Json::Array(items.iter().map(owned).collect()),
        Json::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, v)| (name.clone().into_owned().into(), owned(v)));
            Json::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = r#"{
        "store": {
            "book": [
                {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
                {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99},
                {"category": "fiction", "author": "Melville", "title": "Moby Dick", "isbn": "0-553", "price": 8.99}
            ],
            "bicycle": {"color": "red", "price": 19.95, "gears": null}
        },
        "expensive": 10,
        "numbers": [1, 2.5, "3"],
        "tags": ["a", "b", "c", "d"]
    }"#;

    fn read(path: &str) -> Result<String, String> {
        let root = Json::parse(STORE).unwrap();
        let path = JsonPath::parse(path).unwrap();
        let found = path.read(&root)?;
        let mut out = String::new();
        found.write(&mut out);
        Ok(out)
    }

    #[test]
    fn paths_lead_where_jayways_do() {
        for (path, expected) in [
            ("$.expensive", "10"),
            ("expensive", "10"),
            ("$.store.bicycle.color", r#""red""#),
            ("$['store']['bicycle']['color']", r#""red""#),
            ("$.store.bicycle.gears", "null"),
            ("$.store.book[0].title", r#""Sayings""#),
            ("$.store.book[-1].title", r#""Moby Dick""#),
            ("$.store.book[*].author", r#"["Rees","Waugh","Melville"]"#),
            ("$..author", r#"["Rees","Waugh","Melville"]"#),
            ("$.store..price", "[8.95,12.99,8.99,19.95]"),
            ("$..book[2].title", r#"["Moby Dick"]"#),
            ("$..book[0,1].title", r#"["Sayings","Sword"]"#),
            ("$.tags[:2]", r#"["a","b"]"#),
            ("$.tags[1:3]", r#"["b","c"]"#),
            ("$.tags[-2:]", r#"["c","d"]"#),
            ("$.tags[0,9]", r#"["a"]"#),
            (
                "$.store.bicycle['color','price']",
                r#"{"color":"red","price":19.95}"#,
            ),
            (
                "$.store.book[*]['title','price']",
                r#"["Sayings",8.95,"Sword",12.99,"Moby Dick",8.99]"#,
            ),
            ("$..book[?(@.isbn)].title", r#"["Moby Dick"]"#),
            ("$..book[?(!@.isbn)].title", r#"["Sayings","Sword"]"#),
            (
                "$.store.book[?(@.price < 10)].title",
                r#"["Sayings","Moby Dick"]"#,
            ),
            (
                "$..book[?(@.price <= $['expensive'])].title",
                r#"["Sayings","Moby Dick"]"#,
            ),
            ("$..book[?(@.author =~ /.*WAUGH/i)].title", r#"["Sword"]"#),
            (
                "$..book[?(@.category == 'fiction' && @.price > 10)].title",
                r#"["Sword"]"#,
            ),
            (
                "$..book[?(@.author in ['Rees', 'Nobody'] || @.isbn == \"0-553\")].title",
                r#"["Sayings","Moby Dick"]"#,
            ),
            ("$..book[?(@.title contains 'Moby')].price", "[8.99]"),
            ("$..book[?(@.title size 5)].price", "[12.99]"),
            ("$.nothing[*]", "[]"),
            ("$..nothing", "[]"),
            ("$.tags.length()", "4"),
            ("$..price.max()", "19.95"),
            ("$.numbers.sum()", "3.5"),
            ("$.numbers.avg()", "1.75"),
            ("$.tags.first()", r#""a""#),
            ("$.store.bicycle.keys()", r#"["color","price","gears"]"#),
            ("$.tags.concat()", r#""abcd""#),
        ] {
            assert_eq!(read(path).as_deref(), Ok(expected), "{path}");
        }
        assert!(read("$").unwrap().starts_with("{\"store\""));
        assert_eq!(read("$..*").unwrap().matches("Waugh").count(), 4);
    }

    #[test]
    fn a_definite_path_that_leads_nowhere_says_why() {
        for (path, why) in [
            ("$.nothing", "there is no member \"nothing\""),
            ("$.store.nothing.more", "there is no member \"nothing\""),
            ("$.expensive.cents", "a number has no member \"cents\""),
            ("$.tags[4]", "a list of 4 has no item 4"),
            ("$.store[0]", "an object has no item 0"),
            ("$.store.bicycle.gears.x", "null has no member \"x\""),
            ("$.store.bicycle.color.sum()", "no numbers"),
        ] {
            let error = read(path).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (path, why) in [
            ("", "empty"),
            ("$.", "a name is missing"),
            ("$[", "in brackets"),
            ("$['a'", "] is missing"),
            ("$['a", "has no end"),
            ("$.a[1:2:3]", "no step"),
            ("$.a b", "unexpected"),
            ("$.a.lenght()", "did you mean length()?"),
            ("$[?(@.a ~ 1)]", "no such operator"),
            ("$[?(@.a == b)]", "needs quotes"),
            ("$[?(@.a == 1]", ") is missing"),
            ("$[?(@.a =~ /(/)]", "not valid"),
        ] {
            let error = JsonPath::parse(path).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
    }

    #[test]
    fn broken_paths_never_panic() {
        let path = "$.a['b é'][?(@.c =~ /x/i && !(@.d in ['e', 1]))][-1,2:3]..f.sum()";
        for (cut, _) in path.char_indices() {
            let _ = JsonPath::parse(&path[..cut]);
            for put in ["[", "(", "'", "\\", "?", ".", "🦀"] {
                let _ = JsonPath::parse(&format!("{}{put}{}", &path[..cut], &path[cut..]));
            }
        }
    }
}
