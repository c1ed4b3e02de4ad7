//! How values look in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{CellStyle, TimeText};

/// Values of JSON: binary data in base64, dates and times as text, decimals as numbers with all
/// digits of their scale, numbers that are not finite as text.
pub struct Json {
    date: TimeText,
    time: TimeText,
    timestamp: TimeText,
}

impl Json {
    /// Values with dates and times written so.
    pub fn new([date, time, timestamp]: [TimeText; 3]) -> Self {
        Self {
            date,
            time,
            timestamp,
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// What stands behind the backslash for a byte: 0 for a byte that stands for itself, `u` for a code.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 32 {
        escapes[byte] = b'u';
        byte += 1;
    }
    escapes[8] = b'b';
    escapes[9] = b't';
    escapes[10] = b'n';
    escapes[12] = b'f';
    escapes[13] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

/// Writes a text with what JSON escapes.
fn escape(out: &mut Vec<u8>, value: &[u8]) {
    let mut start = 0;
    for (index, byte) in value.iter().enumerate() {
        let escape = ESCAPES[usize::from(*byte)];
        if escape != 0 {
            out.extend_from_slice(&value[start..index]);
            out.extend_from_slice(&[b'\\', escape]);
            if escape == b'u' {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                out.extend_from_slice(&[b'0', b'0', HEX[high], HEX[low]]);
            }
            start = index + 1;
        }
    }
    out.extend_from_slice(&value[start..]);
}

impl CellStyle for Json {
    fn null(&self, _level: usize) -> &[u8] {
        b"null"
    }

    fn string(&self, out: &mut Vec<u8>, value: &[u8], _level: usize) {
        out.push(b'"');
        escape(out, value);
        out.push(b'"');
    }

    fn bytes(&self, out: &mut Vec<u8>, value: &[u8], _level: usize) {
        out.push(b'"');
        let start = out.len();
        out.resize(start + value.len().div_ceil(3) * 4, b'=');
        let written = STANDARD.encode_slice(value, &mut out[start..]);
        debug_assert_eq!(written.ok(), Some(out.len() - start));
        out.push(b'"');
    }

    fn quote(&self) -> &[u8] {
        b"\""
    }

    fn date(&self) -> &TimeText {
        &self.date
    }

    fn time(&self) -> &TimeText {
        &self.time
    }

    fn timestamp(&self) -> &TimeText {
        &self.timestamp
    }

    fn list(&self, _level: usize) -> [&[u8]; 3] {
        [b"[", b",", b"]"]
    }

    fn row(&self, _level: usize) -> ([&[u8]; 3], bool) {
        ([b"{", b",", b"}"], true)
    }

    fn map(&self, _level: usize) -> [&[u8]; 4] {
        [b"{", b",", b"}", b":"]
    }

    fn key(&self, out: &mut Vec<u8>, text: &[u8]) {
        if text.first() == Some(&b'"') {
            out.extend_from_slice(text);
        } else {
            self.string(out, text, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_read_back() {
        let json = Json::new([
            TimeText::Iso(b'T'),
            TimeText::Iso(b'T'),
            TimeText::Iso(b'T'),
        ]);
        let every: String = (0..256_u32).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        json.string(&mut out, every.as_bytes(), 0);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), every);
        for (value, expected) in [(&b""[..], "\"\""), (b"a", "\"YQ==\""), (b"abc", "\"YWJj\"")] {
            let mut out = Vec::new();
            json.bytes(&mut out, value, 0);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
