//! Reads ORC.

use std::path::Path;

use seatunnel_api::{Column, Output, Result};
use seatunnel_file_formats::orc::OrcFile;

use super::split::FileSplit;
use super::table::FileTable;
use super::whole::{as_table, emit_in_pieces, open, open_at, places, told};
use crate::place::Place;

const FORMAT: &str = "ORC";

/// The columns of a file.
///
/// # Errors
/// If it is no ORC file, or has a column of a type that there is not.
pub(crate) fn columns(place: &Place, path: &Path) -> Result<Vec<Column>> {
    let file = OrcFile::open(open_at(place, path)?);
    file.and_then(|f| f.columns())
        .map_err(|e| told(path, FORMAT, e))
}

/// Number of stripes in a file.
///
/// # Errors
/// If it is no ORC file.
pub(crate) fn stripes(place: &Place, path: &Path) -> Result<u64> {
    let file = OrcFile::open(open_at(place, path)?);
    let file = file.map_err(|e| told(path, FORMAT, e))?;
    Ok(file.stripes() as u64)
}

/// Reads the stripes of a split.
///
/// # Errors
/// If the file is damaged, or a column is missing or can't become the type it should have.
pub(crate) async fn read(
    table: &FileTable,
    split: FileSplit,
    out: &mut Output<'_, FileSplit>,
) -> Result<()> {
    let path = Path::new(&split.path).to_owned();
    let file = OrcFile::open(open(table, &path)?).map_err(|e| told(&path, FORMAT, e))?;
    let schema = file.schema().clone();
    let wanted = places(table, &schema, &path)?;
    let mut skip = split.rows;
    let mut position = split;
    for stripe in position.start..position.end {
        let stripe = stripe as usize;
        if skip >= file.stripe_rows(stripe) {
            skip -= file.stripe_rows(stripe);
            continue;
        }
        let size = out.batch_size();
        let rows = file.rows(stripe, &wanted, skip, size.rows, size.bytes);
        let mut rows = rows.map_err(|e| told(&path, FORMAT, e))?;
        skip = 0;
        while let Some(records) = rows.next_rows().map_err(|e| told(&path, FORMAT, e))? {
            // Columns come in the order of the file.
            let mut places: Vec<usize> = wanted.clone();
            places.sort_unstable();
            places.dedup();
            let batch = as_table(table, &path, records.num_rows(), |column| {
                let place = places.binary_search(&wanted[column]).unwrap_or(0);
                records.column(place)
            })?;
            emit_in_pieces(batch, out, |rows| {
                position.rows += rows;
                position.clone()
            })
            .await?;
        }
    }
    Ok(())
}
