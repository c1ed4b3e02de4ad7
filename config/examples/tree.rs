//! Prints the tree of a job file, or what is wrong with it, and how long reading took.
//!
//! `cargo run --release -p seatunnel-config --example tree -- FILE [-i key=value]…`; without a file
//! it times a job file of 1 MB.

use std::path::Path;
use std::time::Instant;

use seatunnel_config::{Format, LoadOptions, load, parse_str};

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        time_a_large_file();
        return;
    };
    let options = LoadOptions {
        variables: arguments.filter(|a| a != "-i").collect(),
        ..LoadOptions::default()
    };
    let start = Instant::now();
    let loaded = load(Path::new(&file), &options);
    eprintln!("{:?}", start.elapsed());
    match loaded {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                eprintln!("{warning}");
            }
            println!("{:#}", loaded.root.to_json());
        }
        Err(error) => {
            eprintln!("{}", error.report());
            std::process::exit(1);
        }
    }
}

#[allow(clippy::print_stdout, reason = "a program")]
fn time_a_large_file() {
    let block = include_str!("../tests/jobs/fake_to_console.conf");
    let start = block.find("source {").unwrap_or(0) + "source {".len();
    let end = block[start..]
        .find("\n}")
        .map_or(block.len(), |i| start + i);
    let body = &block[start..end];
    let text = format!(
        "source {{{}\n}}\nsink {{}}\n",
        body.repeat(1_000_000 / body.len())
    );
    let best = (0..10)
        .map(|_| {
            let start = Instant::now();
            let loaded = parse_str("large.conf", &text, Format::Hocon, &LoadOptions::default());
            let time = start.elapsed();
            assert!(loaded.is_ok(), "the large file is valid");
            time
        })
        .min()
        .unwrap_or_default();
    println!("{} bytes: {best:?} (best of 10)", text.len());
}
