//! What models write, as values.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray};
use seatunnel_transforms::json_path::Json;

use super::options::OutputType;

/// One answer for each row out of what a model wrote: a JSON array, perhaps with other text around it.
pub(super) fn one_for_each(content: &str, count: usize) -> Result<Vec<Option<String>>, String> {
    let (start, end) = (content.find('['), content.rfind(']'));
    let (Some(start), Some(end)) = (start, end) else {
        return Err(format!("is no list: {}", shortened(content)));
    };
    let list = content.get(start..=end).unwrap_or_default();
    let items = match Json::parse(list) {
        Ok(Json::Array(items)) => items,
        _ => return Err(format!("is no list: {}", shortened(content))),
    };
    match items.len() {
        found if found == count => Ok(items.iter().map(text_of).collect()),
        // Of several answers for one row the first counts, as in SeaTunnel.
        found if count == 1 && found > 1 => Ok(items[..1].iter().map(text_of).collect()),
        found => Err(format!("has {found} elements for {count} rows")),
    }
}

/// As [`one_for_each`], of a service that may not keep to lists: of one row, a text without a list is the answer.
pub(super) fn of_text(content: &str, count: usize) -> Result<Vec<Option<String>>, String> {
    match one_for_each(content, count) {
        Err(_) if count == 1 && !content.contains('[') && !content.trim().is_empty() => {
            Ok(vec![Some(content.trim().to_owned())])
        }
        answers => answers,
    }
}

/// An element of the list; null is none.
pub(super) fn text_of(item: &Json<'_>) -> Option<String> {
    match item {
        Json::Null => None,
        other => Some(other.to_text().into_owned()),
    }
}

/// The answers as a column.
///
/// # Errors
/// The first that is not of the type.
pub(super) fn column_of(
    output: OutputType,
    answers: &[Option<String>],
) -> Result<ArrayRef, String> {
    fn each<T>(
        answers: &[Option<String>],
        output: OutputType,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Option<T>>, String> {
        let answers = answers.iter();
        answers
            .map(|answer| match answer {
                None => Ok(None),
                Some(text) => read(text.trim())
                    .map(Some)
                    .ok_or_else(|| format!("is no {}: {}", output.name(), shortened(text))),
            })
            .collect()
    }
    Ok(match output {
        OutputType::String => Arc::new(StringArray::from_iter(answers)),
        OutputType::Int => {
            let values = each(answers, output, |text| whole(text)?.try_into().ok())?;
            Arc::new(Int32Array::from(values))
        }
        OutputType::BigInt => Arc::new(Int64Array::from(each(answers, output, whole)?)),
        OutputType::Double => {
            let values = each(answers, output, |text| text.parse().ok())?;
            Arc::new(Float64Array::from(values))
        }
        OutputType::Boolean => Arc::new(BooleanArray::from(each(answers, output, |text| {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            (is("true") || is("false")).then(|| is("true"))
        })?)),
    })
}

/// `42`, and `42.0`, which models like to write.
fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

fn shortened(text: &str) -> String {
    let mut short: String = text.trim().chars().take(80).collect();
    if short.len() < text.trim().len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(content: &str, count: usize) -> Result<Vec<Option<String>>, String> {
        one_for_each(content, count)
    }

    #[test]
    fn lists_are_found_in_what_models_write() {
        let some = |text: &str| Some(text.to_owned());
        for (content, expected) in [
            (
                r#"["Chinese", "American"]"#,
                vec![some("Chinese"), some("American")],
            ),
            ("```json\n[\"a\",\n \"b\"]\n```", vec![some("a"), some("b")]),
            ("Here you are: [True, null]", vec![some("True"), None]),
            ("[1, {\"x\": 2}]", vec![some("1"), some("{\"x\":2}")]),
        ] {
            assert_eq!(texts(content, 2), Ok(expected), "{content}");
        }
        assert_eq!(texts("[\"a\", \"b\"]", 1), Ok(vec![some("a")]));
    }

    #[test]
    fn what_is_no_list_of_that_length_is_said() {
        for (content, why) in [
            ("I can't tell.", "is no list"),
            ("[1]", "has 1 elements for 2 rows"),
            ("[]", "has 0 elements"),
            ("] [", "is no list"),
        ] {
            let error = texts(content, 2).unwrap_err();
            assert!(error.contains(why), "{content}: {error}");
        }
        assert!(texts("[]", 1).is_err());
    }

    #[test]
    fn of_one_row_a_text_is_an_answer_where_lists_are_not_promised() {
        let answer = |text: &str| Ok(vec![Some(text.to_owned())]);
        assert_eq!(of_text(" just words\n", 1), answer("just words"));
        assert_eq!(of_text("[\"a\"]", 1), answer("a"));
        for (content, count) in [("just words", 2), ("  ", 1), ("[broken", 1)] {
            assert!(of_text(content, count).is_err(), "{content}");
        }
    }

    #[test]
    fn answers_become_values_of_the_type_or_an_error() {
        let answers = |list: &[&str]| {
            list.iter()
                .map(|t| Some((*t).to_owned()))
                .collect::<Vec<_>>()
        };
        for (output, good, bad) in [
            (OutputType::Int, "42.0", "forty"),
            (OutputType::BigInt, "-9000000000", "1.5"),
            (OutputType::Double, "1.5e3", "much"),
            (OutputType::Boolean, "TRUE", "yes"),
        ] {
            assert!(column_of(output, &answers(&[good])).is_ok(), "{good}");
            let error = column_of(output, &answers(&[good, bad])).unwrap_err();
            assert!(error.contains(bad), "{error}");
        }
        assert_eq!(column_of(OutputType::Int, &[None]).unwrap().null_count(), 1);
    }
}
