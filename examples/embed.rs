//! Runs a job inside of another program, with the connectors that this program wants.
//!
//!     cargo run -p seatunnel-examples --bin embed -- examples/multi_table_to_assert.conf

#![allow(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::path::Path;

use seatunnel_api::config::Report;
use seatunnel_api::{Registry, Result};
use seatunnel_config::job::{JobSpec, Overrides, build};
use seatunnel_engine_local::{JobHandle, JobReport, LocalEngine};

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::args().nth(1);
    let file = file.unwrap_or_else(|| "examples/multi_table_to_assert.conf".to_owned());
    let report = run(Path::new(&file)).await?;
    println!(
        "{} rows read, {} written",
        report.rows_read, report.rows_written
    );
    Ok(())
}

async fn run(file: &Path) -> Result<JobReport> {
    // What jobs may use. Each connector is a crate.
    let registry = seatunnel_connector_fake::register(Registry::new());
    let registry = seatunnel_connector_file::register(registry);
    let registry = seatunnel_connector_assert::register(registry);
    let registry = seatunnel_connector_console::register(registry);
    let registry = seatunnel_transforms::register(registry);

    // From the file to the job. All mistakes of the file are in the report.
    let loaded = seatunnel_config::load(file, &Default::default())?;
    let mut report = Report::new();
    let spec = JobSpec::read(&loaded.root, &mut report);
    report.into_result()?;
    let spec = spec.expect("a job file without mistakes makes a job");
    let plan = build(&spec, &registry, &Overrides::default()).await?;

    // The handle has the counters while the job runs, and cancels it.
    let handle = JobHandle::new(&plan);
    LocalEngine::default().run(&plan, &handle).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn embedded_job_gives_its_statistic() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("multi_table_to_assert.conf");
        let report = run(&file).await.unwrap();
        assert_eq!((report.rows_read, report.rows_written), (104, 104));
        assert_eq!(report.rows_failed, 0);
    }
}
