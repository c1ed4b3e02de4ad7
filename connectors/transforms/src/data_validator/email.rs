//! Whether a text may be an email address, by SeaTunnel's rules: rather too lenient than too strict.

const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 63;

/// What is wrong with an address; none if nothing is. Blank is fine, as null is.
pub(super) fn wrong(text: &str) -> Option<&'static str> {
    let email = text.trim();
    if email.is_empty() {
        return None;
    }
    let length = |text: &str| text.encode_utf16().count();
    if length(email) > LONGEST {
        return Some("it is longer than 254 characters");
    }
    let (local, domain) = match email.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.contains('@') => (local, domain),
        _ => return Some("it has not one @ with something in front"),
    };
    if length(local) > LONGEST_LOCAL {
        return Some("more than 63 characters stand in front of the @");
    }
    if email.contains(['"', '\'', '`', '\0']) {
        return Some("it has quotes in it");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if domain.is_empty() || !domain.chars().all(allowed) {
        return Some("its domain has other characters than letters, digits, dots and hyphens");
    }
    if !domain.contains('.') {
        return Some("its domain has no dot");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in [
            "a@b.c",
            " first.last+tag@sub.example.org ",
            "",
            "  ",
            "ü@example.org",
        ] {
            assert_eq!(wrong(good), None, "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(64));
        let longer = format!("a@{}.org", "b".repeat(260));
        for bad in [
            "plain",
            "@example.org",
            "a@b@c.d",
            "a@b",
            "a@",
            "a'b@c.d",
            "a@b c.d",
            "a@ü.de",
            &long,
            &longer,
        ] {
            assert!(wrong(bad).is_some(), "{bad}");
        }
    }
}
