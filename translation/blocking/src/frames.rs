//! Lists of bytes as bytes: how many, then each with its length before it; 32 bits, big-endian.

use seatunnel_api::{Error, Result};

use crate::codes;

/// Packs a list.
pub fn pack<B: AsRef<[u8]>>(parts: &[B]) -> Vec<u8> {
    let size: usize = parts.iter().map(|part| 4 + part.as_ref().len()).sum();
    let mut bytes = Vec::with_capacity(4 + size);
    push(&mut bytes, parts);
    bytes
}

/// Packs a list behind what is there.
pub fn push<B: AsRef<[u8]>>(bytes: &mut Vec<u8>, parts: &[B]) {
    bytes.extend((parts.len() as u32).to_be_bytes());
    for part in parts {
        let part = part.as_ref();
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
    }
}

/// Unpacks a list.
///
/// # Errors
/// If the bytes end too early or too late.
pub fn unpack(bytes: &[u8]) -> Result<Vec<&[u8]>> {
    let mut rest = bytes;
    let count = take_length(&mut rest)?;
    // Each has a length of its own: no count is believed that the bytes can't hold.
    let mut parts = Vec::with_capacity(count.min(rest.len() / 4));
    for _ in 0..count {
        let length = take_length(&mut rest)?;
        let (part, behind) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        parts.push(part);
        rest = behind;
    }
    match rest {
        [] => Ok(parts),
        _ => Err(Error::new(
            codes::WIRE,
            "a list of bytes has more behind it",
        )),
    }
}

fn take_length(rest: &mut &[u8]) -> Result<usize> {
    let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
    *rest = behind;
    Ok(u32::from_be_bytes(*length) as usize)
}

fn cut_off() -> Error {
    Error::new(codes::WIRE, "a list of bytes is cut off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_back_and_damage_is_found() {
        for parts in [
            vec![],
            vec![vec![]],
            vec![vec![1, 2, 3], vec![], vec![0; 300]],
        ] {
            let bytes = pack(&parts);
            assert_eq!(unpack(&bytes).unwrap(), parts);
            for length in 0..bytes.len() {
                assert!(unpack(&bytes[..length]).is_err(), "{length} of {bytes:?}");
            }
            assert!(unpack(&[bytes, vec![0]].concat()).is_err());
        }
        assert!(unpack(&[0xff; 12]).is_err());
    }
}
