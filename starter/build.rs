//! How the launcher is linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    // A program that may lie anywhere in memory has 170,000 addresses set right before it begins, which takes as long as the
    // rest of a small job, and memory of its own: docs/decisions/0007-fixed-address.md.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
