//! `seatunnel verify`: whether the sinks of a job hold what its sources bring.

use std::process::ExitCode;

use seatunnel_api::Result;
use seatunnel_config::job as job_file;
use seatunnel_engine_local::verify::{
    Difference, DifferenceKind, TableReport, Verification, VerifyOptions, VerifyReport,
};
use seatunnel_translation::numbers::grouped;
use serde_json::{Value, json};

use super::job;
use crate::args::VerifyArgs;
use crate::exit;
use crate::lifecycle::Run;
use crate::logging;
use crate::terminal;
use crate::text::table;
use seatunnel_connectors::registry;

/// Compares, and prints what was found.
pub(crate) fn run(args: &VerifyArgs) -> ExitCode {
    logging::start(&args.log);
    match compare(args) {
        Ok(report) => {
            for sink in &report.unread {
                tracing::warn!("{sink} can't be read back: nothing is known about what it holds");
            }
            let text = match args.json {
                true => format!("{:#}\n", as_json(&report)),
                false => as_text(&report),
            };
            terminal::print(&text);
            match report.is_equal() {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(exit::DIFFERENT),
            }
        }
        Err(error) => {
            logging::error(&args.log, &error);
            ExitCode::from(exit::FAILED)
        }
    }
}

fn compare(args: &VerifyArgs) -> Result<VerifyReport> {
    let registry = registry();
    let options = super::load_options(&args.variables);
    let (spec, _) = job::read(&args.config, &options, &registry, false)?;
    let options = VerifyOptions {
        differences: args.differences,
        allow_extra: args.allow_extra,
        ..VerifyOptions::default()
    };
    job::with_threads(async {
        let overrides = job::overrides(&args.name);
        let plan = job_file::build(&spec, &registry, &overrides).await?;
        let mut verification = Verification::new(&plan, options).await?;
        while let Some(pass) = verification.next_pass() {
            job::run_plan(&pass, &Run::passing(), &args.log).await?;
            verification.finish_pass()?;
        }
        Ok(verification.report())
    })
}

fn as_text(report: &VerifyReport) -> String {
    let header = ["sink", "target", "rows expected", "rows found", "checksum"];
    let rows: Vec<Vec<String>> = report
        .tables
        .iter()
        .map(|one| {
            let verdict = match one.checksums_agree() {
                true => "equal",
                false => "different",
            };
            vec![
                one.sink.clone(),
                one.target.clone(),
                grouped(one.rows_expected),
                grouped(one.rows_found),
                verdict.to_owned(),
            ]
        })
        .collect();
    let mut text = table(&header, &rows);
    for one in &report.tables {
        text.push_str(&of_table(one));
    }
    text
}

fn of_table(one: &TableReport) -> String {
    let mut lines = Vec::new();
    if !one.columns_missing.is_empty() {
        let names = one.columns_missing.join(", ");
        lines.push(format!("columns that the target does not have: {names}"));
    }
    if !one.columns_extra.is_empty() {
        let names = one.columns_extra.join(", ");
        lines.push(format!("not compared, only in the target: {names}"));
    }
    let counts: Vec<String> = [
        (one.missing, "missing in the target"),
        (one.extra, "only in the target"),
        (one.different, "with other values"),
    ]
    .into_iter()
    .filter(|(rows, _)| *rows > 0)
    .map(|(rows, what)| format!("{} {what}", rows_of(rows)))
    .collect();
    if !counts.is_empty() {
        let allowed = match one.extra_allowed && one.extra > 0 {
            true => " (rows only in the target are allowed)",
            false => "",
        };
        lines.push(format!("{}{allowed}", counts.join(", ")));
    }
    if !one.complete {
        lines.push(
            "not all rows that differ were looked at: there may be more, and smaller keys"
                .to_owned(),
        );
    }
    if one.changed_meanwhile {
        lines.push("the rows were others when they were read again: something writes to the source or the target, or the source makes rows up".to_owned());
    }
    lines.extend(one.differences.iter().map(described));
    if lines.is_empty() {
        return String::new();
    }
    let by = match one.key.is_empty() {
        true => "without a key".to_owned(),
        false => format!("by {}", one.key.join(", ")),
    };
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\n{} {} ({by}):\n{lines}", one.sink, one.target)
}

fn rows_of(rows: u64) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{} {noun}", grouped(rows))
}

fn described(difference: &Difference) -> String {
    let key: Vec<String> = difference
        .key
        .iter()
        .map(|(column, value)| format!("{column}={value}"))
        .collect();
    let key = key.join(", ");
    let times = |rows: u64| match rows {
        1 => String::new(),
        rows => format!(", {} times", grouped(rows)),
    };
    match &difference.kind {
        DifferenceKind::Missing(rows) => format!("{key}: missing in the target{}", times(*rows)),
        DifferenceKind::Extra(rows) => format!("{key}: only in the target{}", times(*rows)),
        DifferenceKind::Values(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|v| format!("{} is {}, not {}", v.column, v.found, v.expected))
                .collect();
            format!("{key}: {}", values.join("; "))
        }
    }
}

fn as_json(report: &VerifyReport) -> Value {
    let tables: Vec<Value> = report.tables.iter().map(table_as_json).collect();
    json!({ "equal": report.is_equal(), "tables": tables, "not_read_back": report.unread })
}

fn table_as_json(one: &TableReport) -> Value {
    let differences: Vec<Value> = one.differences.iter().map(difference_as_json).collect();
    json!({
        "sink": one.sink,
        "inputs": one.inputs,
        "target": one.target,
        "equal": one.is_equal(),
        "key": one.key,
        "rows_expected": one.rows_expected,
        "rows_found": one.rows_found,
        "checksum_expected": format!("{:032x}", one.checksum_expected),
        "checksum_found": format!("{:032x}", one.checksum_found),
        "rows_missing": one.missing,
        "rows_extra": one.extra,
        "rows_different": one.different,
        "columns_missing": one.columns_missing,
        "columns_not_compared": one.columns_extra,
        "complete": one.complete,
        "changed_meanwhile": one.changed_meanwhile,
        "differences": differences,
    })
}

fn difference_as_json(difference: &Difference) -> Value {
    let key: serde_json::Map<String, Value> = difference
        .key
        .iter()
        .map(|(column, value)| (column.clone(), value.as_str().into()))
        .collect();
    match &difference.kind {
        DifferenceKind::Missing(rows) => json!({ "kind": "missing", "key": key, "rows": rows }),
        DifferenceKind::Extra(rows) => json!({ "kind": "extra", "key": key, "rows": rows }),
        DifferenceKind::Values(values) => {
            let values: Vec<Value> = values
                .iter()
                .map(|v| json!({ "column": v.column, "expected": v.expected, "found": v.found }))
                .collect();
            json!({ "kind": "different", "key": key, "columns": values })
        }
    }
}
