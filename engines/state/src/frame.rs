//! A checkpoint as the bytes of a file.
//!
//! Layout, numbers little endian: `STCP`, version (2 bytes), kind (1 byte), number (8 bytes), length
//! of what it holds (8 bytes), what it holds, CRC-32 of all before it (4 bytes).

use seatunnel_api::{CheckpointId, Error, Result, codes};

use crate::storage::{CheckpointKind, StoredCheckpoint};

const MAGIC: &[u8; 4] = b"STCP";
const VERSION: u16 = 1;
const HEADER: usize = 4 + 2 + 1 + 8 + 8;
const CHECKSUM: usize = 4;

/// What each kind is in a file.
const KINDS: [(CheckpointKind, u8); 3] = [
    (CheckpointKind::Checkpoint, 1),
    (CheckpointKind::Savepoint, 2),
    (CheckpointKind::Final, 3),
];

pub(crate) fn write(id: CheckpointId, kind: CheckpointKind, bytes: &[u8]) -> Vec<u8> {
    let code = KINDS.iter().find(|(own, _)| *own == kind);
    let mut frame = Vec::with_capacity(HEADER + bytes.len() + CHECKSUM);
    frame.extend_from_slice(MAGIC);
    frame.extend_from_slice(&VERSION.to_le_bytes());
    frame.push(code.map_or(0, |(_, code)| *code));
    frame.extend_from_slice(&id.to_le_bytes());
    frame.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    frame.extend_from_slice(bytes);
    let checksum = crc32fast::hash(&frame);
    frame.extend_from_slice(&checksum.to_le_bytes());
    frame
}

/// # Errors
/// If the bytes are not those of this checkpoint, or damaged.
pub(crate) fn read(id: CheckpointId, frame: &[u8]) -> Result<StoredCheckpoint> {
    let invalid = |why: &str| {
        Error::new(
            codes::STATE_INVALID,
            format!("checkpoint {id} can't be read: {why}"),
        )
    };
    if frame.len() < HEADER + CHECKSUM || frame[..4] != MAGIC[..] {
        return Err(invalid(
            "it is not a checkpoint of this program, or cut off",
        ));
    }
    let (body, checksum) = frame.split_at(frame.len() - CHECKSUM);
    if crc32fast::hash(body).to_le_bytes() != checksum {
        return Err(invalid("its checksum is wrong, so it is damaged"));
    }
    let version = u16::from_le_bytes([body[4], body[5]]);
    if version != VERSION {
        return Err(invalid(&format!(
            "it has version {version}, this program reads version {VERSION}"
        )));
    }
    let number = |at: usize| {
        let bytes = body[at..at + 8].try_into();
        u64::from_le_bytes(bytes.unwrap_or_default())
    };
    if number(7) != id {
        return Err(invalid("it has the number of another one"));
    }
    let held = &body[HEADER..];
    if number(15) != held.len() as u64 {
        return Err(invalid("its length is wrong"));
    }
    let kind = KINDS.iter().find(|(_, code)| *code == body[6]);
    let (kind, _) = kind.ok_or_else(|| invalid("what it was taken for is not known"))?;
    Ok(StoredCheckpoint {
        id,
        kind: *kind,
        bytes: held.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_any_damage_is_found() {
        for kind in [
            CheckpointKind::Checkpoint,
            CheckpointKind::Savepoint,
            CheckpointKind::Final,
        ] {
            let frame = write(7, kind, b"all of a job");
            let stored = read(7, &frame).unwrap();
            assert_eq!(
                (stored.kind, &stored.bytes[..]),
                (kind, &b"all of a job"[..])
            );
            assert!(read(8, &frame).is_err());
            for index in 0..frame.len() {
                let mut damaged = frame.clone();
                damaged[index] ^= 1;
                let error = read(7, &damaged).unwrap_err();
                assert_eq!(error.code(), codes::STATE_INVALID);
                assert!(read(7, &frame[..index]).is_err());
            }
        }
    }
}
