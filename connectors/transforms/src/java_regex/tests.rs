use super::*;

fn replace_all(pattern: &str, text: &str, replacement: &str) -> String {
    let regex = JavaRegex::new(pattern, Flags::default()).unwrap();
    let replacement = regex.replacement(replacement).unwrap();
    let mut out = String::new();
    regex
        .replace(text, &replacement, false, &mut Groups::default(), &mut out)
        .unwrap();
    out
}

fn split(pattern: &str, text: &str, limit: usize) -> Vec<String> {
    let regex = JavaRegex::new(pattern, Flags::default()).unwrap();
    let mut parts = Vec::new();
    regex.split(text, limit, &mut parts).unwrap();
    parts.iter().map(|(a, b)| text[*a..*b].to_owned()).collect()
}

#[test]
fn replaces_as_java_does() {
    // Each expectation is what java.lang.String.replaceAll returns.
    for (pattern, text, replacement, expected) in [
        (".*", "abc", "x", "xx"),
        ("a*", "baaac", "x", "xbxxcx"),
        (".+", "abc", "b", "b"),
        (r"(\d+)-(\d+)", "10-20", "$2-$1", "20-10"),
        (r"(?<year>\d{4})", "in 2024", "<${year}>", "in <2024>"),
        (r"(a)", "a", "$12", "a2"),
        (r"\s+", "a \u{a0}b", "_", "a_\u{a0}b"),
        (r"\d", "٣3", "n", "٣n"),
        (r"(\w)\1", "hello", "<$1>", "he<l>o"),
        (r"(?<=a)b", "ab b", "c", "ac b"),
        (r"\Qa.b\E+", "a.bb axb", "-", "- axb"),
        (r"\p{Punct}", "a!b€", "", "ab€"),
        (r"[\d\s]", "1 a", "", "a"),
        (r"a.c", "a\rc", "", "a\rc"),
        ("", "é1", "-", "-é-1-"),
        (r"\$", "5$", r"\$\\", r"5$\"),
        (r"a++b", "aaab", "x", "x"),
    ] {
        assert_eq!(
            replace_all(pattern, text, replacement),
            expected,
            "{pattern}"
        );
    }
}

#[test]
fn splits_as_java_does() {
    // Each expectation is what java.lang.String.split(pattern, limit) returns.
    assert_eq!(split(" ", "a b c", 2), ["a", "b c"]);
    assert_eq!(split(" ", "a", 2), ["a"]);
    assert_eq!(split(",", ",a,", 5), ["", "a", ""]);
    assert_eq!(split(",", "a,,", 3), ["a", "", ""]);
    assert_eq!(split("", "abc", 9), ["a", "b", "c", ""]);
    assert_eq!(split("", "abc", 2), ["a", "bc"]);
    assert_eq!(split(r"\|", "a|b", 2), ["a", "b"]);
    assert_eq!(split("|", "a|b", 3), ["a", "|", "b"]);
    assert_eq!(split(",", "", 2), [""]);
    assert_eq!(split(",", "a,b", 1), ["a,b"]);
}

#[test]
fn a_bad_pattern_or_replacement_is_refused_with_its_reason() {
    let error = JavaRegex::new("(a", Flags::default()).unwrap_err();
    assert!(error.message().contains("unclosed group"), "{error}");
    assert!(JavaRegex::new(r"a\", Flags::default()).is_err());
    let regex = JavaRegex::new("(a)", Flags::default()).unwrap();
    for (replacement, part) in [("$2", "no group 2"), ("$", "number"), ("${b}", "\"b\"")] {
        let error = regex.replacement(replacement).unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn a_whole_pattern_leaves_nothing_out() {
    let regex = JavaRegex::whole("test.a|b").unwrap();
    assert!(regex.is_match("test.a").unwrap());
    assert!(!regex.is_match("test.ab").unwrap());
}
