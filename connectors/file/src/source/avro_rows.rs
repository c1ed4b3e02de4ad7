//! Reads Avro files.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{Field, Schema};
use seatunnel_api::{Column, Output, Result};
use seatunnel_file_formats::avro::{AvroFile, AvroPosition};

use super::split::FileSplit;
use super::table::FileTable;
use super::whole::{as_table, open, open_at, places, told};
use crate::place::Place;

const FORMAT: &str = "Avro";

/// The columns of a file.
///
/// # Errors
/// If it is no Avro file, or has a column of a type that there is not.
pub(crate) fn columns(place: &Place, path: &Path) -> Result<Vec<Column>> {
    let file = AvroFile::open(open_at(place, path)?);
    file.and_then(|f| f.columns())
        .map_err(|e| told(path, FORMAT, e))
}

/// Where a file is cut into pieces of about so many bytes: the starts of blocks, and its end.
///
/// # Errors
/// If it is no Avro file, or can't be read.
pub(crate) fn cuts(place: &Place, path: &Path, piece: Option<u64>) -> Result<Vec<u64>> {
    let from = open_at(place, path)?;
    let size = from.size();
    let file = AvroFile::open(from).map_err(|e| told(path, FORMAT, e))?;
    let mut cuts = vec![file.start()];
    if let Some(piece) = piece {
        for number in 1..size.div_ceil(piece.max(1)) {
            let cut = file.block_from(number * piece);
            cuts.push(cut.map_err(|e| told(path, FORMAT, e))?);
        }
    }
    cuts.push(size);
    cuts.dedup();
    Ok(cuts)
}

/// Reads the blocks of a split.
///
/// # Errors
/// If the file is damaged, or a column is missing or can't become the type it should have.
pub(crate) async fn read(
    table: &FileTable,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let file = AvroFile::open(open(table, &path)?).map_err(|e| told(&path, FORMAT, e))?;
    let found = file.columns().map_err(|e| told(&path, FORMAT, e))?;
    let fields: Vec<Field> = found
        .iter()
        .map(|c| Field::new(&c.name, c.data_type.to_arrow(), true))
        .collect();
    let wanted = places(table, &Arc::new(Schema::new(fields)), &path)?;
    let columns: Vec<Column> = wanted.iter().map(|place| found[*place].clone()).collect();
    let from = AvroPosition {
        block: split.start,
        rows: split.rows,
    };
    let rows = file.rows(&columns, from, split.end);
    let mut rows = rows.map_err(|e| told(&path, FORMAT, e))?;
    let mut position = split;
    loop {
        let size = out.batch_size();
        let next = rows.next_rows(size.rows, size.bytes);
        let Some((batch, reached)) = next.map_err(|e| told(&path, FORMAT, e))? else {
            return Ok(());
        };
        let records = batch.records();
        let batch = as_table(table, &path, records.num_rows(), |column| {
            records.column(column)
        })?;
        position.start = reached.block;
        position.rows = reached.rows;
        out.emit(batch, &position).await?;
    }
}
