//! What a writer has made ready, and what commits it.

use seatunnel_api::{CheckpointId, State};
use serde::{Deserialize, Serialize};

/// Rows that are ready to be committed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// The server, as messages call it.
    pub(crate) server: String,
    /// The checkpoint that they belong to.
    pub(crate) checkpoint: CheckpointId,
    /// Where they are.
    pub(crate) what: What,
}

/// Where rows wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum What {
    /// In a prepared transaction.
    Prepared {
        /// What it is called.
        name: String,
        /// The number that the server knows it by, where it tells what became of such.
        number: Option<u64>,
    },
    /// In a table of their own.
    Staged {
        /// The rows' table, as the job calls it.
        table: String,
        /// The table that they wait in, as SQL has it.
        stage: String,
        /// How many steps there are.
        steps: i32,
        /// Whether keys to be deleted may have nulls.
        null_keys: bool,
    },
}

impl State for Ready {}

#[cfg(test)]
mod tests {
    use seatunnel_api::StateKind;
    use seatunnel_api::state::{decode, encode};

    use super::*;

    #[test]
    fn what_was_written_down_reads_back() {
        let ready = Ready {
            server: "h:5432/d".to_owned(),
            checkpoint: 7,
            what: What::Staged {
                table: "s.t".to_owned(),
                stage: "\"s\".\"x\"".to_owned(),
                steps: 4,
                null_keys: true,
            },
        };
        let bytes = encode(StateKind::Committable, &ready).unwrap();
        let back: Ready = decode(StateKind::Committable, &bytes).unwrap();
        assert_eq!(format!("{back:?}"), format!("{ready:?}"));
    }
}
