//! What the tests of job file parsing share.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::PathBuf;

use seatunnel_api::Error;
use seatunnel_config::{Environment, Format, LoadOptions, tree_of_str};
use serde_json::Value;

/// No environment, so that no test depends on the machine's.
pub(crate) fn no_environment() -> Environment {
    Environment::Fixed(Default::default())
}

/// Options with variables and without environment.
pub(crate) fn with(variables: &[&str]) -> LoadOptions {
    LoadOptions {
        variables: variables.iter().map(ToString::to_string).collect(),
        environment: no_environment(),
        ..LoadOptions::default()
    }
}

/// The tree of a HOCON text as JSON.
pub(crate) fn tree(text: &str) -> Result<Value, Error> {
    tree_of_str("job.conf", text, Format::Hocon, &no_environment()).map(|t| t.to_json())
}

/// Real job files with the trees that SeaTunnel's parser gives; not part of the repository.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/hocon");
    folder.is_dir().then_some(folder)
}

/// Whether two trees are equal, the order of keys included; `None`, or where they differ.
///
/// Among a plugin block's own keys SeaTunnel's order is accidental.
pub(crate) fn difference(found: &Value, expected: &Value, path: &str) -> Option<String> {
    match (found, expected) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: [Vec<_>; 2] = [a.keys().collect(), b.keys().collect()];
            let is_block = path.matches('/').count() == 2
                && ["/source/", "/transform/", "/sink/"]
                    .iter()
                    .any(|p| path.starts_with(p));
            if is_block {
                keys.iter_mut().for_each(|k| k.sort());
            }
            if keys[0] != keys[1] {
                return Some(format!(
                    "{path}: keys {:?}, expected {:?}",
                    keys[0], keys[1]
                ));
            }
            a.iter()
                .find_map(|(k, v)| difference(v, &b[k], &format!("{path}/{k}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| difference(a, b, &format!("{path}/{i}"))),
        _ if found == expected => None,
        // The reader of the expected trees rounds the last digit of a few numbers.
        (Value::Number(a), Value::Number(b))
            if a.as_f64()
                .zip(b.as_f64())
                .is_some_and(|(a, b)| a.is_finite() && (a - b).abs() <= f64::EPSILON * b.abs()) =>
        {
            None
        }
        _ => Some(format!("{path}: {found}, expected {expected}")),
    }
}

/// Says that a test has not tested: past the test harness, which keeps what passing tests print.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
