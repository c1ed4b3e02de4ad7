//! A query over one table as a program for its batches: rows are filtered, arrays taken apart, and
//! columns computed, while each row keeps its kind.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, ListArray, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use datafusion_common::DFSchema;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use seatunnel_api::{Batch, Result, RowKinds};

use crate::errors::from_datafusion;
use crate::expr::Typed;

/// LATERAL VIEW EXPLODE: a row for each element of an array.
pub(crate) struct View {
    /// The array.
    pub(crate) list: Typed,
    /// A row without elements stays, with null.
    pub(crate) outer: bool,
    /// The column that gets the elements; it replaces one of this name.
    pub(crate) alias: String,
}

struct Explode {
    list: Arc<dyn PhysicalExpr>,
    outer: bool,
    /// Where the elements go; behind the last column if there is none here.
    at: usize,
    schema: SchemaRef,
}

/// What happens to a batch.
pub(crate) struct RowProgram {
    /// The columns of the input that are needed: first those that are needed behind the filter.
    needed: Vec<usize>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    /// How many columns are needed behind the filter.
    kept: usize,
    views: Vec<Explode>,
    items: Vec<Arc<dyn PhysicalExpr>>,
}

/// The columns of a result and the kinds of its rows.
pub(crate) struct Computed {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) kinds: RowKinds,
    pub(crate) rows: usize,
}

fn physical(typed: &Typed, schema: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    let schema = DFSchema::try_from(schema.clone()).map_err(from_datafusion)?;
    let context = PhysicalPlanningContext::default();
    create_physical_expr(&typed.expr, &schema, &ExecutionProps::new(), &context)
        .map_err(from_datafusion)
}

impl RowProgram {
    /// The program of a query over rows of this schema.
    ///
    /// # Errors
    /// If DataFusion refuses an expression.
    pub(crate) fn new(
        input: &SchemaRef,
        filter: Option<Typed>,
        views: Vec<View>,
        items: Vec<Typed>,
    ) -> Result<Self> {
        let mut behind = HashSet::new();
        let after = views.iter().map(|v| &v.list).chain(&items);
        after.for_each(|typed| behind.extend(typed.column_names()));
        let mut before = HashSet::new();
        before.extend(filter.iter().flat_map(Typed::column_names));
        let positions = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let names = input.fields().iter().enumerate();
            names
                .filter(|(_, f)| wanted(f.name()))
                .map(|(at, _)| at)
                .collect()
        };
        let mut needed = positions(&|name| behind.contains(name));
        let kept = needed.len();
        needed.extend(positions(&|name| {
            before.contains(name) && !behind.contains(name)
        }));
        let schema = Arc::new(input.project(&needed)?);
        let filter = filter.map(|f| physical(&f, &schema)).transpose()?;
        let mut schema = Arc::new(input.project(&needed[..kept])?);
        let mut explodes = Vec::with_capacity(views.len());
        for view in views {
            let list = physical(&view.list, &schema)?;
            let elements = match view.list.data_type {
                seatunnel_api::DataType::Array(element) => element.to_arrow(),
                other => other.to_arrow(),
            };
            let field = Arc::new(Field::new(&view.alias, elements, true));
            let mut fields = schema.fields().to_vec();
            let at = fields.iter().position(|f| *f.name() == view.alias);
            let at = at.unwrap_or(fields.len());
            match fields.get_mut(at) {
                Some(known) => *known = field,
                None => fields.push(field),
            }
            schema = Arc::new(Schema::new(fields));
            explodes.push(Explode {
                list,
                outer: view.outer,
                at,
                schema: schema.clone(),
            });
        }
        let items = items.iter().map(|item| physical(item, &schema));
        Ok(Self {
            needed,
            filter,
            kept,
            views: explodes,
            items: items.collect::<Result<_>>()?,
        })
    }

    /// Computes the result for a batch; none if no row is left.
    ///
    /// # Errors
    /// If a value can't be computed.
    pub(crate) fn run(&self, batch: &Batch) -> Result<Option<Computed>> {
        let mut records = batch.records().project(&self.needed)?;
        let mut kinds = batch.kinds().clone();
        if let Some(filter) = &self.filter {
            let keep = self.mask(filter, &records)?;
            let kept: Vec<usize> = (0..self.kept).collect();
            records = records.project(&kept)?;
            match keep.true_count() {
                0 => return Ok(None),
                all if all == batch.num_rows() => {}
                _ => {
                    records = filter_record_batch(&records, &keep)?;
                    kinds = kinds.filter(|row| keep.is_valid(row) && keep.value(row));
                }
            }
        }
        for view in &self.views {
            (records, kinds) = view.run(&records, &kinds)?;
            if records.num_rows() == 0 {
                return Ok(None);
            }
        }
        let rows = records.num_rows();
        let columns = self.items.iter().map(|item| {
            let value = item.evaluate(&records).map_err(from_datafusion)?;
            value.into_array(rows).map_err(from_datafusion)
        });
        Ok(Some(Computed {
            columns: columns.collect::<Result<_>>()?,
            kinds,
            rows,
        }))
    }

    fn mask(&self, filter: &Arc<dyn PhysicalExpr>, records: &RecordBatch) -> Result<BooleanArray> {
        let value = filter.evaluate(records).map_err(from_datafusion)?;
        let array = value
            .into_array(records.num_rows())
            .map_err(from_datafusion)?;
        Ok(array.as_boolean().clone())
    }
}

impl Explode {
    fn run(&self, records: &RecordBatch, kinds: &RowKinds) -> Result<(RecordBatch, RowKinds)> {
        let lists = self.list.evaluate(records).map_err(from_datafusion)?;
        let lists = lists
            .into_array(records.num_rows())
            .map_err(from_datafusion)?;
        let lists: &ListArray = lists.as_list();
        let values = lists.values();
        let mut rows = Vec::with_capacity(values.len());
        let mut elements = Vec::with_capacity(values.len());
        for row in 0..lists.len() {
            let before = rows.len();
            if lists.is_valid(row) {
                let offsets = &lists.value_offsets()[row..row + 2];
                for at in offsets[0] as u32..offsets[1] as u32 {
                    if self.outer || values.is_valid(at as usize) {
                        rows.push(row as u32);
                        elements.push(Some(at));
                    }
                }
            }
            if self.outer && rows.len() == before {
                rows.push(row as u32);
                elements.push(None);
            }
        }
        let kinds = match kinds {
            RowKinds::All(kind) => RowKinds::All(*kind),
            RowKinds::Each(bytes) => {
                RowKinds::Each(rows.iter().map(|row| bytes[*row as usize]).collect())
            }
        };
        let count = rows.len();
        let rows = UInt32Array::from(rows);
        let mut columns = records
            .columns()
            .iter()
            .map(|column| arrow_select::take::take(column, &rows, None))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let elements = arrow_select::take::take(values, &UInt32Array::from(elements), None)?;
        match columns.get_mut(self.at) {
            Some(known) => *known = elements,
            None => columns.push(elements),
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = self.schema.clone();
        Ok((
            RecordBatch::try_new_with_options(schema, columns, &options)?,
            kinds,
        ))
    }
}
