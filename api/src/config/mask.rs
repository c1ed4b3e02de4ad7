//! Hides secrets where a job file is shown.

/// What a key has in it whose value is a secret, in any case.
const SECRET_WORDS: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "access_key",
    "access-key",
    "accesskey",
    "api_key",
    "private_key",
];

/// The line with each letter of a secret as `*`, so that columns stay where they are: values of keys
/// that sound like a secret, also inside of URLs, and the password of `//user:password@host`.
///
/// It goes by names, since it must work where a file can't even be parsed.
pub fn mask_secrets(line: &str) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    for at in 0..letters.len() {
        if matches!(letters[at], '=' | ':') && is_secret_key(&key_before(&letters, at)) {
            mask_value(&mut letters, at + 1);
        }
        if letters[at..].starts_with(&[':', '/', '/']) {
            mask_user_info(&mut letters, at + 3);
        }
    }
    letters.into_iter().collect()
}

fn key_before(letters: &[char], separator: usize) -> String {
    let is_key = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let before = letters[..separator].iter().rev();
    let key: Vec<char> = before
        .skip_while(|c| matches!(c, ' ' | '\t' | '"' | '\'' | '+'))
        .take_while(|c| is_key(c))
        .copied()
        .collect();
    key.into_iter().rev().collect()
}

/// Whether an option of this name, in any case, sounds like a secret.
pub fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase();
    key == "auth" || SECRET_WORDS.iter().any(|word| key.contains(word))
}

fn mask_value(letters: &mut [char], from: usize) {
    let blanks = letters[from..].iter().take_while(|c| c.is_whitespace());
    let mut start = from + blanks.count();
    let quote = letters
        .get(start)
        .copied()
        .filter(|c| matches!(c, '"' | '\''));
    let quotes = letters[start..].iter().take_while(|c| Some(**c) == quote);
    let quotes = match quotes.count() {
        // Two quotes are an empty text, three open one over several lines.
        2 => return,
        more => more.min(3),
    };
    start += quotes;
    let mut at = start;
    while at < letters.len() {
        let end = match quote {
            Some(quote) if quotes == 1 => letters[at] == quote && letters[at - 1] != '\\',
            Some(quote) => letters[at..].starts_with(&[quote; 3]),
            None => {
                letters[at].is_whitespace()
                    || matches!(
                        letters[at],
                        ',' | '}' | ']' | '{' | '[' | '&' | ';' | '"' | '\''
                    )
            }
        };
        if end {
            break;
        }
        at += 1;
    }
    letters[start..at].fill('*');
}

fn mask_user_info(letters: &mut [char], from: usize) {
    let authority = letters[from..]
        .iter()
        .take_while(|c| !c.is_whitespace() && !matches!(c, '/' | '?' | '"' | '\''));
    let authority = from..from + authority.count();
    let Some(at) = letters[authority.clone()].iter().rposition(|c| *c == '@') else {
        return;
    };
    let Some(colon) = letters[authority].iter().position(|c| *c == ':') else {
        return;
    };
    if colon < at {
        letters[from + colon + 1..from + at].fill('*');
    }
}

#[cfg(test)]
mod tests {
    use super::mask_secrets;

    #[test]
    fn names_of_secrets_are_known_in_any_case() {
        for key in [
            "password",
            "sasl.Password",
            "AUTH",
            "fs.s3a.secret.key",
            "access_key",
        ] {
            assert!(super::is_secret_key(key), "{key}");
        }
        for key in ["username", "author", "primary_key", "partition_key"] {
            assert!(!super::is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn values_of_secret_keys_are_hidden_and_nothing_else() {
        for (line, masked) in [
            (
                r#"password = "hunter2", user = "a""#,
                r#"password = "*******", user = "a""#,
            ),
            ("  Password=hunter2}", "  Password=*******}"),
            (
                r#""secret_key": "k\"x", n = 1"#,
                r#""secret_key": "****", n = 1"#,
            ),
            (r#"token = """a"b""" # c"#, r#"token = """***""" # c"#),
            ("'password' = 'x', 'n' = '1'", "'password' = '*', 'n' = '1'"),
            (r#"auth = abc"#, "auth = ***"),
            (r#"author = abc"#, "author = abc"),
            (r#"password = """#, r#"password = """#),
            (r#"primary_key = "id""#, r#"primary_key = "id""#),
            (
                r#"url = "jdbc:mysql://h/d?user=u&password=p&x=1""#,
                r#"url = "jdbc:mysql://h/d?user=u&password=*&x=1""#,
            ),
            ("url = ftp://u:p@host/x", "url = ftp://u:*@host/x"),
            ("url = http://host:80/a@b", "url = http://host:80/a@b"),
        ] {
            assert_eq!(mask_secrets(line), masked);
        }
    }
}
