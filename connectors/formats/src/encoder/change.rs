//! What stands around a row to tell what the change did.

use seatunnel_api::RowKind;

/// How a change looks. A sink knows one row of a change at a time: rows before an update are written
/// as deletes and rows after it as inserts, as SeaTunnel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// `{"data":{…},"type":"INSERT"}`: Canal, Maxwell and GoldenGate, as SeaTunnel writes them.
    DataAndType,
    /// `{"before":null,"after":{…},"op":"c"}`: Debezium.
    BeforeAndAfter,
}

impl Envelope {
    /// What stands before and behind a row of this kind.
    pub(super) fn around(self, kind: RowKind) -> (&'static [u8], &'static [u8]) {
        let is_there = matches!(kind, RowKind::Insert | RowKind::UpdateAfter);
        match (self, is_there) {
            (Self::DataAndType, true) => (br#"{"data":"#, br#","type":"INSERT"}"#),
            (Self::DataAndType, false) => (br#"{"data":"#, br#","type":"DELETE"}"#),
            (Self::BeforeAndAfter, true) => (br#"{"before":null,"after":"#, br#","op":"c"}"#),
            (Self::BeforeAndAfter, false) => (br#"{"before":"#, br#","after":null,"op":"d"}"#),
        }
    }
}
