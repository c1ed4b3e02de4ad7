//! JsonPath: values out of JSON, as columns. The paths themselves are open to other transforms.

mod convert;
mod eval;
mod filter;
mod json;
mod path;
mod sources;

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use async_trait::async_trait;
use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::options::{Located, OptionEnum, OptionReader, OptionType, OptionValue, Options};
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, Error, PluginInfo, Result, RowKind,
    TablePath, TableSchema, Transform, TransformContext, TransformFactory, Value,
};

use crate::codes;
use crate::columns::{column_index, put_column, rebuilt, refuse_twins, with_columns};
use crate::tables::{Rule, TableStep, per_table};
pub use convert::convert;
pub use json::{Json, quote};
pub use path::JsonPath;
use sources::{Source, check_source};

const NAME: &str = "JsonPath";

/// What becomes of a row with a value that can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum RowErrors {
    /// The job fails, or the row is a dirty one.
    Fail,
    /// The row is left out.
    Skip,
    /// Accepted for job files that have it; as FAIL, in SeaTunnel too.
    RouteToTable,
}

/// What becomes of a value that can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum ColumnErrors {
    /// The job fails, or the row is a dirty one.
    Fail,
    /// The value is null.
    Skip,
    /// The row is left out.
    SkipRow,
}

/// One text, or a list of texts.
#[derive(Clone, Debug)]
struct Texts(Vec<Located<String>>);

impl OptionValue for Texts {
    fn option_type() -> OptionType {
        OptionType::Any("string | list<string>")
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        match &value.kind {
            Kind::List(items) => {
                let items = items.iter().map(|item| Located::read(item, reader));
                items.collect::<Option<Vec<_>>>().map(Self)
            }
            _ => Some(Self(vec![Located::read(value, reader)?])),
        }
    }

    fn render(&self) -> String {
        let texts: Vec<String> = self.0.iter().map(|t| t.value.render()).collect();
        texts.join(", ")
    }
}

/// What is taken out of one column.
#[derive(Clone, Debug, Options)]
struct PathColumn {
    /// The column with the JSON: text, bytes, an array, a map or a row. The values of a row are a list
    /// in JSON: `$[0]` is its first field.
    src_field: Located<String>,
    /// The path, or a list of paths for as many columns.
    path: Texts,
    /// The column that gets what is found there, or a list. One that exists is overwritten.
    dest_field: Texts,
    /// The type of the column, or a list; text if not given.
    dest_type: Option<ConfigValue>,
    /// What becomes of a value that can't be had: nothing stands there, it doesn't fit the type, or
    /// the source is no JSON. It comes before `row_error_handle_way`.
    column_error_handle_way: Option<ColumnErrors>,
}

/// What is taken out.
#[derive(Clone, Debug, Options)]
struct JsonPathRule {
    /// Columns with JSON, and what is taken out of them.
    columns: Option<Vec<PathColumn>>,
    /// What becomes of a row with a value that can't be had.
    #[option(default = RowErrors::Fail)]
    row_error_handle_way: RowErrors,
}

impl Rule for JsonPathRule {
    fn is_given(&self) -> bool {
        self.columns.is_some()
    }
}

impl JsonPathRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<PathStep> {
        let Some(given) = self.columns.as_ref().filter(|c| !c.is_empty()) else {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME} needs the option `columns` for table {}",
                    table.path()
                ),
            ));
        };
        if self.row_error_handle_way == RowErrors::RouteToTable {
            tracing::warn!(
                "{NAME}: row_error_handle_way = ROUTE_TO_TABLE is as FAIL; `dirty.path` of a sink keeps rows that are wrong"
            );
        }
        let mut sources: Vec<usize> = Vec::new();
        let mut values = Vec::new();
        let mut new = Vec::new();
        for column in given {
            let at = column_index(NAME, table, &column.src_field)?;
            check_source(&table.columns()[at]).map_err(|e| e.or_at(&column.src_field.span))?;
            let source = sources.iter().position(|s| *s == at).unwrap_or_else(|| {
                sources.push(at);
                sources.len() - 1
            });
            let types = column.types()?;
            let fields = column.path.0.iter().zip(&column.dest_field.0);
            for ((path, field), data_type) in fields.zip(types) {
                let parsed = JsonPath::parse(&path.value).map_err(|why| {
                    Error::new(
                        codes::JSON_PATH,
                        format!("{NAME}: the path {:?} is not valid: {why}", path.value),
                    )
                    .at(&path.span)
                })?;
                new.push(Column::new(field.value.clone(), data_type));
                values.push(PathValue {
                    source,
                    path: parsed,
                    shown: path.value.clone(),
                    on_error: self.on_error(column),
                });
            }
        }
        refuse_twins(NAME, table, &new)?;
        let found = CatalogTable::new(NAME, TablePath::unnamed(), TableSchema::new(new.clone()));
        let mut columns = table.columns().to_vec();
        let into = new.into_iter();
        let into = into.map(|column| put_column(&mut columns, column));
        Ok(PathStep {
            into: into.collect(),
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            input: table.clone(),
            found: Arc::new(found),
            sources,
            values,
        })
    }

    fn on_error(&self, column: &PathColumn) -> ColumnErrors {
        match (column.column_error_handle_way, self.row_error_handle_way) {
            (Some(way), _) => way,
            (None, RowErrors::Skip) => ColumnErrors::SkipRow,
            (None, RowErrors::Fail | RowErrors::RouteToTable) => ColumnErrors::Fail,
        }
    }
}

impl PathColumn {
    /// The type of each column.
    fn types(&self) -> Result<Vec<DataType>> {
        let (paths, fields) = (self.path.0.len(), self.dest_field.0.len());
        let uneven = |what: String| {
            Error::new(codes::RULE_INVALID, format!("{NAME}: {what}"))
                .with_help("lists of one column have the same number of entries")
                .at(&self.src_field.span)
        };
        if paths != fields {
            return Err(uneven(format!(
                "`path` has {paths} entries, `dest_field` {fields}"
            )));
        }
        let blank = |texts: &Texts| texts.0.iter().any(|t| t.value.trim().is_empty());
        if paths == 0 || blank(&self.path) || blank(&self.dest_field) {
            return Err(uneven("a path or its `dest_field` is empty".to_owned()));
        }
        let Some(given) = &self.dest_type else {
            return Ok(vec![DataType::String; paths]);
        };
        let given: Vec<&ConfigValue> = match &given.kind {
            Kind::List(items) => items.iter().collect(),
            _ => vec![given],
        };
        if given.len() != paths {
            return Err(uneven(format!(
                "`path` has {paths} entries, `dest_type` {}",
                given.len()
            )));
        }
        let types = given.into_iter();
        types
            .map(|value| {
                DataType::from_config(value).map_err(|why| {
                    Error::new(
                        seatunnel_api::codes::SCHEMA_INVALID,
                        format!("{NAME}: `dest_type`: {why}"),
                    )
                    .at(&value.span)
                })
            })
            .collect()
    }
}

/// A value that is taken out.
struct PathValue {
    /// Position in [`PathStep::sources`].
    source: usize,
    path: JsonPath,
    shown: String,
    on_error: ColumnErrors,
}

struct PathStep {
    input: Arc<CatalogTable>,
    table: Arc<CatalogTable>,
    /// The columns that are made, as a table of their own.
    found: Arc<CatalogTable>,
    /// Positions of the columns with JSON.
    sources: Vec<usize>,
    values: Vec<PathValue>,
    /// Positions that the values go to.
    into: Vec<usize>,
}

impl TableStep for PathStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let rows = batch.num_rows();
        let sources: Vec<Source<'_>> = self
            .sources
            .iter()
            .map(|at| {
                let data_type = &self.input.columns()[*at].data_type;
                Source::new(batch.records().column(*at), data_type)
            })
            .collect();
        let mut found = BatchBuilder::new(self.found.clone());
        let mut row_values = vec![Value::Null; self.values.len()];
        let mut kept = vec![true; rows];
        let mut texts: Vec<String> = vec![String::new(); sources.len()];
        for (row, kept) in kept.iter_mut().enumerate() {
            for (source, text) in sources.iter().zip(&mut texts) {
                source.render(row, text);
            }
            // Each source is read once, whatever the number of its paths.
            let mut trees: Vec<Option<std::result::Result<Json<'_>, String>>> = sources
                .iter()
                .zip(&texts)
                .map(|(source, text)| source.parse(row, text))
                .collect();
            for (index, value) in self.values.iter().enumerate() {
                row_values[index] = match &mut trees[value.source] {
                    None => Value::Null,
                    Some(tree) => match self.value(index, tree) {
                        Ok(value) => value,
                        Err(why) => match value.on_error {
                            ColumnErrors::Skip => Value::Null,
                            ColumnErrors::SkipRow => {
                                *kept = false;
                                Value::Null
                            }
                            ColumnErrors::Fail => return Err(self.failed(value, index, &why)),
                        },
                    },
                };
            }
            found.push(RowKind::Insert, &row_values)?;
        }
        let (_, found, _) = found.finish().into_parts();
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        for (at, column) in self.into.iter().zip(found.columns()) {
            if *at < columns.len() {
                columns[*at] = column.clone();
            } else {
                columns.push(column.clone());
            }
        }
        let changed = rebuilt(&self.table, columns, &batch)?;
        let keep = BooleanArray::from(kept);
        match keep.true_count() {
            0 => Ok(None),
            all if all == rows => Ok(Some(changed)),
            _ => changed.filter(&keep).map(Some),
        }
    }
}

impl PathStep {
    fn value(
        &self,
        index: usize,
        tree: &std::result::Result<Json<'_>, String>,
    ) -> std::result::Result<Value, String> {
        let tree = tree
            .as_ref()
            .map_err(|why| format!("the source is no JSON: {why}"))?;
        let found = self.values[index].path.read(tree)?;
        convert(&found, &self.found.columns()[index].data_type)
            .map_err(|why| format!("there is {why}"))
    }

    /// Without the value, which may be a secret.
    fn failed(&self, value: &PathValue, index: usize, why: &str) -> Error {
        let source = &self.input.columns()[self.sources[value.source]].name;
        Error::new(
            codes::JSON_PATH,
            format!(
                "{NAME}: {} of `{source}` gives no value: {why}",
                value.shown
            ),
        )
        .with_context("table", self.table.path())
        .with_context("column", &self.found.columns()[index].name)
        .with_help("column_error_handle_way = SKIP makes it null, SKIP_ROW leaves the row out")
        .of_row()
    }
}

crate::options_with_table_rules!(
    /// Takes values out of JSON.
    "JsonPath",
    JsonPathOptions,
    JsonPathTableRule,
    JsonPathRule
);

/// Makes JsonPath transforms.
pub struct JsonPathFactory;

#[async_trait]
impl TransformFactory for JsonPathFactory {
    type Options = JsonPathOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Takes values out of JSON by paths, into columns of their own types.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("NOTES.md")
    }

    async fn create(
        &self,
        options: JsonPathOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, JsonPathRule::step)
    }
}
