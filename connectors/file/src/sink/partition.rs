//! Parting rows by the values of columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_row::{RowConverter, SortField};
use arrow_select::take::take_record_batch;
use seatunnel_api::{CatalogTable, DataType, Error, Result, Value, codes};

use super::naming::FolderNames;

/// Names of folders that are remembered at most; more are worked out again.
const REMEMBERED: usize = 16_384;

/// Parts rows by the values of columns.
pub(crate) struct Partitioner {
    columns: Vec<(usize, DataType)>,
    names: Arc<FolderNames>,
    converter: RowConverter,
    /// Folders by the values, in the form that `converter` gives.
    folders: HashMap<Box<[u8]>, Arc<str>>,
}

impl Partitioner {
    /// Parts the rows of a table by these of its columns.
    ///
    /// # Errors
    /// If the values of a column can't be part of a folder's name.
    pub(crate) fn new(
        table: &CatalogTable,
        columns: &[usize],
        names: Arc<FolderNames>,
    ) -> Result<Self> {
        let mut typed = Vec::with_capacity(columns.len());
        for index in columns {
            let column = &table.columns()[*index];
            if matches!(
                column.data_type,
                DataType::Bytes
                    | DataType::Array(_)
                    | DataType::Map(..)
                    | DataType::Row(_)
                    | DataType::FloatVector(_)
            ) {
                return Err(Error::new(
                    codes::TYPE_UNSUPPORTED,
                    format!(
                        "option `partition_by`: column {:?} is of type {}, which can't be part of a folder's name",
                        column.name, column.data_type
                    ),
                ));
            }
            typed.push((*index, column.data_type.clone()));
        }
        let fields = typed.iter().map(|(_, t)| SortField::new(t.to_arrow()));
        Ok(Self {
            converter: RowConverter::new(fields.collect())?,
            columns: typed,
            names,
            folders: HashMap::new(),
        })
    }

    /// Parts `rows` by the values in `all`, which are the same rows with all columns of the table.
    ///
    /// # Errors
    /// If a column operation fails.
    pub(crate) fn split(
        &mut self,
        all: &RecordBatch,
        rows: &RecordBatch,
    ) -> Result<Vec<(Arc<str>, RecordBatch)>> {
        let keys: Vec<_> = self
            .columns
            .iter()
            .map(|(i, _)| all.column(*i).clone())
            .collect();
        let keys = self.converter.convert_columns(&keys)?;
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut by_key: HashMap<&[u8], usize> = HashMap::new();
        let mut last: Option<(&[u8], usize)> = None;
        for (row, key) in keys.iter().enumerate() {
            let key = key.data();
            let group = match last {
                // Rows of a partition often come together.
                Some((before, group)) if before == key => group,
                _ => *by_key.entry(key).or_insert_with(|| {
                    groups.push(Vec::new());
                    groups.len() - 1
                }),
            };
            last = Some((key, group));
            groups[group].push(row as u32);
        }
        let mut parts = Vec::with_capacity(groups.len());
        for group in groups {
            let first = group[0] as usize;
            let folder = self.folder(all, first, keys.row(first).data());
            let part = if group.len() == rows.num_rows() {
                rows.clone()
            } else {
                take_record_batch(rows, &UInt32Array::from(group))?
            };
            parts.push((folder, part));
        }
        Ok(parts)
    }

    fn folder(&mut self, all: &RecordBatch, row: usize, key: &[u8]) -> Arc<str> {
        if let Some(folder) = self.folders.get(key) {
            return folder.clone();
        }
        let values: Vec<Option<String>> = self
            .columns
            .iter()
            .map(|(index, data_type)| {
                let value = Value::read(all.column(*index).as_ref(), data_type, row);
                (!value.is_null()).then(|| value.to_string())
            })
            .collect();
        let folder: Arc<str> = self.names.folder(&values).into();
        if self.folders.len() >= REMEMBERED {
            self.folders.clear();
        }
        self.folders.insert(key.into(), folder.clone());
        folder
    }
}
