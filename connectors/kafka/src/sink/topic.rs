//! Which topic a row goes to.

use std::sync::Arc;

use arrow_array::{Array, StringArray, cast::AsArray};
use seatunnel_api::{Batch, CatalogTable, DataType, Error, Result};

use super::text::push_text;
use crate::codes;

/// The topic of each row of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TopicChoice {
    /// The same for all.
    Fixed(Arc<str>),
    /// The text of a column: by far the most usual of those that rows choose.
    Column(usize),
    /// Texts and columns one after the other.
    Parts(Vec<Part>),
}

/// A part of a topic's name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    Column(usize),
}

impl TopicChoice {
    /// Reads `topic`; `column` is used where it isn't given.
    ///
    /// # Errors
    /// If it names a column that isn't there, or is missing.
    pub(super) fn read(
        topic: Option<&str>,
        otherwise: Option<&str>,
        table: &CatalogTable,
    ) -> Result<Self> {
        let column = |name: &str| {
            table.schema().index_of(name).ok_or_else(|| {
                let error = Error::new(
                    codes::OPTION,
                    format!("`topic` names the column `{name}`, which the rows don't have"),
                )
                .with_context("table", table.path());
                match seatunnel_api::config::nearest(name, table.schema().names()) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error,
                }
            })
        };
        let Some(topic) = topic else {
            return match otherwise {
                Some(name) => Ok(Self::Column(column(name)?)),
                None => Err(Error::new(codes::OPTION, "`topic` is missing")),
            };
        };
        let mut parts = Vec::new();
        let mut rest = topic;
        while let Some((before, behind)) = rest.split_once("${") {
            let Some((name, after)) = behind.split_once('}') else {
                break;
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Column(column(name)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        match parts.as_slice() {
            [] => Err(Error::new(codes::OPTION, "`topic` is empty")),
            [Part::Text(text)] => Ok(Self::Fixed(Arc::from(text.as_str()))),
            [Part::Column(index)] if table.columns()[*index].data_type == DataType::String => {
                Ok(Self::Column(*index))
            }
            _ => Ok(Self::Parts(parts)),
        }
    }

    /// The only topic, where rows don't choose.
    pub(super) fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(topic) => Some(topic),
            _ => None,
        }
    }

    /// The topics of a batch's rows.
    pub(super) fn of<'a>(&'a self, batch: &'a Batch) -> TopicsOf<'a> {
        match self {
            Self::Fixed(topic) => TopicsOf::Fixed(topic),
            Self::Column(index) => match batch.records().column(*index).as_string_opt::<i32>() {
                Some(column) => TopicsOf::Column(column),
                None => TopicsOf::Parts(batch, std::slice::from_ref(&WHOLE)),
            },
            Self::Parts(parts) => TopicsOf::Parts(batch, parts),
        }
    }
}

/// Stands for no column: a batch always has the types of its table.
static WHOLE: Part = Part::Text(String::new());

/// The topics of a batch's rows.
pub(super) enum TopicsOf<'a> {
    Fixed(&'a str),
    Column(&'a StringArray),
    Parts(&'a Batch, &'a [Part]),
}

impl TopicsOf<'_> {
    /// The topic of a row; `text` is written over where it has to be put together.
    ///
    /// # Errors
    /// If a column that it is made of is null.
    pub(super) fn get<'t>(&'t self, row: usize, text: &'t mut String) -> Result<&'t str> {
        match self {
            Self::Fixed(topic) => Ok(topic),
            Self::Column(column) if column.is_null(row) => Err(no_topic()),
            Self::Column(column) => Ok(column.value(row)),
            Self::Parts(batch, parts) => {
                text.clear();
                for part in *parts {
                    match part {
                        Part::Text(part) => text.push_str(part),
                        Part::Column(index) => {
                            if !push_text(text, batch, row, *index) {
                                return Err(no_topic());
                            }
                        }
                    }
                }
                Ok(text)
            }
        }
    }
}

fn no_topic() -> Error {
    Error::new(
        codes::WRITE_FAILED,
        "the column that names the topic is null",
    )
    .of_row()
}
