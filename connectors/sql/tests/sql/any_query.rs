//! Whatever is written as a query is computed or refused.

use seatunnel_api::Registry;

use crate::support::{Job, rows};

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "age",
    "big",
    "price",
    "ratio",
    "amount",
    "ok",
    "day",
    "clock",
    "ts",
    "blob",
    "tags",
    "r",
    "r.inner.b",
    "maybe",
    "list",
    "words",
    "vec",
    "tz",
    "list[0]",
    "tags['x']",
];

const LITERALS: &[&str] = &[
    "null",
    "0",
    "1",
    "-1",
    "2",
    "7",
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "0.5",
    "-0.0",
    "1e308",
    "''",
    "'a'",
    "'ä☃'",
    "'2021-04-08'",
    "'yyyy-MM-dd'",
    "'MONTH'",
    "'UTC+8'",
    "'$.a'",
    "'('",
    "'0123456789abcdef'",
    "true",
    "false",
    "date '2021-04-08'",
    "'TRUNCATE'",
];

const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "and", "or", "like",
];

const TYPES: &[&str] = &[
    "string",
    "tinyint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(10, 2)",
    "decimal(60, 5)",
    "boolean",
    "date",
    "time",
    "timestamp",
    "bytes",
    "timestamp_tz",
];

struct Writer {
    random: fastrand::Rng,
    functions: Vec<String>,
}

impl Writer {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.usize(..of.len())]
    }

    fn expression(&mut self, depth: usize) -> String {
        let kind = if depth == 0 {
            self.random.u8(..2)
        } else {
            self.random.u8(..10)
        };
        match kind {
            0 => self.one(COLUMNS).to_owned(),
            1 => self.one(LITERALS).to_owned(),
            2 | 3 => {
                let (left, right) = (self.expression(depth - 1), self.expression(depth - 1));
                format!("({left} {} {right})", self.one(OPERATORS))
            }
            4 => {
                let of = self.expression(depth - 1);
                let cast = self.one(&["cast", "try_cast"]);
                format!("{cast}({of} as {})", self.one(TYPES))
            }
            5 => {
                let parts: Vec<String> = (0..3).map(|_| self.expression(depth - 1)).collect();
                let condition = format!("{} in ({}, {})", parts[0], parts[1], self.one(LITERALS));
                format!(
                    "case when {condition} then {} else {} end",
                    parts[1], parts[2]
                )
            }
            _ => {
                let name = self.functions[self.random.usize(..self.functions.len())].clone();
                let count = self.random.usize(..5);
                let args: Vec<String> = (0..count).map(|_| self.expression(depth - 1)).collect();
                format!("{name}({})", args.join(", "))
            }
        }
    }
}

/// The names in the first column of the documentation's tables.
fn functions() -> Vec<String> {
    let registry = seatunnel_transform_sql::register(Registry::new());
    let factory = registry.find_transform("sql").expect("it is registered");
    let lines = factory
        .notes()
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    lines
        .filter_map(|line| line.split_once('('))
        .flat_map(|(names, _)| {
            names
                .split(" / ")
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        })
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        // A text of gigabytes is refused only above 64 MiB a row.
        .filter(|name| !matches!(name.as_str(), "repeat" | "space" | "lpad" | "rpad"))
        .collect()
}

#[test]
fn any_expression_is_computed_or_refused() {
    let seed = std::env::var("SQL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    let mut writer = Writer {
        random: fastrand::Rng::with_seed(seed),
        functions: functions(),
    };
    let mut computed = 0;
    for _ in 0..600 {
        let expression = writer.expression(2);
        let query =
            format!("select {expression} as x, id from fake where {expression} is not null");
        let running = Announced(seed, &query);
        if let Ok(job) = Job::new(&query) {
            computed += usize::from(job.run(rows()).is_ok());
        }
        std::mem::forget(running);
    }
    assert!(
        computed > 30,
        "only {computed} of them with SQL_SEED={seed}"
    );
}

/// Says which query it was if computing it panics.
struct Announced<'a>(u64, &'a str);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        #[allow(clippy::print_stderr, reason = "a test that fails")]
        {
            eprintln!("SQL_SEED={}: {}", self.0, self.1);
        }
    }
}
