//! Writing to stdout and stderr.

use std::io::{self, IsTerminal, Write};

use seatunnel_api::Error;

/// Writes a result to stdout. Who has closed it, as `head` does, wants no more.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to stderr, as long as somebody reads it.
pub(crate) fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether stderr shows colours: it is a terminal, and the user has not said otherwise
/// (<https://no-color.org>).
pub(crate) fn stderr_has_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Writes an error to stderr, all there is to say of it.
pub(crate) fn print_error(error: &Error) {
    let report = error.report();
    if stderr_has_colours() {
        eprint(&format!("{}\n", coloured(&report)));
    } else {
        eprint(&format!("{report}\n"));
    }
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const BLUE: &str = "\x1b[1;34m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Colours a report by the form of its lines.
fn coloured(report: &str) -> String {
    let lines: Vec<String> = report.lines().map(coloured_line).collect();
    lines.join("\n")
}

fn coloured_line(line: &str) -> String {
    for (word, colour) in [("error[", RED), ("warning[", YELLOW)] {
        if line.starts_with(word)
            && let Some((lead, message)) = line.split_once(": ")
        {
            return format!("{colour}{lead}{PLAIN}{BOLD}: {message}{PLAIN}");
        }
    }
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    if let Some(place) = text.strip_prefix("--> ") {
        return format!("{indent}{BLUE}-->{PLAIN} {place}");
    }
    if let Some(fact) = text.strip_prefix("= ")
        && let Some((what, rest)) = fact.split_once(": ")
    {
        return format!("{indent}{BLUE}={PLAIN} {BOLD}{what}:{PLAIN} {rest}");
    }
    if let Some((gutter, rest)) = line.split_once('|')
        && gutter.trim().chars().all(|c| c.is_ascii_digit())
    {
        let carets = !rest.is_empty() && rest.chars().all(|c| c == ' ' || c == '^');
        return match carets {
            true => format!("{BLUE}{gutter}|{RED}{rest}{PLAIN}"),
            false => format!("{BLUE}{gutter}|{PLAIN}{rest}"),
        };
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_letter() {
        let report = "error[API-02]: `a|b` is: wrong\n   --> job.conf:12:3\n    |\n12 |   x = 1\n    |   ^^^^^\n    = help: write y";
        let mut plain = coloured(report);
        for code in [RED, YELLOW, BLUE, BOLD, PLAIN] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, report);
    }

    #[test]
    fn carets_are_red() {
        assert!(coloured("  |   ^^^").contains(&format!("{RED}   ^^^")));
    }
}
