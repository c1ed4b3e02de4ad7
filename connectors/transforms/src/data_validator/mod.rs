//! DataValidator: rows that keep rules, and what becomes of the others.

mod checks;
mod email;
mod options;

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Result, TablePath, TableSchema,
    Transform, TransformContext, TransformFactory,
};

use crate::codes;
use crate::columns::column_index;
use crate::json_path::quote;
use crate::tables::{Stage, StageOutput, per_table};
use checks::Check;
use options::{DataValidatorRule, RowErrors};

const NAME: &str = "DataValidator";

impl DataValidatorRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<ValidateStep> {
        let Some(fields) = &self.field_rules else {
            return Err(Error::new(
                codes::RULE_INVALID,
                format!(
                    "{NAME} needs the option `field_rules` for table {}",
                    table.path()
                ),
            ));
        };
        // Rules of one column stand together, whatever their order in the job file.
        let mut columns: Vec<(usize, Vec<Check>)> = Vec::new();
        for field in fields {
            let at = column_index(NAME, table, &field.field_name)?;
            let column = &table.columns()[at];
            let rules = match &field.rules {
                Some(rules) => rules.as_slice(),
                None => std::slice::from_ref(&field.rule),
            };
            let checks = rules
                .iter()
                .map(|rule| Check::new(column, rule))
                .collect::<Result<Vec<_>>>()
                .map_err(|e| e.or_at(&field.field_name.span))?;
            match columns.iter_mut().find(|(known, _)| *known == at) {
                Some((_, known)) => known.extend(checks),
                None => columns.push((at, checks)),
            }
        }
        Ok(ValidateStep {
            errors: self.errors(table)?,
            table: table.clone(),
            columns,
        })
    }

    fn errors(&self, table: &CatalogTable) -> Result<Errors> {
        match self.row_error_handle_way.way {
            RowErrors::Fail => Ok(Errors::Fail),
            RowErrors::Skip => Ok(Errors::Skip),
            RowErrors::RouteToTable => {
                let named = self.row_error_handle_way.error_table.as_ref();
                let named = named.or(self.error_table.as_ref());
                match named.filter(|name| !name.value.trim().is_empty()) {
                    Some(name) => Ok(Errors::Route(error_table(table, name.value.trim()))),
                    None => Err(Error::new(
                        codes::RULE_INVALID,
                        format!("{NAME}: row_error_handle_way = ROUTE_TO_TABLE needs a table"),
                    )
                    .with_help(
                        "write error_table = \"…\" beside it; in HOCON, `row_error_handle_way.error_table` in front of `row_error_handle_way` is lost",
                    )),
                }
            }
        }
    }
}

/// What becomes of rows that don't keep the rules.
enum Errors {
    Fail,
    Skip,
    Route(Arc<CatalogTable>),
}

fn error_table(of: &CatalogTable, name: &str) -> Arc<CatalogTable> {
    let column = |name: &str, data_type: DataType, comment: &str| {
        let mut column = Column::new(name, data_type).not_null();
        column.comment = Some(comment.to_owned());
        column
    };
    let schema = TableSchema::new(vec![
        column(
            "source_table_id",
            DataType::String,
            "Where the row comes from: catalog and table",
        ),
        column(
            "source_table_path",
            DataType::String,
            "The table that the row comes from",
        ),
        column("original_data", DataType::String, "The row as JSON"),
        column(
            "validation_errors",
            DataType::String,
            "What is wrong with it, as a JSON list",
        ),
        column("create_time", DataType::Timestamp, "When it was found"),
    ]);
    let path = if name.contains('.') {
        TablePath::parse(name, false)
    } else {
        TablePath {
            table: name.to_owned(),
            ..of.path().clone()
        }
    };
    let table = CatalogTable::new(of.catalog(), path, schema);
    Arc::new(table.with_comment(Some("Rows that did not keep the rules".to_owned())))
}

struct ValidateStep {
    table: Arc<CatalogTable>,
    /// Positions of columns, and what is asked of them.
    columns: Vec<(usize, Vec<Check>)>,
    errors: Errors,
}

#[async_trait]
impl Stage for ValidateStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn tables_beside(&self) -> Vec<Arc<CatalogTable>> {
        match &self.errors {
            Errors::Route(table) => vec![table.clone()],
            Errors::Fail | Errors::Skip => Vec::new(),
        }
    }

    async fn apply(&self, batch: Batch, out: &mut StageOutput) -> Result<()> {
        let broken = self.broken(&batch)?;
        let Some(first) = broken.iter().position(|b| *b) else {
            out.rows.push(batch);
            return Ok(());
        };
        match &self.errors {
            Errors::Fail => return Err(self.failed(&batch, first)),
            Errors::Skip => {}
            Errors::Route(table) => out.beside.push(self.routed(table, &batch, &broken)?),
        }
        let keep = BooleanArray::from(broken.iter().map(|b| !b).collect::<Vec<_>>());
        if keep.true_count() > 0 {
            out.rows.push(batch.filter(&keep)?);
        }
        Ok(())
    }
}

impl ValidateStep {
    /// Which rows don't keep all rules.
    fn broken(&self, batch: &Batch) -> Result<Vec<bool>> {
        let mut broken = vec![false; batch.num_rows()];
        for (at, checks) in &self.columns {
            let column = batch.records().column(*at);
            let data_type = &self.table.columns()[*at].data_type;
            for check in checks {
                check.mark(column, data_type, &mut broken)?;
            }
        }
        Ok(broken)
    }

    /// All that is wrong with a row: columns and what is said of them.
    fn findings(&self, batch: &Batch, row: usize) -> Result<Vec<(&str, String)>> {
        let one = batch.slice(row, 1);
        let mut findings = Vec::new();
        for (at, checks) in &self.columns {
            let column = one.records().column(*at);
            let declared = &self.table.columns()[*at];
            for check in checks {
                let mut broken = [false];
                check.mark(column, &declared.data_type, &mut broken)?;
                if broken[0] {
                    let message = check.message(column, &declared.data_type, 0);
                    findings.push((declared.name.as_str(), message));
                }
            }
        }
        Ok(findings)
    }

    fn failed(&self, batch: &Batch, row: usize) -> Error {
        let findings = match self.findings(batch, row) {
            Ok(findings) => findings,
            Err(error) => return error,
        };
        let findings: Vec<String> = findings
            .iter()
            .map(|(column, message)| format!("{column}: {message}"))
            .collect();
        Error::new(
            codes::ROW_INVALID,
            format!("{NAME}: a row does not keep the rules: {}", findings.join("; ")),
        )
        .with_context("table", self.table.path())
        .with_help(
            "row_error_handle_way = SKIP leaves such rows out, ROUTE_TO_TABLE writes them to a table of their own",
        )
        .of_row()
    }

    fn routed(&self, to: &Arc<CatalogTable>, batch: &Batch, broken: &[bool]) -> Result<Batch> {
        let rows: Vec<usize> = (0..broken.len()).filter(|row| broken[*row]).collect();
        let path = self.table.path().to_string();
        let id = format!("{}.{path}", self.table.catalog());
        let mut errors = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut json = String::from("[");
            for (count, (column, message)) in self.findings(batch, *row)?.iter().enumerate() {
                let comma = if count == 0 { "" } else { "," };
                let _ = write!(json, "{comma}{{\"field_name\":");
                quote(column, &mut json);
                json.push_str(",\"error_message\":");
                quote(message, &mut json);
                json.push('}');
            }
            json.push(']');
            errors.push(json);
        }
        // As wall clocks show it, as SeaTunnel has it.
        let now = chrono::Local::now()
            .naive_local()
            .and_utc()
            .timestamp_micros();
        let repeated =
            |text: &str| StringArray::from_iter_values(std::iter::repeat_n(text, rows.len()));
        let data = rows.iter().map(|row| batch.row(*row).to_json());
        let records = RecordBatch::try_new(
            to.arrow_schema().clone(),
            vec![
                Arc::new(repeated(&id)),
                Arc::new(repeated(&path)),
                Arc::new(StringArray::from_iter_values(data)),
                Arc::new(StringArray::from_iter_values(errors)),
                Arc::new(TimestampMicrosecondArray::from(vec![now; rows.len()])),
            ],
        )?;
        Ok(Batch::inserts(to.clone(), records))
    }
}

crate::options_with_table_rules!(
    /// Checks rows by rules.
    "DataValidator",
    DataValidatorOptions,
    DataValidatorTableRule,
    DataValidatorRule
);

/// Makes DataValidator transforms.
pub struct DataValidatorFactory;

#[async_trait]
impl TransformFactory for DataValidatorFactory {
    type Options = DataValidatorOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Checks rows by rules; wrong ones fail the job, are left out or go to a table of their own.",
        }
    }

    async fn create(
        &self,
        options: DataValidatorOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, DataValidatorRule::step)
    }
}
