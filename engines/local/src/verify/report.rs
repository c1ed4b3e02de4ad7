//! What a comparison has found.

/// What was found in all targets of a job.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Each target table.
    pub tables: Vec<TableReport>,
    /// Sinks that can't be read back, which nothing is said about.
    pub unread: Vec<String>,
}

impl VerifyReport {
    /// Whether every table that was compared holds what it should.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(TableReport::is_equal)
    }
}

/// What was found in one target table.
#[derive(Clone, Debug, Default)]
pub struct TableReport {
    /// The sink, as messages call it.
    pub sink: String,
    /// The tables that go into it.
    pub inputs: Vec<String>,
    /// The table that holds them, as the target calls it.
    pub target: String,
    /// Rows that should be there.
    pub rows_expected: u64,
    /// Rows that are there.
    pub rows_found: u64,
    /// Checksum of the rows that should be there. It says something only beside the other one of
    /// the same report.
    pub checksum_expected: u128,
    /// Checksum of the rows that are there.
    pub checksum_found: u128,
    /// The columns by which rows are told apart; none where there is no key, and rows are compared
    /// as a whole.
    pub key: Vec<String>,
    /// Columns that are written, and that the target does not have.
    pub columns_missing: Vec<String>,
    /// Columns of the target that nothing is written to; they were not compared.
    pub columns_extra: Vec<String>,
    /// Rows that should be there and are not, of those that were looked at.
    pub missing: u64,
    /// Rows that are there and should not be, of those that were looked at.
    pub extra: u64,
    /// Rows that are there with other values, of those that were looked at.
    pub different: u64,
    /// Whether every row that differs was looked at. If not, there may be more, and smaller keys.
    pub complete: bool,
    /// Whether rows that only the target has are no difference.
    pub extra_allowed: bool,
    /// A side gave other rows when it was read again: it is being written to, or makes rows up.
    pub changed_meanwhile: bool,
    /// The first differences, in the order of the key.
    pub differences: Vec<Difference>,
}

impl TableReport {
    /// Whether the table holds what it should.
    pub fn is_equal(&self) -> bool {
        self.checksums_agree() && self.no_difference_found()
            || self.extra_allowed && self.complete && self.no_difference_found()
    }

    /// Whether there are as many rows as there should be, with the same checksum.
    pub fn checksums_agree(&self) -> bool {
        self.rows_expected == self.rows_found && self.checksum_expected == self.checksum_found
    }

    fn no_difference_found(&self) -> bool {
        let extra = if self.extra_allowed { 0 } else { self.extra };
        self.missing + extra + self.different == 0
            && self.columns_missing.is_empty()
            && !self.changed_meanwhile
    }
}

/// Rows of a key that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The columns of the key and their values, shortened; all columns where there is no key.
    pub key: Vec<(String, String)>,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// So many rows should be there and are not.
    Missing(u64),
    /// So many rows are there and should not be.
    Extra(u64),
    /// The row has other values.
    Values(Vec<ValueDifference>),
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueDifference {
    /// The column.
    pub column: String,
    /// What it should be, shortened.
    pub expected: String,
    /// What it is, shortened.
    pub found: String,
}
