//! `sasl.jaas.config`, the way in which Java's clients are told who logs in.

use indexmap::IndexMap;

/// One login module: `org.example.LoginModule required username="me" password="secret";`.
pub(super) struct Jaas {
    /// The class, without its package.
    pub(super) module: String,
    /// Its options.
    pub(super) options: IndexMap<String, String>,
}

impl Jaas {
    /// Reads it; nothing if it is not of that form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = Words(text.trim().trim_end_matches(';').trim_end());
        let class = words.next()?;
        let module = class.rsplit('.').next()?.to_owned();
        // `required`, `requisite`, `sufficient` or `optional`: all one where there is one module.
        words.next()?;
        let mut options = IndexMap::new();
        for word in words {
            let (name, value) = word.split_once('=')?;
            options.insert(name.trim().to_owned(), value.to_owned());
        }
        Some(Self { module, options })
    }
}

/// Words between blanks; quotes keep blanks in a word and are taken off, a backslash within them
/// takes the next character as it is.
struct Words<'a>(&'a str);

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        // A backslash at the end of a line goes on with the next one.
        let rest = self
            .0
            .trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
        let mut word = String::new();
        let mut quote = None;
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match quote {
                Some(_) if c == '\\' => word.extend(chars.next().map(|(_, c)| c)),
                Some(mark) if c == mark => quote = None,
                Some(_) => word.push(c),
                None if c == '"' || c == '\'' => quote = Some(c),
                None if c.is_whitespace() => {
                    end = at;
                    break;
                }
                None => word.push(c),
            }
        }
        let any = !rest.is_empty();
        self.0 = &rest[end..];
        any.then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_read_with_its_quotes_and_escapes() {
        let jaas = Jaas::parse(
            "org.apache.kafka.common.security.scram.ScramLoginModule required \\\n  username=\"me\"  password='a \"b\" \\\\ c;' ;",
        )
        .unwrap();
        assert_eq!(jaas.module, "ScramLoginModule");
        assert_eq!(jaas.options["username"], "me");
        assert_eq!(jaas.options["password"], "a \"b\" \\ c;");
        assert!(Jaas::parse("").is_none());
        assert!(Jaas::parse("x.PlainLoginModule required username").is_none());
    }
}
