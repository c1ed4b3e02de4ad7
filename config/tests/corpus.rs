//! Real job files give the trees that SeaTunnel's own parser gives.
//!
//! The files are not part of the repository; where they are not beside it, the tests say so.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use seatunnel_config::{Format, tree_of_str};
use serde_json::Value;
use support::{corpus, difference, skipped, tree};

fn lines(file: &Path) -> Vec<Value> {
    fs::read_to_string(file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Inputs of two quirks that are left out on purpose, see `hocon/mod.rs`.
fn is_left_out(text: &str) -> bool {
    text.starts_with("source = [") || text.contains("Kafka { source {")
}

#[test]
fn job_files_give_the_tree_of_seatunnels_parser() {
    let Some(folder) = corpus() else {
        skipped("the corpus of job files is not here");
        return;
    };
    let mut failed = Vec::new();
    let cases = lines(&folder.join("expected.jsonl"));
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let text = fs::read_to_string(folder.join(name)).unwrap();
        match tree_of_str(name, &text, Format::Hocon, &support::no_environment()) {
            Ok(found) if case["ok"] == true => {
                failed.extend(
                    difference(&found.to_json(), &case["tree"], "").map(|d| format!("{name}{d}")),
                );
            }
            Ok(_) => failed.push(format!("{name}: accepted")),
            Err(error) if case["ok"] == true => failed.push(format!("{error:?}")),
            Err(_) => {}
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} differ:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
    assert_eq!(cases.len(), 369);
}

#[test]
fn small_cases_follow_seatunnels_parser() {
    let Some(folder) = corpus() else {
        skipped("the corpus of small cases is not here");
        return;
    };
    let mut failed = Vec::new();
    let cases = lines(&folder.join("semantics.jsonl"));
    for case in &cases {
        let text = case["text"].as_str().unwrap();
        if is_left_out(text) {
            continue;
        }
        match tree(text) {
            Ok(found) if case["ok"] == true => {
                failed
                    .extend(difference(&found, &case["tree"], "").map(|d| format!("{text:?} {d}")));
            }
            Ok(found) => failed.push(format!("{text:?}: accepted as {found}")),
            Err(error) if case["ok"] == true => failed.push(format!("{text:?}: {error:?}")),
            Err(_) => {}
        }
    }
    assert!(
        failed.is_empty(),
        "{} differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert_eq!(cases.len(), 79);
}

#[test]
fn the_two_quirks_mean_what_they_say() {
    let list = tree("source = [ {plugin_name = A, x=1}, {plugin_name=B} ]").unwrap();
    assert_eq!(list["source"][0]["x"], 1);
    let nested = tree("sink { Kafka { source { a=1 } } }").unwrap();
    assert_eq!(nested["sink"][0]["source"]["a"], 1);
}
