//! Run-length encodings (ORC specification v1, Run Length Encoding).

/// Values of one run at most.
const MOST: usize = 512;
/// Equal values from which a run pays.
const EQUAL_RUN: usize = 4;
/// Values of one distance from which a run pays.
const STEP_RUN: usize = 8;
/// Equal values that the short form holds at most.
const SHORT_RUN: usize = 10;

/// Widths that values may have, by their code.
const WIDTHS: [u32; 32] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28,
    30, 32, 40, 48, 56, 64,
];

/// A signed number as an unsigned one: small ones stay small.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// A number of seven bits a byte, the lowest first.
#[inline]
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A signed number of up to 128 bits, seven bits a byte.
#[inline]
pub(super) fn varint128(out: &mut Vec<u8>, value: i128) {
    let mut value = ((value << 1) ^ (value >> 127)) as u128;
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Integers in the second version of the run-length encoding. Runs end with the slice.
pub(super) fn integers(out: &mut Vec<u8>, values: &[i64], signed: bool) {
    let plain = |value: i64| if signed { zigzag(value) } else { value as u64 };
    let mut literals = 0;
    let mut at = 0;
    while at < values.len() {
        let (run, step) = run_length(&values[at..]);
        let pays = match step {
            0 => run >= EQUAL_RUN,
            _ => run >= STEP_RUN,
        };
        if !pays {
            // The last value may begin another run.
            at += (run - 1).max(1);
            continue;
        }
        direct(out, &values[literals..at], plain);
        let first = values[at];
        if step == 0 && run <= SHORT_RUN {
            let value = plain(first);
            let bytes = (64 - value.leading_zeros()).div_ceil(8).max(1);
            out.push(((bytes - 1) << 3) as u8 | (run - 3) as u8);
            out.extend_from_slice(&value.to_be_bytes()[8 - bytes as usize..]);
        } else {
            // Distances that are all alike need no bits.
            header(out, 3, 0, run);
            varint(out, plain(first));
            varint(out, zigzag(step));
        }
        at += run;
        literals = at;
    }
    direct(out, &values[literals..], plain);
}

/// How many values at the front have one distance, and which.
fn run_length(values: &[i64]) -> (usize, i64) {
    let [first, second, ..] = values else {
        return (1, 0);
    };
    let Some(step) = second.checked_sub(*first) else {
        return (1, 0);
    };
    let same = values
        .windows(2)
        .take(MOST - 1)
        .take_while(|pair| pair[1].checked_sub(pair[0]) == Some(step));
    (same.count() + 1, step)
}

fn header(out: &mut Vec<u8>, kind: u8, code: u8, count: usize) {
    let count = count - 1;
    out.push((kind << 6) | (code << 1) | (count >> 8) as u8);
    out.push(count as u8);
}

/// Values as they are, each in as many bits as the largest takes.
fn direct(out: &mut Vec<u8>, values: &[i64], plain: impl Fn(i64) -> u64) {
    for part in values.chunks(MOST) {
        let all = part.iter().fold(0, |all, value| all | plain(*value));
        let needed = (64 - all.leading_zeros()).max(1);
        let code = WIDTHS.iter().position(|w| *w >= needed).unwrap_or(31);
        let width = WIDTHS[code];
        header(out, 1, code as u8, part.len());
        let (mut bits, mut filled) = (0_u128, 0);
        for value in part {
            bits = (bits << width) | u128::from(plain(*value));
            filled += width;
            while filled >= 8 {
                filled -= 8;
                out.push((bits >> filled) as u8);
            }
            bits &= (1 << filled) - 1;
        }
        if filled > 0 {
            out.push((bits << (8 - filled)) as u8);
        }
    }
}

/// Bytes in their run-length encoding. Runs end with the slice.
pub(super) fn bytes(out: &mut Vec<u8>, values: &[u8]) {
    const RUN: usize = 3;
    const MOST_RUN: usize = 130;
    const MOST_LITERALS: usize = 128;
    let mut literals = 0;
    let mut at = 0;
    let flush = |out: &mut Vec<u8>, part: &[u8]| {
        for part in part.chunks(MOST_LITERALS) {
            out.push((part.len() as i16).wrapping_neg() as u8);
            out.extend_from_slice(part);
        }
    };
    while at < values.len() {
        let value = values[at];
        let run = values[at..].iter().take(MOST_RUN);
        let run = run.take_while(|v| **v == value).count();
        if run < RUN {
            at += run;
            continue;
        }
        flush(out, &values[literals..at]);
        out.push((run - RUN) as u8);
        out.push(value);
        at += run;
        literals = at;
    }
    flush(out, &values[literals..]);
}

/// Bits that are collected over many batches: whole bytes of them are run-length encoded in the end.
#[derive(Default)]
pub(super) struct Bits {
    packed: Vec<u8>,
    count: usize,
}

impl Bits {
    pub(super) fn push(&mut self, bit: bool) {
        if self.count.is_multiple_of(8) {
            self.packed.push(0);
        }
        if bit && let Some(last) = self.packed.last_mut() {
            *last |= 0x80 >> (self.count % 8);
        }
        self.count += 1;
    }

    /// Adds the same bit many times.
    pub(super) fn push_many(&mut self, bit: bool, mut count: usize) {
        while count > 0 && !self.count.is_multiple_of(8) {
            self.push(bit);
            count -= 1;
        }
        let whole = count / 8;
        let byte = if bit { 0xff } else { 0 };
        self.packed.resize(self.packed.len() + whole, byte);
        self.count += whole * 8;
        for _ in 0..count % 8 {
            self.push(bit);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.packed.len()
    }

    /// The encoded bits; none are left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        bytes(&mut out, &self.packed);
        *self = Self::default();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn what_the_specification_shows_comes_out() {
        let mut out = Vec::new();
        integers(&mut out, &[10_000; 5], false);
        assert_eq!(out, [0x0a, 0x27, 0x10]);
        out.clear();
        integers(&mut out, &[23_713, 43_806, 57_005, 48_879], false);
        assert_eq!(
            out,
            [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef]
        );
        out.clear();
        bytes(&mut out, &[0; 100]);
        assert_eq!(out, [0x61, 0x00]);
        out.clear();
        bytes(&mut out, &[0x44, 0x45]);
        assert_eq!(out, [0xfe, 0x44, 0x45]);
        let mut bits = Bits::default();
        for bit in [true, false, false, false, false, false, false, false] {
            bits.push(bit);
        }
        assert_eq!(bits.take(), [0xff, 0x80]);
    }

    #[test]
    fn many_bits_are_as_bits_one_by_one() {
        let (mut one, mut many) = (Bits::default(), Bits::default());
        for (bit, count) in [(true, 3), (false, 20), (true, 8), (false, 1), (true, 17)] {
            (0..count).for_each(|_| one.push(bit));
            many.push_many(bit, count);
        }
        assert_eq!(one.take(), many.take());
    }
}
