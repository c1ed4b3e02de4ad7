//! What a checkpoint holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{CheckpointId, State};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use seatunnel_translation::split_board::Passed;

/// All of a job at one moment. New fields must have defaults, so that checkpoints of older versions
/// can be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) id: CheckpointId,
    pub(crate) job: String,
    /// When it was taken, in milliseconds since 1970.
    pub(crate) taken_at: u64,
    /// All sources were at their end: what is left to do is to commit.
    pub(crate) finished: bool,
    pub(crate) sources: Vec<SourceContent>,
    pub(crate) sinks: Vec<SinkContent>,
    /// Rows set aside so far, by all nodes.
    #[serde(default)]
    pub(crate) failed_rows: u64,
    /// Those of them that sinks had taken.
    #[serde(default)]
    pub(crate) rejected_rows: u64,
}

impl State for Content {}

/// A source at that moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SourceContent {
    /// What the plan calls it: `source[0] Kafka`.
    pub(crate) name: String,
    /// The tables it brought.
    pub(crate) tables: Vec<String>,
    pub(crate) enumerator: Encoded,
    /// Splits being read, as they stood, and those not begun.
    pub(crate) splits: Vec<SplitContent>,
    /// What it had handed on since the job began.
    #[serde(default)]
    pub(crate) rows: u64,
    #[serde(default)]
    pub(crate) bytes: u64,
}

/// A split, and how far it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SplitContent {
    pub(crate) id: String,
    pub(crate) position: Encoded,
}

/// A sink at that moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SinkContent {
    /// What the plan calls it: `sink[0] Jdbc`.
    pub(crate) name: String,
    /// What its writers had prepared: to be committed once the checkpoint is durable.
    pub(crate) committables: Vec<Encoded>,
    /// What it had taken since the job began.
    #[serde(default)]
    pub(crate) rows: u64,
    #[serde(default)]
    pub(crate) bytes: u64,
    /// Rows it, or what stands before it, had set aside.
    #[serde(default)]
    pub(crate) dirty_rows: u64,
}

/// Bytes that somebody else has encoded; Base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encoded(pub(crate) Vec<u8>);

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(de::Error::custom)
    }
}

impl Content {
    /// Whether a sink has something to commit.
    pub(crate) fn has_committables(&self) -> bool {
        self.sinks.iter().any(|sink| !sink.committables.is_empty())
    }

    /// All is committed.
    pub(crate) fn forget_committables(&mut self) {
        for sink in &mut self.sinks {
            sink.committables.clear();
        }
    }

    /// Rows and bytes that all sources had handed on.
    pub(crate) fn read(&self) -> Passed {
        sum(self.sources.iter().map(|s| (s.rows, s.bytes)))
    }

    /// Rows and bytes that all sinks had taken.
    pub(crate) fn written(&self) -> Passed {
        sum(self.sinks.iter().map(|s| (s.rows, s.bytes)))
    }
}

impl SourceContent {
    /// Its splits, as an engine carries them.
    pub(crate) fn splits(&self) -> Vec<SplitBytes> {
        let splits = self.splits.iter().map(|split| SplitBytes {
            id: split.id.clone(),
            bytes: split.position.0.clone(),
        });
        splits.collect()
    }
}

fn sum(parts: impl Iterator<Item = (u64, u64)>) -> Passed {
    parts.fold(Passed::default(), |mut all, (rows, bytes)| {
        all += Passed { rows, bytes };
        all
    })
}
