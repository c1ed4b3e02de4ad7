//! Jobs whose process, or whose server, is killed or frozen at random moments, and whose command is
//! run again until it ends: sources and sinks are compared row by row.
//!
//! `SEATUNNEL_KILL_ROUNDS` rounds (32: every pair once), from the seed `SEATUNNEL_KILL_SEED`, with the binary
//! `SEATUNNEL_KILL_BIN` if it is not the one under test; see `scripts/kill.sh`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(
    clippy::print_stdout,
    reason = "the table of what was done is the result"
)]

mod compare;
mod disk;
mod ends;
mod round;

use std::collections::BTreeMap;

use compare::Difference;
use ends::{SINKS, SOURCES, Servers};
use round::{Round, Tally};

const ROUNDS: usize = 32;
const SEED: u64 = 20_241_124;

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Err(_) => default,
        Ok(text) => match text.parse() {
            Ok(value) => value,
            Err(_) => panic!("{name} is no number: {text}"),
        },
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_kills_at_any_moment() {
    let (rounds, seed) = (
        setting("SEATUNNEL_KILL_ROUNDS", ROUNDS),
        setting("SEATUNNEL_KILL_SEED", SEED),
    );
    let servers = Servers::default();
    let mut table: BTreeMap<String, (usize, Tally)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for number in 0..rounds {
        // Every pair comes before any comes again.
        let source = SOURCES[number % SOURCES.len()];
        let sink = SINKS[number / SOURCES.len() % SINKS.len()];
        let round = Round::new(number, seed, source, sink, &servers);
        let (tally, difference) = round.run();
        let pair = format!("{source:?} -> {sink:?}");
        let row = table.entry(pair.clone()).or_default();
        row.0 += 1;
        row.1 += tally;
        if difference != Difference::default() {
            wrong.push(format!("round {number}, seed {seed}, {pair}: {difference}"));
        }
    }
    println!(
        "{:<32} {:>6} {:>6} {:>7} {:>7} {:>5} {:>7}",
        "pair", "rounds", "kills", "freezes", "servers", "disks", "doubled"
    );
    for (pair, (rounds, tally)) in table {
        println!(
            "{pair:<32} {rounds:>6} {:>6} {:>7} {:>7} {:>5} {:>7}",
            tally.kills, tally.freezes, tally.servers, tally.disks, tally.doubled
        );
    }
    println!(
        "lost 0, doubled 0 where that is promised, strange 0 in {} of {rounds} rounds",
        rounds - wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
