//! SQL text that databases share; what differs is the quote and the upsert clause.

/// How names are quoted.
#[derive(Clone, Copy, Debug)]
pub struct Quote(pub char);

impl Quote {
    /// A name as an identifier.
    pub fn name(self, name: &str) -> String {
        let quote = self.0;
        let mut text = String::with_capacity(name.len() + 2);
        text.push(quote);
        for c in name.chars() {
            if c == quote {
                text.push(quote);
            }
            text.push(c);
        }
        text.push(quote);
        text
    }

    /// Names as identifiers with commas between.
    pub fn names<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        let quoted: Vec<String> = names.into_iter().map(|n| self.name(n)).collect();
        quoted.join(", ")
    }

    /// `a IS ? AND b IS ?`, which null fulfils too
    pub fn all_equal<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        let terms: Vec<String> = names
            .into_iter()
            .map(|n| format!("{} IS ?", self.name(n)))
            .collect();
        terms.join(" AND ")
    }
}

/// `INSERT INTO t (a, b) VALUES (?, ?), (?, ?)` for so many rows; `clause` follows, for upserts.
pub fn insert(table: &str, columns: &str, width: usize, rows: usize, clause: &str) -> String {
    let row = format!("({})", vec!["?"; width].join(", "));
    let values = vec![row.as_str(); rows].join(", ");
    format!("INSERT INTO {table} ({columns}) VALUES {values}{clause}")
}

/// A query as something to select from. The line break ends a comment that the query may end in.
pub fn as_table(query: &str) -> String {
    format!("({}\n)", without_end(query))
}

/// A statement without the semicolon at its end.
pub fn without_end(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}

/// What follows `WHERE` in a `where_condition`; none if it does not begin so.
pub fn condition(text: &str) -> Option<&str> {
    let text = without_end(text);
    let (word, rest) = text.split_at_checked(5)?;
    (word.eq_ignore_ascii_case("where")
        && rest.starts_with(|c: char| c.is_whitespace() || c == '('))
    .then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_quotes_doubled() {
        assert_eq!(Quote('`').names(["a", "b`c"]), "`a`, `b``c`");
        assert_eq!(
            Quote('"').all_equal(["x", "y"]),
            "\"x\" IS ? AND \"y\" IS ?"
        );
    }

    #[test]
    fn an_insert_has_a_group_for_each_row() {
        assert_eq!(
            insert("t", "a, b", 2, 2, " ON CONFLICT DO NOTHING"),
            "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn a_condition_begins_with_where() {
        assert_eq!(condition(" WHERE a > 1 ; "), Some("a > 1"));
        assert_eq!(condition("where(a)"), Some("(a)"));
        assert_eq!(condition("whereas"), None);
        assert_eq!(condition("a > 1"), None);
    }
}
