//! Calendar: every day of a stretch of time, a table to join others with.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::options::{Located, Options};
use seatunnel_api::{
    CatalogTable, Column, DataType, Error, Output, PluginInfo, PrimaryKey, Registry, Result,
    Source, SourceContext, SourceFactory, SourceReader, Split, State, TablePath, TableSchema,
    TaskContext, Value, codes, erase_source, time,
};
use serde::{Deserialize, Serialize};

/// Every day from one date to another.
#[derive(Debug, Options)]
pub struct CalendarOptions {
    /// The first day: `2024-01-31`.
    from: Located<String>,
    /// The last day; it comes too.
    to: Located<String>,
    /// Name of the table.
    #[option(default = "calendar")]
    table: String,
}

/// Adds this crate's plugins.
pub fn register(registry: Registry) -> Registry {
    registry.source(CalendarFactory)
}

/// Makes calendars.
pub struct CalendarFactory;

#[async_trait]
impl SourceFactory for CalendarFactory {
    type Options = CalendarOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Calendar",
            aliases: &[],
            summary: "Every day of a stretch of time",
        }
    }

    async fn create(
        &self,
        options: CalendarOptions,
        _context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        Ok(erase_source(Calendar::new(options)?))
    }
}

/// Days since 1970-01-01; the error points at the option in the job file.
fn day(option: &Located<String>) -> Result<i32> {
    time::parse_date(option.value.as_bytes()).ok_or_else(|| {
        let message = format!("`{}` is not a date", option.value);
        Error::new(codes::OPTION_INVALID, message)
            .at(&option.span)
            .with_help("write it as 2024-01-31")
    })
}

struct Calendar {
    table: Arc<CatalogTable>,
    from: i32,
    to: i32,
}

impl Calendar {
    fn new(options: CalendarOptions) -> Result<Self> {
        let (from, to) = (day(&options.from)?, day(&options.to)?);
        if to < from {
            let message = format!("`to` is before `from`, {}", options.from.value);
            return Err(Error::new(codes::OPTION_INVALID, message).at(&options.to.span));
        }
        let mut schema = TableSchema::new(vec![
            Column::new("day", DataType::Date).not_null(),
            Column::new("year", DataType::Int).not_null(),
            Column::new("weekday", DataType::String).not_null(),
        ]);
        schema.primary_key = Some(PrimaryKey {
            name: "calendar_key".to_owned(),
            columns: vec!["day".to_owned()],
        });
        let path = TablePath::table(options.table);
        let table = Arc::new(CatalogTable::new("Calendar", path, schema));
        Ok(Self { table, from, to })
    }
}

/// Days still to come, the last one included. Also the position: `from` moves on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Days {
    from: i32,
    to: i32,
}

impl State for Days {}

impl Split for Days {
    fn id(&self) -> String {
        // The end stays the same while the position moves.
        format!("until {}", time::format_date(self.to))
    }
}

#[async_trait]
impl Source for Calendar {
    type Split = Days;
    type Reader = CalendarReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.table.clone()]
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<Days>> {
        // One split a year; the engine hands them to as many readers as the job has.
        let mut splits = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let (year, _, _) = time::civil_from_days(from);
            let year_end = time::days_from_civil(year, 12, 31).unwrap_or(self.to);
            let to = year_end.min(self.to);
            splits.push(Days { from, to });
            from = to + 1;
        }
        Ok(splits)
    }

    async fn reader(&self, _context: TaskContext) -> Result<CalendarReader> {
        Ok(CalendarReader {
            table: self.table.clone(),
        })
    }
}

struct CalendarReader {
    table: Arc<CatalogTable>,
}

/// Day 0 was a Thursday.
const WEEKDAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

#[async_trait]
impl SourceReader for CalendarReader {
    type Split = Days;

    async fn read(&mut self, mut days: Days, out: &mut Output<'_, Days>) -> Result<()> {
        while days.from <= days.to {
            let (year, _, _) = time::civil_from_days(days.from);
            let weekday = WEEKDAYS[days.from.rem_euclid(7) as usize];
            let row = [
                Value::Date(days.from),
                Value::Int(year),
                Value::String(weekday.to_owned()),
            ];
            out.row(&self.table, &row).await?;
            days.from += 1;
            // After these rows, reading would go on here. Checkpoints need no more than this.
            out.position(&days).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use seatunnel_api::{Batch, Emitter};
    use serde_json::json;

    use super::*;

    /// Takes what a reader emits, as an engine does.
    struct Batches(Vec<Batch>);

    #[async_trait]
    impl Emitter for Batches {
        async fn emit(&mut self, batch: Batch, _position: Option<Vec<u8>>) -> Result<()> {
            self.0.push(batch);
            Ok(())
        }

        fn wants_positions(&self) -> bool {
            true
        }
    }

    fn calendar(from: &str, to: &str) -> Result<Calendar> {
        let config = ConfigValue::from_json(&json!({ "from": from, "to": to }));
        Calendar::new(CalendarOptions::from_config("Calendar", &config)?)
    }

    async fn weekdays(calendar: &Calendar, split: Days) -> Vec<String> {
        let mut batches = Batches(Vec::new());
        let mut out = Output::new(&mut batches);
        let table = calendar.table.clone();
        CalendarReader { table }
            .read(split, &mut out)
            .await
            .unwrap();
        out.flush().await.unwrap();
        let rows = batches.0.iter().flat_map(Batch::rows);
        rows.map(|row| match row.get_by_name("weekday") {
            Some(Value::String(name)) => name,
            other => panic!("weekday is {other:?}"),
        })
        .collect()
    }

    #[tokio::test]
    async fn every_day_comes_and_the_last_one_too() {
        let calendar = calendar("2024-02-28", "2024-03-01").unwrap();
        let splits = calendar.splits(1).await.unwrap();
        let names = weekdays(&calendar, splits[0].clone()).await;
        assert_eq!(names, ["Wednesday", "Thursday", "Friday"]);
    }

    #[tokio::test]
    async fn each_year_can_be_read_by_another_reader() {
        let calendar = calendar("2023-12-31", "2024-01-01").unwrap();
        assert_eq!(calendar.splits(2).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn reading_on_from_a_position_gives_the_rest() {
        let calendar = calendar("2024-02-28", "2024-03-01").unwrap();
        let mut position = calendar.splits(1).await.unwrap()[0].clone();
        position.from += 2;
        assert_eq!(weekdays(&calendar, position).await, ["Friday"]);
    }

    #[test]
    fn a_wrong_date_says_how_to_write_one() {
        let error = calendar("2024-02-30", "2024-03-01").err().unwrap();
        assert_eq!(error.to_string(), "`2024-02-30` is not a date");
        assert!(error.report().contains("write it as 2024-01-31"));
    }
}
