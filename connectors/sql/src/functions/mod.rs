//! The functions that queries may call.

mod array;
mod crypto;
mod encoding;
mod hash;
mod java_math;
mod json;
mod moments;
mod numeric;
mod parts;
mod regexp;
mod string;
mod table;
mod time;
mod vector;

use std::sync::LazyLock;

use arrow_array::ArrayRef;
use seatunnel_api::{DataType, Error, Result};

use crate::codes;
use crate::columnar::Columnar;

/// A call for the rows of a batch.
pub(crate) struct Call<'a> {
    /// The function's first name.
    pub(crate) name: &'static str,
    /// The arguments, converted to what the function asks for.
    pub(crate) args: &'a [Columnar],
    /// Their types.
    pub(crate) types: &'a [DataType],
    /// The type of the result.
    pub(crate) result: &'a DataType,
    /// Number of rows.
    pub(crate) rows: usize,
}

impl Call<'_> {
    /// An error about a value of a row or about a constant argument.
    pub(crate) fn refuse(&self, why: impl std::fmt::Display) -> Error {
        Error::new(codes::SQL_VALUE, format!("{}: {why}", self.name))
    }
}

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Text; other values become text.
    Text,
    /// A whole number.
    Long,
    /// A number, taken as a 64-bit float.
    Double,
    /// A number, as it is.
    Number,
    /// A date, a time or a timestamp.
    Moment,
    /// A timestamp, with or without a zone; a date is its midnight.
    Instant,
    /// A text or bytes.
    TextOrBytes,
    /// An array.
    Array,
    /// A vector of floats.
    Vector,
    /// A vector of floats, or an array of numbers.
    VectorOrArray,
    /// Anything.
    Any,
}

/// What the result is.
#[derive(Clone, Debug)]
pub(crate) enum Returns {
    /// Always this.
    Type(DataType),
    /// An array of texts.
    Texts,
    /// As the argument at this position.
    Arg(usize),
    /// As an element of the first argument, an array.
    Element,
    /// An array of the arguments, which have one type.
    Array,
    /// A map of the arguments, keys and values by turns.
    Map,
    /// As DATEADD: as the first, a date becomes a timestamp for small units.
    DateAdd,
    /// By the pattern, which is the second argument.
    Pattern,
    /// As EXTRACT: by the field, which is the second argument.
    Field,
    /// A vector of the dimension that is the second argument.
    Reduced,
}

type Run = fn(&Call<'_>) -> Result<ArrayRef>;

/// One function.
pub(crate) struct Function {
    /// Its names.
    pub(crate) names: &'static [&'static str],
    /// Its arguments, for people.
    usage: &'static str,
    /// Its arguments; the last one is repeated if `variadic`.
    pub(crate) args: &'static [Arg],
    /// How many of them must be given.
    pub(crate) required: usize,
    pub(crate) variadic: bool,
    pub(crate) result: Returns,
    /// The same arguments don't give the same result.
    pub(crate) volatile: bool,
    /// It takes any value, and next to no time.
    cheap: bool,
    pub(crate) run: Run,
    /// What it gives, for people.
    meaning: &'static str,
}

impl Function {
    /// Its first name.
    pub(crate) fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Whether it may be computed for rows that nobody asks for.
    pub(crate) fn is_cheap(&self) -> bool {
        self.cheap
    }
}

/// Functions that belong together: a title, what holds for all of them, and they.
struct Group(&'static str, &'static str, &'static [Function]);

fn all() -> impl Iterator<Item = &'static Function> {
    table::GROUPS
        .iter()
        .flat_map(|Group(_, _, functions)| *functions)
}

/// The function of this name, in any case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|f| f.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// All names, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let built_in = table::BUILT_IN.iter().map(|(name, _, _)| *name);
    all().flat_map(|f| f.names.iter().copied()).chain(built_in)
}

/// What users must know, with all functions, in Markdown.
pub(crate) static PAGE: LazyLock<String> = LazyLock::new(|| {
    let mut page = String::from(include_str!("../../NOTES.md"));
    page.push_str("\n## Functions\n");
    let line = |page: &mut String, call: &str, meaning: &str| {
        let call = call.replace('|', "\\|");
        page.push_str(&format!(
            "| `{call}` | {} |\n",
            meaning.replace("||", "\\|\\|")
        ));
    };
    let head = |page: &mut String, title: &str, about: &str| {
        page.push_str(&format!("\n### {title}\n"));
        if !about.is_empty() {
            page.push_str(&format!("\n{about}\n"));
        }
        page.push_str("\n| call | gives |\n|---|---|\n");
    };
    head(&mut page, "Types and choices", "");
    for (name, usage, meaning) in table::BUILT_IN {
        line(&mut page, &format!("{name}({usage})"), meaning);
    }
    for Group(title, about, functions) in table::GROUPS {
        head(&mut page, title, about);
        for function in *functions {
            let call = match function.usage.starts_with("moment AT") {
                true => function.usage.to_owned(),
                false => format!("{}({})", function.names.join(" / "), function.usage),
            };
            line(&mut page, &call, function.meaning);
        }
    }
    aggregates(&mut page);
    page
});

fn aggregates(page: &mut String) {
    page.push_str(
        "\n### Aggregates\n\nOf all rows or of those of a group, in batch jobs. `DISTINCT` may stand before the value, \
         `FILTER (WHERE …)` behind the call. Nulls don't count; without rows the result is null, and 0 of COUNT.\n\n",
    );
    page.push_str(&crate::relation::page());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_function() {
        let mut known: Vec<&str> = names().collect();
        let count = known.len();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), count);
    }

    #[test]
    fn every_function_is_on_the_page() {
        for name in names() {
            assert!(PAGE.contains(name), "{name}");
        }
    }
}
