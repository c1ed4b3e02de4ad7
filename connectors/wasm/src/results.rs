//! What code gives back for each row.

use std::sync::Arc;

use seatunnel_api::{Batch, BatchBuilder, CatalogTable, RowKind, Value};
use seatunnel_transforms::json_path::{Json, convert};

/// Reads results into the columns that the code makes.
pub(crate) struct Results {
    made: Arc<CatalogTable>,
}

impl Results {
    pub(crate) fn new(made: Arc<CatalogTable>) -> Self {
        Self { made }
    }

    /// The columns, and which rows stay.
    ///
    /// # Errors
    /// What doesn't fit, and of which row.
    pub(crate) fn read(&self, text: &str, rows: usize) -> Result<(Batch, Vec<bool>), String> {
        let json = Json::parse(text).map_err(|why| format!("the result is no JSON: {why}"))?;
        let Json::Array(items) = &json else {
            return Err(format!("the result is {}, not a list", json.kind()));
        };
        if items.len() != rows {
            return Err(format!(
                "the result has {} elements for {rows} rows",
                items.len()
            ));
        }
        let mut builder = BatchBuilder::new(self.made.clone());
        let mut kept = Vec::with_capacity(rows);
        let mut values = Vec::with_capacity(self.made.columns().len());
        for (row, item) in items.iter().enumerate() {
            let stays = match item {
                Json::Null => false,
                Json::Bool(stays) if self.made.columns().is_empty() => *stays,
                _ => true,
            };
            kept.push(stays);
            values.clear();
            for (at, column) in self.made.columns().iter().enumerate() {
                let value = if stays {
                    self.part(item, at)
                } else {
                    Ok(&Json::Null)
                };
                let value = value.and_then(|json| convert(json, &column.data_type));
                let value: Value =
                    value.map_err(|why| format!("row {row}, column {}: {why}", column.name))?;
                values.push(value);
            }
            builder
                .push(RowKind::Insert, &values)
                .map_err(|e| e.message().to_owned())?;
        }
        Ok((builder.finish(), kept))
    }

    /// The value of a column: a member of an object, an item of a list, or the only one itself.
    fn part<'r, 'j>(&self, item: &'r Json<'j>, at: usize) -> Result<&'r Json<'j>, String> {
        let columns = self.made.columns();
        match item {
            Json::Object(_) => {
                let name = &columns[at].name;
                item.get(name)
                    .ok_or_else(|| format!("the result has no member {name:?}"))
            }
            Json::Array(items) if items.len() == columns.len() => Ok(&items[at]),
            Json::Array(items) => Err(format!(
                "the result has {} items for {} columns",
                items.len(),
                columns.len()
            )),
            _ if columns.len() == 1 => Ok(item),
            other => Err(format!("the result is {}, not an object", other.kind())),
        }
    }
}
