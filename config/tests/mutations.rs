//! Whatever a job file looks like, reading it ends soon, with a tree or with errors.
//!
//! The mutations are the same in every run. `CONFIG_MUTATIONS` sets how many (1,000 by default).
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seatunnel_config::{Format, parse_str, tree_of_str};
use support::{corpus, no_environment, with};

/// Pieces that mean something to one of the formats.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "'",
    ",",
    "\n",
    "=",
    ":",
    "+=",
    "${",
    "${?",
    "}",
    "$",
    "#",
    "//",
    "/*",
    "*/",
    "--",
    "\\",
    "\\u12",
    "->",
    ".",
    "include \"",
    "include required(file(\"x\"))",
    "null",
    "true",
    "1e999",
    "-",
    "99999999999999999999",
    "\u{feff}",
    "\u{0}",
    "ü",
    "😀",
    ";",
    "WITH (",
    "${a}",
    "source {",
];

fn samples() -> Vec<(String, Format)> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/jobs");
    let mut folders = vec![own];
    match corpus() {
        Some(folder) => folders.push(folder.join("jobs")),
        None => support::skipped("mutations of the corpus: it is not here; own samples alone"),
    }
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| (fs::read_to_string(path).unwrap(), Format::of(path)))
        .collect()
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mutate(random: &mut fastrand::Rng, text: &str, other: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..random.usize(1..6) {
        let start = boundary(&text, random.usize(..=text.len()));
        let end = boundary(&text, start + random.usize(..40)).max(start);
        match random.usize(..7) {
            0 => text.replace_range(start..end, ""),
            1 => text.insert_str(start, PIECES[random.usize(..PIECES.len())]),
            2 => text.replace_range(start..end, PIECES[random.usize(..PIECES.len())]),
            3 => {
                let copy = text[start..end].to_owned();
                text.insert_str(boundary(&text, random.usize(..=text.len())), &copy);
            }
            4 => text.truncate(start),
            5 => {
                let from = boundary(other, random.usize(..=other.len()));
                let to = boundary(other, from + random.usize(..200)).max(from);
                text.insert_str(start, &other[from..to]);
            }
            _ => {
                let piece = PIECES[random.usize(..PIECES.len())];
                text.insert_str(start, &piece.repeat(random.usize(1..300)));
            }
        }
    }
    text
}

/// Reads a text in all ways; everything that a user could see is made.
fn read(text: &str, format: Format) {
    let start = Instant::now();
    match tree_of_str("mutated", text, format, &no_environment()) {
        Ok(tree) => {
            tree.to_json();
        }
        Err(error) => {
            assert!(
                !error.diagnostics().is_empty(),
                "an error without a place: {error}"
            );
            error.report();
        }
    }
    let variables = ["jobName=x", "resName=[a,b]", "username=u"];
    match parse_str("mutated", text, format, &with(&variables)) {
        Ok(loaded) => {
            loaded.root.to_json();
            loaded.warnings.iter().for_each(|w| drop(w.to_string()));
        }
        Err(error) => drop(error.report()),
    }
    let time = start.elapsed();
    assert!(time < Duration::from_secs(30), "{time:?} for {text:?}");
}

#[test]
fn mutated_job_files_end_in_a_tree_or_in_errors() {
    let count = std::env::var("CONFIG_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let samples = samples();
    let mut random = fastrand::Rng::with_seed(20_240_607);
    let mut valid = 0;
    for number in 0..count {
        let (text, format) = &samples[random.usize(..samples.len())];
        let (other, _) = &samples[random.usize(..samples.len())];
        let text = mutate(&mut random, text, other);
        let read = std::panic::catch_unwind(|| read(&text, *format));
        assert!(read.is_ok(), "mutation {number}: {text}");
        valid += usize::from(tree_of_str("m", &text, *format, &no_environment()).is_ok());
    }
    // Neither all nor none: else the mutations test nothing.
    assert!(
        valid > count / 50 && valid < count * 9 / 10,
        "{valid} of {count} are valid"
    );
}

#[test]
fn samples_are_valid() {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/jobs");
    for entry in fs::read_dir(own).unwrap() {
        let path = entry.unwrap().path();
        assert!(seatunnel_config::tree(Path::new(&path)).is_ok(), "{path:?}");
    }
}

#[test]
fn extreme_texts_are_refused_soon() {
    let deep = |open: &str| open.repeat(100_000);
    let laughs = (1..40).fold("a0 = haha\n".to_owned(), |text, i| {
        format!("{text}a{i} = [${{a{0}}}, ${{a{0}}}]\n", i - 1)
    });
    let long = (1..40).fold("a0 = haha\n".to_owned(), |text, i| {
        format!("{text}a{i} = ${{a{0}}}\" \"${{a{0}}}\n", i - 1)
    });
    let chain = (0..5000).fold("a5000 = 1\n".to_owned(), |text, i| {
        format!("{text}a{i} = {{ x = ${{a{}}} }}\n", i + 1)
    });
    let path = format!("{} = 1", vec!["a"; 10_000].join("->"));
    for text in [
        deep("["),
        deep("{"),
        deep("a{"),
        deep("a=["),
        deep("a=[{"),
        deep("a=${"),
        deep("\""),
        deep("a=\"\"\"\n"),
        deep("}\n"),
        deep("a=\n"),
        deep("${a}"),
        deep("a=${a} "),
        deep("include \"a\"\n"),
        laughs,
        long,
        chain,
        path,
        format!("a=1\n{}", "a=${a}x\n".repeat(3000)),
        format!("a=[1]\n{}", "a+=1\n".repeat(3000)),
    ] {
        let shown: String = text.chars().take(30).collect();
        let start = Instant::now();
        for format in [Format::Hocon, Format::Json, Format::Sql] {
            let _ =
                tree_of_str("extreme", &text, format, &no_environment()).map_err(|e| e.report());
        }
        let time = start.elapsed();
        // Whoever doubles something for each of so many parts is never done: no machine is too busy for this.
        assert!(time < Duration::from_secs(60), "{time:?} for {shown:?}");
    }
}
