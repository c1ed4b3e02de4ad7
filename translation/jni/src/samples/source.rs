//! The source.

use std::sync::Arc;

use async_trait::async_trait;
use fastrand::Rng;
use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, Output, Result, RowKind, Source, SourceReader,
    Split, State, TablePath, TableSchema, TaskContext, Value,
};
use serde::{Deserialize, Serialize};

use super::values::{self, TYPES};
use super::{KIND_TEXT, SamplesOptions, TEXT};

/// Rows of a batch that is made; it is given away in slices.
const MADE: usize = 300;

pub(super) struct Samples {
    options: SamplesOptions,
    table: Arc<CatalogTable>,
}

impl Samples {
    pub(super) fn new(options: SamplesOptions) -> Self {
        let mut columns = vec![
            Column::new("id", DataType::BigInt),
            Column::new(KIND_TEXT, DataType::String),
        ];
        for (index, text) in TYPES.iter().enumerate() {
            // A type that is not read would be missing in the test.
            let data_type = DataType::parse(text).unwrap_or(DataType::Null);
            columns.push(Column::new(format!("c{index}"), data_type));
            columns.push(Column::new(format!("c{index}{TEXT}"), DataType::String));
        }
        let schema = TableSchema::new(columns);
        let table = CatalogTable::new("Samples", TablePath::table("samples"), schema);
        Self {
            options,
            table: Arc::new(table),
        }
    }
}

/// Some of the rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rows {
    from: usize,
    to: usize,
}

impl State for Rows {}

impl Split for Rows {
    fn id(&self) -> String {
        format!("to {}", self.to)
    }
}

#[async_trait]
impl Source for Samples {
    type Split = Rows;
    type Reader = Reader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn splits(&self, parallelism: usize) -> Result<Vec<Rows>> {
        let share = self.options.rows.div_ceil(parallelism + 1).max(1);
        let splits = (0..self.options.rows).step_by(share).map(|from| Rows {
            from,
            to: (from + share).min(self.options.rows),
        });
        Ok(splits.collect())
    }

    async fn reader(&self, _context: TaskContext) -> Result<Reader> {
        Ok(Reader {
            table: self.table.clone(),
            options: self.options.clone(),
        })
    }
}

pub(super) struct Reader {
    table: Arc<CatalogTable>,
    options: SamplesOptions,
}

#[async_trait]
impl SourceReader for Reader {
    type Split = Rows;

    async fn read(&mut self, split: Rows, out: &mut Output<'_, Rows>) -> Result<()> {
        let mut rng = Rng::with_seed(self.options.seed ^ split.from as u64);
        let mut at = split.from;
        while at < split.to {
            let rows = MADE.min(split.to - at);
            let mut builder = BatchBuilder::new(self.table.clone());
            for id in at..at + rows {
                let kind = match self.options.changes {
                    true => RowKind::ALL[rng.usize(..4)],
                    false => RowKind::Insert,
                };
                builder.push(kind, &row(&self.table, id, kind, &mut rng))?;
            }
            let batch = builder.finish();
            let mut given = 0;
            while given < rows {
                let length = rng.usize(1..=rows - given);
                let position = Rows {
                    from: at + given + length,
                    to: split.to,
                };
                out.emit(batch.slice(given, length), &position).await?;
                given += length;
            }
            at += rows;
        }
        Ok(())
    }
}

fn row(table: &CatalogTable, id: usize, kind: RowKind, rng: &mut Rng) -> Vec<Value> {
    let mut row = vec![
        Value::BigInt(id as i64),
        Value::String(kind.short().to_owned()),
    ];
    for column in table.columns()[2..].iter().step_by(2) {
        let value = values::value(&column.data_type, rng);
        let text = values::canonical(&value);
        row.extend([value, Value::String(text)]);
    }
    row
}
