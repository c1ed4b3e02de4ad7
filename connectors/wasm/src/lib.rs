//! Wasm: code of one's own as a transform, in a sandbox without files, network and clock.

mod codes;
mod machine;
mod options;
mod results;

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, Column, DataType, Error, PluginInfo, Registry, Result, TablePath,
    TableSchema, Transform, TransformContext, TransformFactory,
};
use seatunnel_transforms::codes::RULE_INVALID;
use seatunnel_transforms::columns::{
    Projection, column_index, put_column, rebuilt, refuse_twins, with_columns,
};
use seatunnel_transforms::tables::{Rules, TablePlan, TableStep, of_plans, plans};

use machine::Machine;
use options::{WasmOptions, WasmRule};
use results::Results;

const NAME: &str = "Wasm";

/// Adds this transform.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry.transform(WasmFactory)
}

impl WasmRule {
    /// Reads the module of a rule.
    async fn machine(&self) -> Result<Machine> {
        let Some(path) = self.module_path.as_ref().filter(|p| !p.value.is_empty()) else {
            return Err(Error::new(
                RULE_INVALID,
                format!("{NAME} needs the option `module_path`"),
            ));
        };
        let file = path.value.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(file)).await;
        let bytes = read
            .map_err(|e| Error::new(codes::MODULE, "reading the module was cut off").with_cause(e))?
            .map_err(|e| {
                let message = format!("{NAME}: the module {} can't be read", path.value);
                Error::new(codes::MODULE, message)
                    .with_cause(e)
                    .at(&path.span)
            })?;
        Machine::new(&bytes, self).map_err(|e| e.or_at(&path.span))
    }

    fn step(&self, machine: Arc<Machine>, table: &Arc<CatalogTable>) -> Result<WasmStep> {
        let chosen: Vec<usize> = match self.input_columns.as_deref() {
            None | Some([]) => (0..table.columns().len()).collect(),
            Some(names) => names
                .iter()
                .map(|name| column_index(NAME, table, name))
                .collect::<Result<_>>()?,
        };
        let seen = chosen.iter().map(|at| table.columns()[*at].clone());
        let seen = Arc::new(table.with_schema(TableSchema::new(seen.collect())));
        let mut new = Vec::new();
        for column in &self.columns {
            let data_type = match &column.dest_type {
                None => DataType::String,
                Some(given) => DataType::from_config(given).map_err(|why| {
                    let message = format!("{NAME}: `dest_type`: {why}");
                    Error::new(seatunnel_api::codes::SCHEMA_INVALID, message).at(&given.span)
                })?,
            };
            new.push(Column::new(column.dest_field.value.clone(), data_type));
        }
        refuse_twins(NAME, table, &new)?;
        let made = CatalogTable::new(NAME, TablePath::unnamed(), TableSchema::new(new.clone()));
        let mut columns = table.columns().to_vec();
        let into = new.into_iter();
        let into = into
            .map(|column| put_column(&mut columns, column))
            .collect();
        Ok(WasmStep {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            seen: Projection::new(seen, chosen),
            results: Results::new(Arc::new(made)),
            into,
            machine,
        })
    }
}

struct WasmStep {
    table: Arc<CatalogTable>,
    /// The columns that the code sees.
    seen: Projection,
    results: Results,
    /// Positions of the columns that the code makes.
    into: Vec<usize>,
    machine: Arc<Machine>,
}

impl TableStep for WasmStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let rows = batch.num_rows();
        let Some(seen) = TableStep::apply(&self.seen, batch.clone())? else {
            return Ok(None);
        };
        let mut input = String::from("[");
        for row in seen.rows() {
            if input.len() > 1 {
                input.push(',');
            }
            input.push_str(&row.to_json());
        }
        input.push(']');
        let failed = |why: String| {
            Error::new(codes::CODE, format!("{NAME}: {why}"))
                .with_context("table", self.table.path())
                .of_row()
        };
        let output = self.machine.run(&input, rows).map_err(failed)?;
        let (made, kept) = self.results.read(&output, rows).map_err(failed)?;
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        for (at, column) in self.into.iter().zip(made.records().columns()) {
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

/// Makes Wasm transforms.
pub struct WasmFactory;

#[async_trait]
impl TransformFactory for WasmFactory {
    type Options = WasmOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Runs code of your own on rows: a WebAssembly module, in a sandbox.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("NOTES.md")
    }

    async fn create(
        &self,
        options: WasmOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let rules: Rules<WasmRule> = options.into();
        let mut machines: Vec<(usize, Arc<Machine>)> = Vec::new();
        let mut made: Vec<TablePlan<WasmStep>> = Vec::new();
        for (mut plan, chosen) in plans(&rules, &context)? {
            for rule in chosen {
                // A module is compiled once for all tables of a rule.
                let id = std::ptr::from_ref(rule).addr();
                let known = machines.iter().find(|(of, _)| *of == id);
                let machine = match known {
                    Some((_, machine)) => machine.clone(),
                    None => {
                        let machine = Arc::new(rule.machine().await?);
                        machines.push((id, machine.clone()));
                        machine
                    }
                };
                let step = rule.step(machine, plan.output())?;
                plan.push(step);
            }
            made.push(plan);
        }
        of_plans(NAME, made)
    }
}
