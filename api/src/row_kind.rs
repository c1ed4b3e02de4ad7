//! What a row does to its table.

use std::fmt;
use std::str::FromStr;

use arrow_buffer::{Buffer, ScalarBuffer};

/// What a row does to its table. The numbers are those of SeaTunnel and Flink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RowKind {
    /// `+I`: the row is new.
    #[default]
    Insert = 0,
    /// `-U`: the row as it was before a change; a `+U` of the same key follows.
    UpdateBefore = 1,
    /// `+U`: the row as it is after a change.
    UpdateAfter = 2,
    /// `-D`: the row is gone.
    Delete = 3,
}

impl RowKind {
    /// All kinds in the order of their numbers.
    pub const ALL: [RowKind; 4] = [
        RowKind::Insert,
        RowKind::UpdateBefore,
        RowKind::UpdateAfter,
        RowKind::Delete,
    ];

    /// `INSERT`, `UPDATE_BEFORE`, `UPDATE_AFTER`, `DELETE`
    pub fn name(self) -> &'static str {
        ["INSERT", "UPDATE_BEFORE", "UPDATE_AFTER", "DELETE"][self as usize]
    }

    /// `+I`, `-U`, `+U`, `-D`
    pub fn short(self) -> &'static str {
        ["+I", "-U", "+U", "-D"][self as usize]
    }

    /// The kind of a number as it stands in [`RowKinds`]; unknown numbers can't get there.
    pub fn from_byte(byte: u8) -> Self {
        Self::ALL[usize::from(byte & 3)]
    }
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads the long and the short names, in any case.
impl FromStr for RowKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|k| text.eq_ignore_ascii_case(k.name()) || text.eq_ignore_ascii_case(k.short()))
            .ok_or(())
    }
}

/// The kinds of a batch's rows: one for all of them, which costs nothing, or a byte each.
#[derive(Clone, Debug)]
pub enum RowKinds {
    /// Every row has this kind.
    All(RowKind),
    /// The kind of each row as its number.
    Each(ScalarBuffer<u8>),
}

impl Default for RowKinds {
    fn default() -> Self {
        RowKinds::All(RowKind::Insert)
    }
}

impl RowKinds {
    /// Kinds of single rows; becomes [`RowKinds::All`] where they don't differ.
    pub fn from_kinds(kinds: Vec<RowKind>) -> Self {
        match kinds.first() {
            None => Self::default(),
            Some(first) if kinds.iter().all(|k| k == first) => Self::All(*first),
            Some(_) => {
                let bytes: Vec<u8> = kinds.iter().map(|k| *k as u8).collect();
                Self::Each(ScalarBuffer::from(Buffer::from_vec(bytes)))
            }
        }
    }

    /// The kind of one row.
    pub fn get(&self, row: usize) -> RowKind {
        match self {
            Self::All(kind) => *kind,
            Self::Each(bytes) => RowKind::from_byte(bytes[row]),
        }
    }

    /// Whether every row is an insert, told without looking at rows where possible.
    pub fn all_inserts(&self) -> bool {
        match self {
            Self::All(kind) => *kind == RowKind::Insert,
            Self::Each(bytes) => bytes.iter().all(|b| *b == RowKind::Insert as u8),
        }
    }

    /// Whether every row is an insert or the row after an update, told without looking at rows where
    /// possible: whether rows only have to be put into their place.
    pub fn all_puts(&self) -> bool {
        let puts = |kind| matches!(kind, RowKind::Insert | RowKind::UpdateAfter);
        match self {
            Self::All(kind) => puts(*kind),
            Self::Each(bytes) => bytes.iter().all(|b| puts(RowKind::from_byte(*b))),
        }
    }

    /// The kinds of rows `offset..offset + length`, sharing memory.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        match self {
            Self::All(kind) => Self::All(*kind),
            Self::Each(bytes) => Self::Each(bytes.slice(offset, length)),
        }
    }

    /// The kinds of the rows for which `keep` says true.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        match self {
            Self::All(kind) => Self::All(*kind),
            Self::Each(bytes) => {
                let kept: Vec<u8> = bytes
                    .iter()
                    .enumerate()
                    .filter(|(row, _)| keep(*row))
                    .map(|(_, b)| *b)
                    .collect();
                Self::Each(ScalarBuffer::from(Buffer::from_vec(kept)))
            }
        }
    }
}
