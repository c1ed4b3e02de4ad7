//! MD5 and MURMUR64.

use std::fmt::Write;

use arrow_array::ArrayRef;
use arrow_array::types::Int64Type;
use md5::{Digest, Md5};
use seatunnel_api::Result;

use super::Call;
use crate::columnar::{build_primitives, build_texts};

pub(super) fn md5(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_texts(call.rows, |row, out| {
        let Some(text) = texts.get(row) else {
            return Ok(false);
        };
        for byte in Md5::digest(text.as_bytes()) {
            // Writing to a String can't fail.
            let _ = write!(out, "{byte:02x}");
        }
        Ok(true)
    })
}

pub(super) fn murmur64(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_primitives::<Int64Type>(call.rows, |row| {
        Ok(texts
            .get(row)
            .map(|text| lower_half(text.as_bytes()) as i64))
    })
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

fn finished(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

/// The first 64 of the 128 bits of MurmurHash3 (x64) with seed 0; Java's libraries call them the lower.
fn lower_half(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (0u64, 0u64);
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let number = |part: &[u8]| {
        let mut eight = [0u8; 8];
        eight[..part.len()].copy_from_slice(part);
        u64::from_le_bytes(eight)
    };
    let mut blocks = bytes.chunks_exact(16);
    for block in &mut blocks {
        h1 ^= mix1(number(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(number(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    if tail.len() > 8 {
        h2 ^= mix2(number(&tail[8..]));
    }
    if !tail.is_empty() {
        h1 ^= mix1(number(&tail[..tail.len().min(8)]));
    }
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    finished(h1).wrapping_add(finished(h2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_reference() {
        // MurmurHash3_x64_128, seed 0, first eight bytes.
        for (text, hash) in [
            ("", 0),
            ("hello", 0xcbd8_a7b3_41bd_9b02),
            ("hello, world", 0x342f_ac62_3a5e_bc8e),
            (
                "The quick brown fox jumps over the lazy dog.",
                0xcd99_481f_9ee9_02c9,
            ),
        ] {
            assert_eq!(lower_half(text.as_bytes()), hash, "{text}");
        }
    }
}
