//! Numbers of JSON that 64 bits of floating point would round.

use std::borrow::Cow;

/// Digits that a double keeps, whatever the number.
const EXACT_DIGITS: usize = 15;

/// The same line with numbers that a double can't hold as texts: columns of decimals take them exactly,
/// columns of other numbers take texts too.
pub(crate) fn long_numbers_as_texts(line: &[u8]) -> Cow<'_, [u8]> {
    let mut texts = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b'"' => at = behind_text(line, at + 1),
            b'-' | b'0'..=b'9' => {
                let length = line[at..].iter().take_while(|b| is_of_number(**b)).count();
                let number = &line[at..at + length];
                if is_long(number) {
                    texts.extend_from_slice(&line[copied..at]);
                    texts.push(b'"');
                    texts.extend_from_slice(number);
                    texts.push(b'"');
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if texts.is_empty() {
        return Cow::Borrowed(line);
    }
    texts.extend_from_slice(&line[copied..]);
    Cow::Owned(texts)
}

/// The place behind the quote that ends a text.
fn behind_text(line: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < line.len() {
        match line[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_long(number: &[u8]) -> bool {
    number.iter().filter(|b| b.is_ascii_digit()).count() > EXACT_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_numbers_become_texts() {
        let line = br#"{"a":0.999999999999999999,"b":[1.5,-12345678901234567890],"c":"x\"1234567890123456789","d":7}"#;
        let texts = br#"{"a":"0.999999999999999999","b":[1.5,"-12345678901234567890"],"c":"x\"1234567890123456789","d":7}"#;
        assert_eq!(long_numbers_as_texts(line).as_ref(), texts);
        assert!(matches!(
            long_numbers_as_texts(br#"{"a":1.25,"b":"2.000000000000000000"}"#),
            Cow::Borrowed(_)
        ));
    }
}
