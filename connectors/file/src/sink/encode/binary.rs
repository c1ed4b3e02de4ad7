//! Pieces of files, put together again.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use seatunnel_api::{CatalogTable, DataType, Error, Result, codes};

/// The columns of pieces: what they hold, and what they are called.
const COLUMNS: [(&str, DataType); 3] = [
    ("data", DataType::Bytes),
    ("relativePath", DataType::String),
    ("partIndex", DataType::BigInt),
];
/// The number of a piece that says that there are no more.
const END: i64 = -1;

/// Knows which piece of which file is the next.
pub(crate) struct BinaryEncoder {
    next: HashMap<Arc<str>, i64>,
}

/// A piece of a file.
pub(crate) struct Piece<'a> {
    /// The file's path below the target.
    pub(crate) path: Arc<str>,
    pub(crate) data: &'a [u8],
}

impl BinaryEncoder {
    /// For rows of a table.
    ///
    /// # Errors
    /// If they are no pieces of files.
    pub(crate) fn new(table: &CatalogTable) -> Result<Self> {
        let found = table
            .columns()
            .iter()
            .map(|c| (c.name.as_str(), &c.data_type));
        let wanted = COLUMNS.iter().map(|(name, data_type)| (*name, data_type));
        if !found.eq(wanted) {
            return Err(Error::new(
                codes::OPTION_INVALID,
                format!(
                    "table {} has no pieces of files to be written as binary: those have the columns data (bytes), relativePath (string) and partIndex (bigint)",
                    table.path()
                ),
            )
            .with_help("read the files with file_format_type = binary, too, and leave the columns as they are"));
        }
        Ok(Self {
            next: HashMap::new(),
        })
    }

    /// Forgets all files: each begins anew.
    pub(crate) fn clear(&mut self) {
        self.next.clear();
    }

    /// The piece in a row; none if it says that the file is at its end.
    ///
    /// # Errors
    /// If its path leads elsewhere, or it is not the next of its file.
    pub(crate) fn piece<'a>(
        &mut self,
        rows: &'a RecordBatch,
        row: usize,
    ) -> Result<Option<Piece<'a>>> {
        let data = rows.column(0).as_binary::<i32>();
        let paths = rows.column(1).as_string::<i32>();
        let indexes = rows.column(2).as_primitive::<Int64Type>();
        if indexes.is_valid(row) && indexes.value(row) == END {
            return Ok(None);
        }
        let path = if paths.is_valid(row) {
            paths.value(row)
        } else {
            ""
        };
        let mut parts = path.split('/');
        // One way to write a path: two files can't become one.
        if parts.any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::new(
                codes::VALUE_INVALID,
                format!("relativePath is {path:?}, which is no path of a file below the target"),
            ));
        }
        let next = match self.next.get_mut(path) {
            Some(next) => next,
            None => self.next.entry(Arc::from(path)).or_insert(0),
        };
        let index = if indexes.is_valid(row) {
            indexes.value(row)
        } else {
            END
        };
        if index != *next {
            return Err(Error::new(
                codes::VALUE_INVALID,
                format!("piece {index} of {path} comes where piece {next} should"),
            )
            .with_help(
                "all pieces of a file have to come to one writer, in their order: transforms must not drop rows, and one source may not have two files of one relative path",
            ));
        }
        *next += 1;
        let (path, _) = self
            .next
            .get_key_value(path)
            .ok_or_else(|| Error::new(codes::INTERNAL, "a file was forgotten"))?;
        Ok(Some(Piece {
            path: path.clone(),
            data: if data.is_valid(row) {
                data.value(row)
            } else {
                &[]
            },
        }))
    }
}
