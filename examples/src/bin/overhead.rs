//! Prints what the embedded engine costs beside a bare loop that fills the same arrays.
//!
//! `cargo run --profile dist -p seatunnel-examples --bin overhead [ROWS [RUNS]]`

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::Instant;

use seatunnel_api::Result;
use seatunnel_examples::overhead::Overhead;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        let given = arguments.next().and_then(|text| text.parse().ok());
        given.unwrap_or(default).max(1)
    };
    let (rows, runs) = (number(5_000_000), number(5));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads can be started");
    let overhead = runtime.block_on(Overhead::new(rows))?;
    let (mut bare, mut engine, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    // In turn, so that both see the same machine; the first round warms up.
    for round in 0..=runs {
        let started = Instant::now();
        overhead.bare()?;
        let bare_time = started.elapsed().as_secs_f64();
        let (started, cpu_before) = (Instant::now(), cpu_seconds());
        runtime.block_on(overhead.engine())?;
        let engine_time = started.elapsed().as_secs_f64();
        if round > 0 {
            bare.push(rows as f64 / bare_time);
            engine.push(rows as f64 / engine_time);
            cpu.push(rows as f64 / (cpu_seconds() - cpu_before));
        }
    }
    let (bare, engine, cpu) = (median(bare), median(engine), median(cpu));
    println!("{rows} rows of 16 columns, median of {runs} runs, rows a second:");
    println!("  bare loop   {bare:>12.0}");
    println!(
        "  engine      {engine:>12.0}   ratio {:.2} (bar: 0.90)",
        engine / bare
    );
    println!("  a CPU second of the engine  {cpu:.0} rows (bar: 5000000)");
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of this process so far, from `/proc`: user and system, in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = |field: usize| -> f64 {
        let text = after_name.split(' ').nth(field);
        text.and_then(|t| t.parse().ok()).unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}
