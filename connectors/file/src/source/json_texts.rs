//! Objects and lists where a column wants a text: the text is their JSON, without blanks.

/// `data`, lines of JSON objects, with each object or list that is the value of a key of `is_text`
/// replaced by a text of the same content. What is no JSON stays as it is.
pub(crate) fn containers_as_texts(data: &[u8], is_text: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + data.len() / 8);
    let mut depth = 0_usize;
    let mut key: &[u8] = b"";
    let mut key_follows = false;
    let mut at = 0;
    while let Some(byte) = data.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => {
                end = end_of_text(data, at);
                if depth == 1 && key_follows {
                    key = &data[at + 1..(end - 1).max(at + 1)];
                    key_follows = false;
                }
            }
            b'{' | b'[' if depth == 1 && !key_follows && is_text(key) => {
                if let Some((content, behind)) = container(data, at) {
                    push_as_text(&content, &mut out);
                    at = behind;
                    continue;
                }
            }
            b'{' | b'[' => {
                depth += 1;
                key_follows = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => key_follows = depth == 1,
            _ => {}
        }
        out.extend_from_slice(&data[at..end]);
        at = end;
    }
    out
}

/// Behind the closing quote of the text that opens at `open`; the end of the data if there is none.
fn end_of_text(data: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = data.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    data.len()
}

/// The object or list that opens at `open`, without the blanks between its parts, and where the data
/// goes on; none if it is not closed.
fn container(data: &[u8], open: usize) -> Option<(Vec<u8>, usize)> {
    let mut content = Vec::new();
    let mut depth = 0_usize;
    let mut at = open;
    while let Some(byte) = data.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => end = end_of_text(data, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            content.extend_from_slice(&data[at..end]);
        }
        at = end;
        if depth == 0 {
            return Some((content, at));
        }
    }
    None
}

/// Adds bytes of JSON as a text of JSON. They hold no control characters: those are not allowed there.
fn push_as_text(content: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in content {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: &str) -> String {
        let out = containers_as_texts(data.as_bytes(), |key| key == b"a");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_values_of_text_columns_change() {
        assert_eq!(
            texts(
                "{\"a\": {\"a\": [1, \"x \\\" }\"]}, \"b\": {\"a\": [2]}}\n{\"b\":[{}],\"a\":[ ]}\n"
            ),
            "{\"a\": \"{\\\"a\\\":[1,\\\"x \\\\\\\" }\\\"]}\", \"b\": {\"a\": [2]}}\n{\"b\":[{}],\"a\":\"[]\"}\n"
        );
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for wrong in [
            "{\"a\": [1\n",
            "\"",
            "{\"a\": \"x\\",
            "}}{\"a\"",
            "[1,{\"a\":{",
        ] {
            assert_eq!(texts(wrong), wrong);
        }
    }
}
