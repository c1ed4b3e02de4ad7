//! From Java's regular expressions to those of the `regex` and `fancy-regex` crates.
//!
//! Most of a pattern means the same in both. What differs is rewritten here: classes that are
//! ASCII only in Java (`java.util.regex.Pattern`, "Predefined character classes" and "POSIX
//! character classes"), `.`, quoting by `\Q…\E`, and escapes that the crates read otherwise.

const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z0-9_";
const SPACE: &str = r" \t\n\x0B\f\r";
const HORIZONTAL: &str = r" \t\u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\u{85}\u{2028}\u{2029}";
const LINE_ENDS: &str = r"\n\r\u{85}\u{2028}\u{2029}";

/// Java's names of ASCII classes and what they hold.
const POSIX: &[(&str, &str)] = &[
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", SPACE),
];

/// The same pattern for the Rust crates.
///
/// # Errors
/// A sentence about what has no counterpart.
pub(super) fn translate(pattern: &str, dot_all: bool) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut depth = 0usize;
    // A pattern may switch DOTALL on by itself: then `.` keeps the meaning of the crates.
    let own_dot = !dot_all && !sets_dot_all(pattern);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, depth > 0, &mut out)?,
            '[' => {
                depth += 1;
                out.push('[');
                if let Some(after) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = after;
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            // The crates have operators that Java reads as characters.
            '-' | '~' if depth > 0 && rest.starts_with(c) => {
                out.push('\\');
                out.push(c);
            }
            '.' if depth == 0 && own_dot => {
                out.push_str("[^");
                out.push_str(LINE_ENDS);
                out.push(']');
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

fn sets_dot_all(pattern: &str) -> bool {
    pattern.match_indices("(?").any(|(at, _)| {
        pattern[at + 2..]
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .any(|flag| flag == 's')
    })
}

fn class(members: &str, negated: bool, out: &mut String) {
    out.push_str(if negated { "[^" } else { "[" });
    out.push_str(members);
    out.push(']');
}

/// Translates what stands behind a backslash; returns what is left behind it.
fn escape<'a>(rest: &'a str, in_class: bool, out: &mut String) -> Result<&'a str, String> {
    let Some(c) = rest.chars().next() else {
        return Err("it ends with a single backslash".to_owned());
    };
    let after = &rest[c.len_utf8()..];
    match c {
        'd' | 'D' => class(DIGIT, c == 'D', out),
        'w' | 'W' => class(WORD, c == 'W', out),
        's' | 'S' => class(SPACE, c == 'S', out),
        'h' | 'H' => class(HORIZONTAL, c == 'H', out),
        'v' | 'V' => class(VERTICAL, c == 'V', out),
        'R' if !in_class => {
            out.push_str(r"(?:\r\n|[");
            out.push_str(VERTICAL);
            out.push_str("])");
        }
        'Z' if !in_class => out.push_str(r"(?=(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])?\z)"),
        'e' => out.push_str(r"\x1B"),
        'Q' => {
            let (quoted, left) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return Ok(left);
        }
        'E' => {}
        'p' | 'P' => return property(c, after, out),
        '0' => {
            let digits: String = after
                .chars()
                .take(3)
                .take_while(|d| d.is_digit(8))
                .collect();
            let code = u32::from_str_radix(&digits, 8)
                .ok()
                .filter(|code| *code < 256)
                .ok_or("\\0 needs an octal number behind it")?;
            out.push_str(&format!("\\x{{{code:X}}}"));
            return Ok(&after[digits.len()..]);
        }
        'G' | 'X' | 'N' | 'c' => return Err(format!("\\{c} is not supported")),
        // The crates read these as the edges of words.
        '<' | '>' => out.push(c),
        c if c.is_ascii() => {
            out.push('\\');
            out.push(c);
        }
        other => out.push(other),
    }
    Ok(after)
}

fn property<'a>(kind: char, rest: &'a str, out: &mut String) -> Result<&'a str, String> {
    let Some(braced) = rest.strip_prefix('{') else {
        // `\pL`: a category of one letter.
        out.push('\\');
        out.push(kind);
        return Ok(rest);
    };
    let (name, left) = braced
        .split_once('}')
        .ok_or_else(|| format!("\\{kind}{{ has no closing brace"))?;
    match POSIX.iter().find(|(known, _)| *known == name) {
        Some((_, members)) => class(members, kind == 'P', out),
        None => {
            // Java's `IsHan`, `InGreek` and `javaLowerCase` are scripts, blocks and methods.
            let plain = match name.strip_prefix("java") {
                Some("LowerCase") => "Lowercase",
                Some("UpperCase") => "Uppercase",
                Some("Whitespace") => "White_Space",
                Some(_) => return Err(format!("\\{kind}{{{name}}} is not supported")),
                None => name.strip_prefix("Is").unwrap_or(name),
            };
            out.push_str(&format!("\\{kind}{{{plain}}}"));
        }
    }
    Ok(left)
}
