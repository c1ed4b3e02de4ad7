//! JSON, and what comes close to it: names and texts without quotes or in single ones, commas at the end.
//!
//! Numbers stay text, so that no digit is lost; texts are borrowed where they have no escapes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

/// How deep values may be nested.
const DEEPEST: usize = 256;
/// Members from which on their names are looked up in a table.
const MANY: usize = 32;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it was written.
    Number(Cow<'a, str>),
    /// A text without its quotes.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Members in their order; of one that is there twice the last one is kept.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a text. Blanks around it are fine, so is anything behind the value.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        parser.blanks();
        if parser.at == text.len() {
            return Err("it is empty".to_owned());
        }
        parser.value(0, Within::Nothing)
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// A number as such.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What it is called in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The value as strict JSON, without blanks.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => quote(text, out),
            Self::Array(items) => {
                out.push('[');
                for (count, item) in items.iter().enumerate() {
                    if count > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (count, (name, value)) in members.iter().enumerate() {
                    if count > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// A value as text: a text without quotes, anything else as JSON.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) | Self::Number(text) => Cow::Borrowed(text),
            other => {
                let mut out = String::new();
                other.write(&mut out);
                Cow::Owned(out)
            }
        }
    }
}

/// Writes a text with quotes and what JSON escapes.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// What a value stands in, which says where a text without quotes ends.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Nothing,
    Array,
    Object,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize, within: Within) -> Result<Json<'a>, String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(quote @ (b'"' | b'\'')) => Ok(Json::String(self.quoted(quote)?)),
            Some(_) => self.bare(within),
            None => Err("it ends where a value should come".to_owned()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, String> {
        self.at += 1;
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut positions: HashMap<Cow<'a, str>, usize> = HashMap::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                None => return Err("an object has no end".to_owned()),
                Some(_) => {}
            }
            let name = match self.peek() {
                Some(quote @ (b'"' | b'\'')) => self.quoted(quote)?,
                _ => Cow::Borrowed(self.until(b":,}")),
            };
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(format!("the member {name:?} has no value"));
            }
            self.at += 1;
            let value = self.value(depth + 1, Within::Object)?;
            if members.len() == MANY && positions.is_empty() {
                let names = members.iter().enumerate();
                positions = names.map(|(at, (name, _))| (name.clone(), at)).collect();
            }
            let known = match members.len() {
                0..MANY => members.iter().position(|(known, _)| *known == name),
                _ => positions.get(&name).copied(),
            };
            match known {
                Some(at) => members[at].1 = value,
                None => {
                    if members.len() >= MANY {
                        positions.insert(name.clone(), members.len());
                    }
                    members.push((name, value));
                }
            }
            self.after(b'}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, String> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                None => return Err("a list has no end".to_owned()),
                Some(_) => {}
            }
            items.push(self.value(depth + 1, Within::Array)?);
            self.after(b']')?;
        }
    }

    /// A comma or the end of what the value stands in; neither is taken.
    fn after(&mut self, end: u8) -> Result<(), String> {
        self.blanks();
        match self.peek() {
            Some(b',') => Ok(()),
            Some(b) if b == end => Ok(()),
            None => Ok(()),
            Some(_) => {
                let rest: String = self.text[self.at..].chars().take(20).collect();
                Err(format!("a comma is missing before {rest:?}"))
            }
        }
    }

    /// What stands without quotes up to one of these bytes, without blanks around it.
    fn until(&mut self, ends: &[u8]) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|b| ends.contains(&b));
        let length = length.unwrap_or(rest.len());
        self.at += length;
        rest[..length].trim()
    }

    fn bare(&mut self, within: Within) -> Result<Json<'a>, String> {
        let text = self.until(match within {
            Within::Nothing => b"",
            Within::Array => b",]",
            Within::Object => b",}",
        });
        Ok(match text {
            "null" | "" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ if is_number(text) => Json::Number(Cow::Borrowed(text)),
            _ => Json::String(Cow::Borrowed(text)),
        })
    }

    fn quoted(&mut self, quote: u8) -> Result<Cow<'a, str>, String> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match *byte {
                b if b == quote => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
                }
                b'\\' => return self.escaped(start, quote).map(Cow::Owned),
                _ => self.at += 1,
            }
        }
        Err("a text has no end".to_owned())
    }

    /// The rest of a text from its first escape on; what is before it begins at `start`.
    fn escaped(&mut self, start: usize, quote: u8) -> Result<String, String> {
        let mut out = self.text[start..self.at].to_owned();
        loop {
            let rest = &self.text[self.at..];
            let special = rest.bytes().position(|b| b == quote || b == b'\\');
            let Some(special) = special else {
                return Err("a text has no end".to_owned());
            };
            out.push_str(&rest[..special]);
            self.at += special + 1;
            if rest.as_bytes()[special] == quote {
                return Ok(out);
            }
            let Some(c) = self.text[self.at..].chars().next() else {
                return Err("a text has no end".to_owned());
            };
            self.at += c.len_utf8();
            match c {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'u' => out.push(self.unicode()?),
                other => out.push(other),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let high = self.four_digits()?;
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.four_digits()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        // Half a pair is no character.
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        code.ok_or_else(|| "\\u has not four hexadecimal digits behind it".to_owned())
    }
}

/// Whether a text is a number of JSON.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    // With a zero in front it is rather a text: a code, a phone number.
    let leading = whole.len() > 1 && whole.starts_with('0');
    digits(whole)
        && !leading
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        let mut out = String::new();
        Json::parse(text).unwrap().write(&mut out);
        out
    }

    #[test]
    fn strict_json_reads_back() {
        for text in [
            r#"{"a":1,"b":[true,false,null,"x\"\\\n"],"c":{"d":-1.50e+3}}"#,
            "[]",
            "{}",
            "12345678901234567890.12345678901234567890",
            r#""a text""#,
        ] {
            assert_eq!(round(text), text);
            let spaced = text.replace(',', " ,\n ").replace(':', " : ");
            assert_eq!(round(&spaced), text);
        }
        assert_eq!(round(r#"["\ud83e\udd80\u00e9\/"]"#), "[\"🦀é/\"]");
    }

    #[test]
    fn quotes_may_be_left_out_or_be_single() {
        assert_eq!(
            round(
                "{data:{text: this is a text, flag: true, day:'2023-10-29', time: 16:12:43.459, n: 42,}}"
            ),
            r#"{"data":{"text":"this is a text","flag":true,"day":"2023-10-29","time":"16:12:43.459","n":42}}"#
        );
        assert_eq!(round("[a, 007, 1.5, ]"), r#"["a","007",1.5]"#);
        assert_eq!(round("plain"), "\"plain\"");
    }

    #[test]
    fn of_a_member_that_is_there_twice_the_last_one_counts() {
        assert_eq!(round(r#"{"a":1,"b":2,"a":3}"#), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn what_is_broken_is_said() {
        for (text, why) in [
            ("", "empty"),
            ("  ", "empty"),
            ("{\"a\":1", "no end"),
            ("[1", "no end"),
            ("[\"a", "no end"),
            ("{\"a\"}", "no value"),
            ("[\"a\" \"b\"]", "comma"),
            (r#"["\u12"]"#, "hexadecimal"),
        ] {
            let error = Json::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(Json::parse(&deep).unwrap_err().contains("nested deeper"));
    }

    #[test]
    fn broken_texts_never_panic() {
        let text = r#"{"a":[1,"é\u00e9🦀",{'b':x}],"c":"\\"}"#;
        let bytes = text.as_bytes();
        for cut in 0..bytes.len() {
            if let Ok(part) = std::str::from_utf8(&bytes[..cut]) {
                let _ = Json::parse(part);
            }
            for replacement in *b"{}[]\"'\\:,u" {
                let mut broken = bytes.to_vec();
                broken[cut] = replacement;
                if let Ok(broken) = std::str::from_utf8(&broken) {
                    let _ = Json::parse(broken);
                }
            }
        }
    }
}
