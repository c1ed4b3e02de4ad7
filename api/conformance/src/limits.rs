//! What a connector can't do by design, and how much of it the checks may ask for.

use crate::checks::Check;

/// What can't be checked, with the reason that the report shows, and limits other than the kit's.
#[derive(Clone, Debug)]
pub struct Limits {
    left_out: Vec<(&'static str, &'static str)>,
    pub(crate) columns: (usize, Option<&'static str>),
    pub(crate) value_bytes: (usize, Option<&'static str>),
    pub(crate) memory: (usize, Option<&'static str>),
    pub(crate) unpositioned: Option<&'static str>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            left_out: Vec::new(),
            columns: (1_000, None),
            value_bytes: (64 << 20, None),
            memory: (16 << 20, None),
            unpositioned: None,
        }
    }
}

impl Limits {
    /// A check that is not run, for this reason.
    #[must_use]
    pub fn leave_out(mut self, check: impl Check, reason: &'static str) -> Self {
        self.left_out.push((check.name(), reason));
        self
    }

    /// The widest table has so many columns besides `id`, instead of 1,000.
    #[must_use]
    pub fn columns(mut self, columns: usize, reason: &'static str) -> Self {
        self.columns = (columns, Some(reason));
        self
    }

    /// The largest value has so many bytes, instead of 64 MiB.
    #[must_use]
    pub fn value_bytes(mut self, bytes: usize, reason: &'static str) -> Self {
        self.value_bytes = (bytes, Some(reason));
        self
    }

    /// A reader or writer may use so many bytes, instead of 16 MiB, for rows of twice as many.
    #[must_use]
    pub fn memory(mut self, bytes: usize, reason: &'static str) -> Self {
        self.memory = (bytes, Some(reason));
        self
    }

    /// The source has no positions: after a failure it reads a split from its start.
    #[must_use]
    pub fn without_positions(mut self, reason: &'static str) -> Self {
        self.unpositioned = Some(reason);
        self
    }

    pub(crate) fn reason_to_leave_out(&self, check: &str) -> Option<&'static str> {
        let found = self.left_out.iter().find(|(name, _)| *name == check);
        found.map(|(_, reason)| *reason)
    }
}
