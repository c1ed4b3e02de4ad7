//! Encodings of text files.

use std::path::Path;

use encoding_rs::{EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use seatunnel_api::{Error, Result, codes};

/// An encoding that files are written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Charset {
    /// UTF-8: bytes go through as they are.
    Utf8,
    /// UTF-16, big end first, with or without a byte order mark at the start.
    Utf16Be {
        /// Whether the file starts with a byte order mark.
        mark: bool,
    },
    /// UTF-16, little end first.
    Utf16Le,
    /// One of the others of the WHATWG's list.
    Other(&'static Encoding),
}

impl Charset {
    /// The encoding of this name: those of Java and of the web.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let label = name.trim();
        // The web calls little-endian "utf-16"; Java writes big-endian and a mark.
        if label.eq_ignore_ascii_case("utf-16") || label.eq_ignore_ascii_case("utf16") {
            return Ok(Self::Utf16Be { mark: true });
        }
        let encoding = Encoding::for_label_no_replacement(label.as_bytes());
        match encoding {
            Some(e) if e == UTF_8 => Ok(Self::Utf8),
            Some(e) if e == UTF_16BE => Ok(Self::Utf16Be { mark: false }),
            Some(e) if e == UTF_16LE => Ok(Self::Utf16Le),
            Some(e) => Ok(Self::Other(e)),
            None => Err(Error::new(
                codes::OPTION_INVALID,
                format!("option `encoding`: {name:?} is not an encoding that is known"),
            )
            .with_help("for example UTF-8, GBK, ISO-8859-1, Shift_JIS, UTF-16")),
        }
    }

    pub(crate) fn is_utf8(self) -> bool {
        self == Self::Utf8
    }

    /// What a file starts with.
    pub(crate) fn byte_order_mark(self) -> &'static [u8] {
        match self {
            Self::Utf16Be { mark: true } => &[0xfe, 0xff],
            _ => b"",
        }
    }

    /// Writes UTF-8 behind `out` in this encoding.
    ///
    /// # Errors
    /// If the bytes are no text, or a character is not part of the encoding.
    pub(crate) fn encode(self, utf8: &[u8], out: &mut Vec<u8>, file: &Path) -> Result<()> {
        let text = std::str::from_utf8(utf8).map_err(|e| {
            Error::new(
                codes::VALUE_INVALID,
                format!(
                    "binary data that is no text can't be written to {}",
                    file.display()
                ),
            )
            .with_cause(e)
            .with_help("write it as json (base64) or parquet, or with encoding = \"UTF-8\"")
        })?;
        match self {
            Self::Utf8 => out.extend_from_slice(utf8),
            Self::Utf16Be { .. } => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Other(encoding) => {
                let mut encoder = encoding.new_encoder();
                out.reserve(
                    encoder
                        .max_buffer_length_from_utf8_without_replacement(text.len())
                        .unwrap_or(text.len() * 4),
                );
                let (result, _) =
                    encoder.encode_from_utf8_to_vec_without_replacement(text, out, true);
                if let EncoderResult::Unmappable(character) = result {
                    return Err(Error::new(
                        codes::VALUE_INVALID,
                        format!(
                            "the character {character:?} (U+{:04X}) can't be written in {}",
                            u32::from(character),
                            encoding.name()
                        ),
                    )
                    .with_context("file", file.display())
                    .with_help("choose an `encoding` that has it, such as UTF-8"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(name: &str, text: &str) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        Charset::named(name)?.encode(text.as_bytes(), &mut out, Path::new("f.csv"))?;
        Ok(out)
    }

    #[test]
    fn text_is_encoded_and_what_does_not_fit_is_an_error() {
        assert_eq!(encode("gbk", "你好").unwrap(), [0xc4, 0xe3, 0xba, 0xc3]);
        assert_eq!(encode("ISO-8859-1", "é").unwrap(), [0xe9]);
        assert_eq!(encode("UTF-16LE", "é").unwrap(), [0xe9, 0]);
        assert_eq!(encode("UTF-16", "é").unwrap(), [0, 0xe9]);
        let error = encode("ISO-8859-1", "你").unwrap_err();
        assert!(error.message().contains("U+4F60"), "{error}");
        assert!(encode("utf-99", "a").is_err());
    }
}
