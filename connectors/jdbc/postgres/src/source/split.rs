//! What one reader works on alone: a part of a table or of a query.

use seatunnel_api::{Split, State};
use seatunnel_jdbc_core::keys;
use serde::{Deserialize, Serialize};

/// A part of a table or query, and how far it has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PgSplit {
    /// Which of the source's tables and queries.
    pub(crate) part: usize,
    /// Which part of it.
    pub(crate) number: usize,
    /// What belongs to it.
    pub(crate) range: Range,
    /// Whether it must be read under the same snapshot as the other splits.
    pub(crate) together: bool,
    /// The snapshot, as it is known to readers in other processes; it lives as long as the source that the
    /// splits are from.
    #[serde(default)]
    pub(crate) snapshot: Option<String>,
    /// Rows read.
    pub(crate) rows: u64,
    /// Where the last row read lies, if rows are read in that order.
    pub(crate) after: Option<Tid>,
}

/// Where a row lies in its table: the page, and the number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Tid(pub(crate) u32, pub(crate) u16);

impl Tid {
    /// As SQL has it.
    pub(crate) fn literal(self) -> String {
        format!("'({},{})'::tid", self.0, self.1)
    }
}

/// Which rows belong to a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Range {
    /// All.
    All,
    /// Those of some pages of a table, or of a partition of it.
    Pages {
        /// The table as SQL names it.
        table: String,
        /// Its first page.
        from: u32,
        /// The first page that belongs to the next split; none for the end of the table, wherever
        /// that is by then.
        until: Option<u32>,
    },
    /// A partition that has no pages of its own, such as a foreign table: all of it.
    Whole {
        /// The table as SQL names it.
        table: String,
    },
    /// Those of a range of keys.
    Key(keys::Range),
}

impl State for PgSplit {}

impl Split for PgSplit {
    fn id(&self) -> String {
        format!("{}-{}", self.part, self.number)
    }
}
