//! Saved state as versioned bytes.
//!
//! Splits, positions, committables and enumerator state leave a connector as bytes, so that an
//! engine in another process can carry them. Layout: `ST`, the kind (1 byte), the version
//! (2 bytes, little endian), the payload (JSON of the type), CRC-32 of all before it (4 bytes, little endian).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result, codes};

/// What saved bytes stand for; part of the bytes, so that one can't be taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StateKind {
    /// A split, or the position of a reader in it.
    Split = 1,
    /// What a split enumerator remembers.
    Enumerator = 2,
    /// What a writer has made ready for its committer.
    Committable = 3,
    /// All of a job at a checkpoint, as an engine keeps it.
    Checkpoint = 4,
}

/// State that its owner can write down and read back, also after the type has changed.
///
/// `impl State for MySplit {}` is enough as long as serde can read what older versions wrote
/// (`#[serde(default)]` on new fields). Otherwise raise [`State::VERSION`] and override [`State::restore`].
pub trait State: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Version of the layout that is written.
    const VERSION: u16 = 1;

    /// Reads a payload that was written as `version`.
    ///
    /// # Errors
    /// If the version is newer than this program, or the payload is not of this type.
    fn restore(version: u16, payload: &[u8]) -> Result<Self> {
        if version != Self::VERSION {
            return Err(unreadable(format!(
                "it has version {version}, this program reads version {}",
                Self::VERSION
            )));
        }
        serde_json::from_slice(payload)
            .map_err(|e| unreadable("its content is not known").with_cause(e))
    }
}

impl State for () {}

const MAGIC: &[u8; 2] = b"ST";
const HEADER: usize = 5;
const CHECKSUM: usize = 4;

/// Writes state down.
///
/// # Errors
/// If the type can't be serialised: a bug of its owner.
pub fn encode<T: State>(kind: StateKind, state: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(MAGIC);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&T::VERSION.to_le_bytes());
    serde_json::to_writer(&mut bytes, state)
        .map_err(|e| Error::new(codes::INTERNAL, "state can't be serialised").with_cause(e))?;
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// Reads state back.
///
/// # Errors
/// If the bytes are damaged, of another kind, or of a version that the type can't restore.
pub fn decode<T: State>(kind: StateKind, bytes: &[u8]) -> Result<T> {
    if bytes.len() < HEADER + CHECKSUM || &bytes[..2] != MAGIC {
        return Err(unreadable("it is not state of this program"));
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    if crc32fast::hash(body).to_le_bytes() != checksum {
        return Err(unreadable("its checksum is wrong"));
    }
    if body[2] != kind as u8 {
        return Err(unreadable(format!(
            "it is of kind {}, expected {kind:?}",
            body[2]
        )));
    }
    let version = u16::from_le_bytes([body[3], body[4]]);
    T::restore(version, &body[HEADER..])
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::new(
        codes::STATE_INVALID,
        format!("saved state can't be read: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Chunk {
        from: i64,
    }
    impl State for Chunk {}

    #[test]
    fn state_reads_back_and_damage_is_found() {
        let bytes = encode(StateKind::Split, &Chunk { from: 7 }).unwrap();
        assert_eq!(
            decode::<Chunk>(StateKind::Split, &bytes).unwrap(),
            Chunk { from: 7 }
        );
        assert!(decode::<Chunk>(StateKind::Committable, &bytes).is_err());
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            assert!(decode::<Chunk>(StateKind::Split, &damaged).is_err());
            assert!(decode::<Chunk>(StateKind::Split, &bytes[..index]).is_err());
        }
    }
}
