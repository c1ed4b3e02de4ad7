//! What the engine costs: the same made-up rows by a bare loop and by a job.

use seatunnel_api::config::{ConfigValue, Report};
use seatunnel_api::plan::JobPlan;
use seatunnel_api::{BatchSize, Registry, Result};
use seatunnel_config::job::{JobSpec, Overrides, build};
use seatunnel_config::{Format, LoadOptions, parse_str};
use seatunnel_connector_fake::{ContentOptions, Generator};
use seatunnel_engine_local::{JobHandle, LocalEngine};

/// A table of 16 columns: numbers, decimals, dates and strings.
const COLUMNS: &str = "
    id = bigint, customer = bigint, product = int, shop = int, quantity = smallint, grade = tinyint,
    price = \"decimal(12, 2)\", tax = \"decimal(9, 4)\", discount = double, weight = float,
    ordered = date, shipped = timestamp, paid = boolean,
    name = string, city = string, code = string";

/// Generates rows into a blackhole, by a bare loop or by the embedded engine.
pub struct Overhead {
    rows: u64,
    plan: JobPlan,
    table: std::sync::Arc<seatunnel_api::CatalogTable>,
    content: ContentOptions,
}

impl Overhead {
    /// Prepares both ways for so many rows.
    ///
    /// # Errors
    /// If the job is wrong.
    pub async fn new(rows: u64) -> Result<Self> {
        let job = format!(
            "source {{ FakeSource {{ row.num = {rows}, schema {{ fields {{ {COLUMNS} }} }} }} }}
             sink {{ Blackhole {{ }} }}"
        );
        let registry = seatunnel_connector_fake::register(Registry::new());
        let registry = seatunnel_connector_blackhole::register(registry);
        let loaded = parse_str(
            "overhead.conf",
            &job,
            Format::Hocon,
            &LoadOptions::default(),
        )?;
        let mut report = Report::new();
        let spec = JobSpec::read(&loaded.root, &mut report);
        report.into_result()?;
        let spec = spec.expect("a job without errors has blocks");
        let plan = build(&spec, &registry, &Overrides::default()).await?;
        let table = plan.nodes[0].tables[0].clone();
        let no_options = ConfigValue::from_json(&serde_json::json!({}));
        let content = seatunnel_api::options::Options::from_config("FakeSource", &no_options)?;
        Ok(Self {
            rows,
            plan,
            table,
            content,
        })
    }

    /// Fills the same arrays in a loop; gives the rows filled.
    ///
    /// # Errors
    /// If the generator fails.
    pub fn bare(&self) -> Result<u64> {
        let mut generator = Generator::new(&self.table, &self.content, 7)?;
        let size = BatchSize::default();
        let by_bytes = size.bytes as u64 / generator.row_bytes().max(1);
        let most = (size.rows as u64).min(by_bytes.max(1));
        let mut filled = 0;
        while filled < self.rows {
            let rows = most.min(self.rows - filled);
            filled += std::hint::black_box(generator.fill(rows as usize)?).num_rows() as u64;
        }
        Ok(filled)
    }

    /// Runs the job; gives the rows written.
    ///
    /// # Errors
    /// If the job fails.
    pub async fn engine(&self) -> Result<u64> {
        let handle = JobHandle::new(&self.plan);
        let report = LocalEngine::default().run(&self.plan, &handle).await?;
        Ok(report.rows_written)
    }
}
