//! Reads the rows of a split.

use std::sync::Arc;

use arrow_buffer::i256;
use async_trait::async_trait;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, DataType, Error, Output, Result, RowKind, SourceReader,
    Value,
};
use seatunnel_conformance::Data;

use super::Bug;
use super::connector::{Part, ToySplit};
use crate::toys::{LOST, MALFORMED, MISSING, Server, cut, filled};

#[derive(Clone)]
pub(super) struct ToyReader {
    pub(super) table: Arc<CatalogTable>,
    pub(super) data: Arc<Data>,
    pub(super) split_by: Option<usize>,
    pub(super) bug: Bug,
    pub(super) server: Arc<Server>,
}

#[async_trait]
impl SourceReader for ToyReader {
    type Split = ToySplit;

    async fn read(&mut self, mut split: ToySplit, out: &mut Output<'_, ToySplit>) -> Result<()> {
        if self.bug == Bug::LeavesTaskRunning {
            let table = self.table.clone();
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(600)).await;
                drop(table);
            });
        }
        let data = self.data.clone();
        if data.rows().is_empty() && self.bug == Bug::FailsOnEmptyTable {
            return Err(Error::new(MISSING, "the table has no rows"));
        }
        let rows = data
            .rows()
            .iter()
            .filter(|row| match (&split.part, self.split_by) {
                (Part::Range(from, to), Some(column)) => {
                    matches!(row[column], Value::Int(v) if v >= *from && v <= *to)
                }
                (Part::Null, Some(column)) => row[column].is_null(),
                _ => true,
            });
        let rows: Vec<&Vec<Value>> = rows.collect();
        if self.bug == Bug::IgnoresPosition {
            split.done = 0;
        }
        let size = out.batch_size();
        let mut builder = BatchBuilder::new(self.table.clone());
        let mut kept = Vec::new();
        for row in rows.into_iter().skip(split.done) {
            match (self.server.ask(), self.bug) {
                (Ok(()), _) => {}
                (Err(_), Bug::HangsWhenKilled) => std::future::pending().await,
                (Err(_), Bug::EndsWhenKilled) => return Ok(()),
                (Err(_), Bug::ReportsLossAsFinal) => {
                    return Err(Error::new(LOST, "connection reset by peer"));
                }
                (Err(error), _) => return Err(error),
            }
            self.push(&mut builder, row)?;
            split.done += 1;
            let full = builder.len() >= size.rows || builder.bytes() >= size.bytes;
            if full && self.bug == Bug::BuffersEverything {
                kept.push((builder.finish(), split.clone()));
            } else if full && self.bug != Bug::IgnoresBatchSize {
                self.emit(builder.finish(), &split, out).await?;
                tokio::task::yield_now().await;
                if self.bug == Bug::SwallowsCancel && out.flush().await.is_err() {
                    return Ok(());
                }
            }
        }
        for (batch, position) in kept {
            self.emit(batch, &position, out).await?;
        }
        let dropped = match self.bug {
            Bug::DropsLastBatch => true,
            Bug::LosesRowsWithoutPositions => !out.wants_positions(),
            _ => false,
        };
        if !builder.is_empty() && !dropped {
            self.emit(builder.finish(), &split, out).await?;
        }
        Ok(())
    }
}

impl ToyReader {
    fn push(&self, builder: &mut BatchBuilder, row: &[Value]) -> Result<()> {
        let id = row[0].to_string();
        let row: Vec<Value> = row
            .iter()
            .zip(self.table.columns())
            .map(
                |(value, column)| match (self.bug, &column.data_type, value) {
                    (Bug::CutsTexts, ..) => cut(value),
                    (Bug::NullBecomesEmptyText, data_type, _) => filled(value, data_type),
                    (
                        Bug::AnnouncesOtherScale,
                        DataType::Decimal { scale, .. },
                        Value::Decimal(digits, old),
                    ) => {
                        let ten = i256::from(10_i64);
                        let digits = (*scale..*old).fold(*digits, |d, _| d.wrapping_div(ten));
                        Value::Decimal(digits, *scale)
                    }
                    _ => value.clone(),
                },
            )
            .collect();
        builder
            .push(RowKind::Insert, &row)
            .map_err(|error| match self.bug {
                Bug::PanicsAtMalformedValue => panic!("{error}"),
                _ => Error::new(MALFORMED, error.message())
                    .with_context("table", self.table.path())
                    .with_context("row", id),
            })
    }

    async fn emit(
        &self,
        batch: Batch,
        position: &ToySplit,
        out: &mut Output<'_, ToySplit>,
    ) -> Result<()> {
        let mut position = position.clone();
        let mut batch = batch;
        match self.bug {
            Bug::PositionOffByOne => position.done -= 1,
            Bug::MakesTablesAnew => {
                let (table, records, kinds) = batch.into_parts();
                batch = Batch::new(Arc::new(CatalogTable::clone(&table)), records, kinds);
            }
            Bug::NeverSaysWhereItIs => {
                for row in batch.rows() {
                    out.row(batch.table(), &row.values()).await?;
                }
                return out.flush().await;
            }
            Bug::SwallowsCancel => {
                let _ = out.emit(batch, &position).await;
                return Ok(());
            }
            _ => {}
        }
        out.emit(batch, &position).await
    }
}
