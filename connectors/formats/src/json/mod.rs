//! JSON objects as rows.

mod cursor;
mod values;

use seatunnel_api::{CatalogTable, RowKind};

use crate::columns::RowColumns;
use crate::fault::{Fault, Step};
pub(crate) use cursor::Cursor;
pub(crate) use values::Dialect;
use values::push_value;

/// Reads objects into the columns of a table.
pub(crate) struct Objects {
    names: Vec<Vec<u8>>,
    dialect: Dialect,
}

impl Objects {
    /// For the columns of a table.
    pub(crate) fn new(table: &CatalogTable, dialect: Dialect) -> Self {
        let names = table.columns().iter().map(|c| c.name.as_bytes().to_vec());
        Self {
            names: names.collect(),
            dialect,
        }
    }

    /// A message: one object, or a list of objects.
    pub(crate) fn decode(&self, message: &[u8], rows: &mut RowColumns) -> Step {
        let message = text(message)?;
        let mut cursor = Cursor::new(message);
        if cursor.take(b'[') {
            let mut first = true;
            while cursor.item(&mut first)? {
                self.object(&mut cursor, rows)?;
                rows.end_row(RowKind::Insert);
            }
        } else {
            self.object(&mut cursor, rows)?;
            rows.end_row(RowKind::Insert);
        }
        cursor.end()
    }

    /// An object: its members become values of the row being made. Columns that it does not have are
    /// left; of a member that is there twice the last one counts.
    pub(crate) fn object(&self, cursor: &mut Cursor<'_>, rows: &mut RowColumns) -> Step {
        cursor.expect(b'{')?;
        let table = rows.table().clone();
        let row = rows.rows();
        let columns = rows.columns_mut();
        let mut first = true;
        let mut expected = 0;
        while let Some(key) = cursor.key(&mut first)? {
            let Some(index) = self.find(&key, expected) else {
                cursor.skip()?;
                continue;
            };
            expected = index + 1;
            let column = &mut columns[index];
            if column.len() > row {
                column.truncate(row);
            }
            let declared = &table.columns()[index];
            push_value(cursor, column, &declared.data_type, self.dialect)
                .map_err(|f| f.within(&declared.name))?;
        }
        Ok(())
    }

    /// Members mostly come in the order of the columns.
    #[inline]
    fn find(&self, key: &[u8], expected: usize) -> Option<usize> {
        match self.names.get(expected) {
            Some(name) if **name == *key => Some(expected),
            _ => self.names.iter().position(|name| **name == *key),
        }
    }
}

/// The message, if it is text: then all strings in it are.
pub(crate) fn text(message: &[u8]) -> Step<&[u8]> {
    match std::str::from_utf8(message) {
        Ok(_) => Ok(message),
        Err(error) => Err(Fault::new(format!(
            "it is not valid UTF-8 from byte {} on",
            error.valid_up_to()
        ))),
    }
}
