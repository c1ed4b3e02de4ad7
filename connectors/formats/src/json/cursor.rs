//! A place in a JSON text, which is known to be UTF-8.

use std::borrow::Cow;

use crate::fault::{Fault, Step};

/// Reads a JSON text from its front. Nothing is built: values are taken or passed over where they lie.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not blank, without taking it; 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return *byte,
            }
        }
        0
    }

    /// Takes a byte that must come next, blanks before it aside.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Step {
        match self.peek() == byte {
            true => {
                self.at += 1;
                Ok(())
            }
            false => Err(self.unexpected(&format!("{:?}", char::from(byte)))),
        }
    }

    /// Takes a byte if it comes next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes `null` if it comes next.
    #[inline]
    pub(crate) fn null(&mut self) -> bool {
        let is_next = self.peek() == b'n' && self.text[self.at..].starts_with(b"null");
        self.at += if is_next { 4 } else { 0 };
        is_next
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Step {
        match self.peek() {
            0 if self.at == self.text.len() => Ok(()),
            _ => Err(self.unexpected("nothing more")),
        }
    }

    /// The next key of an object whose brace has been taken, and the colon behind it; nothing at the
    /// object's end. `first` is true for the first one and false from then on.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> Step<Option<Cow<'a, [u8]>>> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !std::mem::take(first) {
            self.expect(b',')?;
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Whether a list whose bracket has been taken has another item; `first` as for keys.
    #[inline]
    pub(crate) fn item(&mut self, first: &mut bool) -> Step<bool> {
        if self.take(b']') {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// A string, without its quotes and escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Step<Cow<'a, [u8]>> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
                }
                Some(b'\\') => {
                    let mut out = self.text[start..self.at].to_vec();
                    self.unescape(&mut out)?;
                    return Ok(Cow::Owned(out));
                }
                Some(byte) if *byte < b' ' => {
                    return Err(self.unexpected("no control character in a string"));
                }
                Some(_) => self.at += 1,
                None => return Err(Fault::short()),
            }
        }
    }

    /// The rest of a string that has escapes, with its closing quote.
    #[cold]
    fn unescape(&mut self, out: &mut Vec<u8>) -> Step {
        loop {
            let byte = *self.text.get(self.at).ok_or_else(Fault::short)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.escape(out)?,
                byte if byte < b' ' => {
                    return Err(self.unexpected("no control character in a string"));
                }
                byte => out.push(byte),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Step {
        let byte = *self.text.get(self.at).ok_or_else(Fault::short)?;
        self.at += 1;
        out.push(match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = self.unicode()?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                return Err(Fault::new(format!(
                    "\\{} is no escape of JSON",
                    char::from(byte)
                )));
            }
        });
        Ok(())
    }

    /// A character by its number, or by two for those beyond 16 bits. A half of a pair alone is none.
    fn unicode(&mut self) -> Step<char> {
        let first = self.hex()?;
        let pair = (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u");
        if !pair {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let mut ahead = self.clone();
        ahead.at += 2;
        let second = ahead.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        self.at = ahead.at;
        let number = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Step<u32> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or_else(Fault::short)?;
        self.at += 4;
        digits.iter().try_fold(0, |number, digit| {
            let digit = char::from(*digit).to_digit(16);
            digit
                .map(|d| number * 16 + d)
                .ok_or_else(|| Fault::new("\\u needs four hexadecimal digits"))
        })
    }

    /// A number, `true` or `false`, as it stands.
    #[inline]
    pub(crate) fn word(&mut self) -> Step<&'a [u8]> {
        let first = self.peek();
        let start = self.at;
        let rest = &self.text[start..];
        let length = match first {
            b'-' | b'0'..=b'9' => {
                let of_number =
                    |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
                rest.iter()
                    .position(|b| !of_number(b))
                    .unwrap_or(rest.len())
            }
            b't' if rest.starts_with(b"true") => 4,
            b'f' if rest.starts_with(b"false") => 5,
            _ => return Err(self.unexpected("a value")),
        };
        self.at += length;
        let word = &rest[..length];
        match word {
            // JSON has no `-`, no `007` and no `1.`; what is not a number at all is found when it is read.
            b"-" | [b'0', b'0'..=b'9', ..] | [b'-', b'0', b'0'..=b'9', ..] | [.., b'.'] => {
                Err(Fault::new(format!(
                    "{} is no number of JSON",
                    String::from_utf8_lossy(word)
                )))
            }
            word => Ok(word),
        }
    }

    /// Passes over a value and gives its text.
    pub(crate) fn skip(&mut self) -> Step<&'a [u8]> {
        let first = self.peek();
        let start = self.at;
        match first {
            b'"' => drop(self.string()?),
            b'{' | b'[' => self.skip_container()?,
            _ if self.null() => {}
            _ => drop(self.word()?),
        }
        Ok(&self.text[start..self.at])
    }

    /// Without recursion: a message may be as deep as it likes.
    fn skip_container(&mut self) -> Step {
        // For each open container: whether it is an object.
        let mut open: Vec<bool> = Vec::with_capacity(8);
        let mut first = true;
        loop {
            match open.last() {
                None if !first => return Ok(()),
                None => {}
                Some(is_object) => {
                    let another = match is_object {
                        true => self.key(&mut first)?.is_some(),
                        false => self.item(&mut first)?,
                    };
                    if !another {
                        open.pop();
                        first = false;
                        continue;
                    }
                }
            }
            match self.peek() {
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    open.push(byte == b'{');
                    first = true;
                }
                b'"' => drop(self.string()?),
                _ if self.null() => {}
                _ => drop(self.word()?),
            }
        }
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> Fault {
        match self.text.get(self.at) {
            None => Fault::new(format!("expected {wanted}, but it ends")),
            Some(_) => {
                let rest = String::from_utf8_lossy(&self.text[self.at..]);
                let shown: String = rest.chars().take(20).collect();
                Fault::new(format!(
                    "expected {wanted} at byte {}, found {shown:?}",
                    self.at
                ))
            }
        }
    }
}
