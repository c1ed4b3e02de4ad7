//! Rows gathered into statements.
//!
//! Rows of a table with the same to be done to them wait until they make a statement of good size.
//! While the server works on one statement, the next is gathered and encoded; its answer is read
//! before another is sent, so that an error is known before anything follows it. A statement that
//! fails for the sake of a row changes nothing; it is halved until the row is found.

use std::ops::Range;

use seatunnel_api::Batch;

use super::form::{Unfit, View};
use super::parameters;
use super::plan::{Field, Plan, Purpose};

/// What is done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Put,
    Delete,
}

/// Some rows of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    Range(Range<usize>),
    List(Vec<usize>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(rows) => rows.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> usize {
        match self {
            Self::Range(range) => range.start + index,
            Self::List(rows) => rows[index],
        }
    }

    /// Those from `start` to before `end`, counted among these.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Range(range) => Self::Range(range.start + start..range.start + end),
            Self::List(rows) => Self::List(rows[start..end].to_vec()),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// Some rows of a batch that is numbered among all of its task.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) batch: Batch,
    /// Number of the batch's first row in its task, from 1.
    pub(crate) first: u64,
    pub(crate) rows: Rows,
}

impl Piece {
    /// Others of the same batch.
    pub(crate) fn with_rows(&self, rows: Rows) -> Self {
        Self {
            batch: self.batch.clone(),
            first: self.first,
            rows,
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.batch.num_bytes() * self.rows.len() / self.batch.num_rows().max(1)
    }
}

/// Rows of one table, of several batches, with one thing to be done to them.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) table: usize,
    pub(crate) op: Op,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) rows: usize,
    /// Bytes in memory, about.
    pub(crate) bytes: usize,
}

impl Group {
    pub(crate) fn new(table: usize, op: Op) -> Self {
        Self {
            table,
            op,
            pieces: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    pub(crate) fn add(&mut self, piece: Piece) {
        if piece.rows.len() > 0 {
            self.rows += piece.rows.len();
            self.bytes += piece.bytes();
            self.pieces.push(piece);
        }
    }

    /// The first `rows` rows, and the others.
    pub(crate) fn split(self, rows: usize) -> (Self, Self) {
        let (mut first, mut rest) = (
            Self::new(self.table, self.op),
            Self::new(self.table, self.op),
        );
        for piece in self.pieces {
            let length = piece.rows.len();
            let wanted = (rows - first.rows).min(length);
            first.add(piece.with_rows(piece.rows.slice(0, wanted)));
            rest.add(piece.with_rows(piece.rows.slice(wanted, length)));
        }
        (first, rest)
    }

    /// The batch, the row in it and its number in the task, of the row at `index`.
    pub(crate) fn place(&self, mut index: usize) -> Option<(&Batch, usize, u64)> {
        for piece in &self.pieces {
            if index < piece.rows.len() {
                let row = piece.rows.get(index);
                return Some((&piece.batch, row, piece.first + row as u64));
            }
            index -= piece.rows.len();
        }
        None
    }

    /// The same rows without the one at `index`.
    pub(crate) fn without(self, index: usize) -> Self {
        let (mut first, rest) = self.split(index);
        let (_, rest) = rest.split(1);
        for piece in rest.pieces {
            first.add(piece);
        }
        first
    }

    /// The fields that the statement has of each row.
    pub(crate) fn fields<'a>(&self, plan: &'a Plan) -> Vec<&'a Field> {
        match self.op {
            Op::Put => plan.fields.iter().collect(),
            Op::Delete => plan.keys.iter().map(|key| &plan.fields[*key]).collect(),
        }
    }

    /// Whether a field of a row is null.
    pub(crate) fn has_nulls(&self, fields: &[&Field]) -> bool {
        self.pieces.iter().any(|piece| {
            let records = piece.batch.records();
            let mut columns = fields.iter().map(|f| records.column(f.place));
            columns.any(|column| column.null_count() > 0)
        })
    }

    /// What the statement for its rows is for: in bulk it is prepared for one row, else for all.
    pub(crate) fn purpose(&self, bulk: bool, fields: &[&Field]) -> Purpose {
        match self.op {
            Op::Put if bulk => Purpose::Put(1),
            Op::Put => Purpose::Put(self.rows),
            Op::Delete if bulk || self.has_nulls(fields) => Purpose::DeleteWithNulls,
            Op::Delete => Purpose::Delete(self.rows),
        }
    }

    /// Writes the command that executes a prepared statement for all rows.
    ///
    /// # Errors
    /// A value that MySQL can't hold: its row among these, and why.
    pub(crate) fn encode(
        &self,
        bulk: bool,
        statement: u32,
        fields: &[&Field],
        out: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Unfit> {
        if bulk {
            self.bulk_command(statement, fields, out, scratch)
        } else {
            self.command(statement, fields, out, scratch)
        }
    }

    /// In bulk, by a statement prepared for one row.
    fn bulk_command(
        &self,
        statement: u32,
        fields: &[&Field],
        out: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Unfit> {
        // MariaDB, "COM_STMT_BULK_EXECUTE": flag 128 says that types are sent.
        out.clear();
        out.push(0xfa);
        out.extend_from_slice(&statement.to_le_bytes());
        out.extend_from_slice(&128_u16.to_le_bytes());
        push_types(out, fields);
        self.each_row(fields, |at, views, row| {
            for (column, view) in views.iter().enumerate() {
                // The indicator: 0, a value follows; 1, null.
                if view.is_null(row) {
                    out.push(1);
                } else {
                    out.push(0);
                    parameters::write_value(out, scratch, view, row).map_err(|why| Unfit {
                        row: at,
                        column,
                        why,
                    })?;
                }
            }
            Ok(())
        })
    }

    /// By a statement prepared for so many rows.
    fn command(
        &self,
        statement: u32,
        fields: &[&Field],
        out: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Unfit> {
        // MySQL, "COM_STMT_EXECUTE": no cursor, once; nulls as bits, then types, then values.
        out.clear();
        out.push(0x17);
        out.extend_from_slice(&statement.to_le_bytes());
        out.push(0);
        out.extend_from_slice(&1_u32.to_le_bytes());
        let bits = out.len();
        let parameters = self.rows * fields.len();
        out.resize(bits + parameters.div_ceil(8), 0);
        out.push(1);
        for _ in 0..self.rows {
            push_types(out, fields);
        }
        let width = fields.len();
        self.each_row(fields, |at, views, row| {
            for (column, view) in views.iter().enumerate() {
                if view.is_null(row) {
                    let parameter = at * width + column;
                    out[bits + parameter / 8] |= 1 << (parameter % 8);
                } else {
                    parameters::write_value(out, scratch, view, row).map_err(|why| Unfit {
                        row: at,
                        column,
                        why,
                    })?;
                }
            }
            Ok(())
        })
    }

    fn each_row(
        &self,
        fields: &[&Field],
        mut write: impl FnMut(usize, &[View<'_>], usize) -> Result<(), Unfit>,
    ) -> Result<(), Unfit> {
        let mut at = 0;
        for piece in &self.pieces {
            let records = piece.batch.records();
            let views: Vec<View<'_>> = fields
                .iter()
                .map(|field| View::new(&field.form, records, field.place))
                .collect();
            match &piece.rows {
                Rows::Range(range) => {
                    for row in range.clone() {
                        write(at, &views, row)?;
                        at += 1;
                    }
                }
                Rows::List(list) => {
                    for row in list {
                        write(at, &views, *row)?;
                        at += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

fn push_types(out: &mut Vec<u8>, fields: &[&Field]) {
    for field in fields {
        out.extend_from_slice(&[parameters::type_of(&field.form), 0]);
    }
}
