//! The job that the README starts with.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rusqlite::OpenFlags;

use crate::support::{Sandbox, workspace};

/// What of the flights is counted: here out of the CSV file itself, to compare.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    rows: i64,
    ids: i64,
    miles: i64,
    delays: i64,
    delay_minutes: i64,
    airlines: i64,
    inc: i64,
}

fn totals_of_the_source() -> Totals {
    let csv = std::fs::read_to_string(workspace().join("examples/data/flights.csv")).unwrap();
    let mut airlines = std::collections::HashSet::new();
    let mut totals = Totals::default();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        totals.rows += 1;
        totals.ids += cells[0].parse::<i64>().unwrap();
        if let Ok(delay) = cells[4].parse::<i64>() {
            totals.delays += 1;
            totals.delay_minutes += delay;
        }
        airlines.insert(cells[8]);
        totals.miles += cells[13].parse::<i64>().unwrap();
    }
    totals.airlines = airlines.len() as i64;
    totals
}

fn totals_of_the_table(sandbox: &Sandbox) -> Totals {
    let file = sandbox.path("target/quickstart/flights.db");
    let database = rusqlite::Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.unwrap();
    let query = "SELECT count(*), sum(id), sum(distance_miles), count(departure_delay), \
                 sum(departure_delay), count(DISTINCT airline), \
                 sum(CASE WHEN airline LIKE '% Inc.%' THEN 1 ELSE 0 END) FROM flights";
    let totals = database.query_row(query, [], |row| {
        Ok(Totals {
            rows: row.get(0)?,
            ids: row.get(1)?,
            miles: row.get(2)?,
            delays: row.get(3)?,
            delay_minutes: row.get(4)?,
            airlines: row.get(5)?,
            inc: row.get(6)?,
        })
    });
    totals.unwrap()
}

fn totals_of_the_file(sandbox: &Sandbox) -> Totals {
    let files = sandbox.files("target/quickstart/parquet");
    assert_eq!(files.len(), 1, "{files:?}");
    let file = std::fs::File::open(&files[0]).unwrap();
    let mut airlines = std::collections::HashSet::new();
    let mut totals = Totals::default();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap()
    {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let ids = column("id").as_primitive::<Int64Type>();
        let miles = column("distance_miles").as_primitive::<Int32Type>();
        let delays = column("departure_delay").as_primitive::<Int32Type>();
        if totals.rows == 0 {
            assert_eq!(ids.value(0), 1);
            let date = column("flight_date").as_primitive::<Date32Type>();
            assert_eq!(date.value(0), 15_706, "2013-01-01");
            let temperature = column("temperature_f").as_primitive::<Decimal128Type>();
            assert_eq!((temperature.value(0), temperature.scale()), (3_902, 2));
        }
        totals.rows += batch.num_rows() as i64;
        totals.ids += ids.iter().flatten().sum::<i64>();
        totals.miles += miles.iter().flatten().map(i64::from).sum::<i64>();
        totals.delays += (delays.len() - delays.null_count()) as i64;
        totals.delay_minutes += delays.iter().flatten().map(i64::from).sum::<i64>();
        for airline in column("airline").as_string::<i32>().iter().flatten() {
            totals.inc += i64::from(airline.contains(" Inc."));
            airlines.insert(airline.to_owned());
        }
    }
    totals.airlines = airlines.len() as i64;
    totals
}

#[cfg(unix)]
#[test]
fn quickstart_fills_the_table_and_the_parquet_file() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink(workspace().join("examples"), sandbox.path("examples")).unwrap();
    // Twice, since the file promises that it may be run again and again.
    for _ in 0..2 {
        let run = sandbox
            .seatunnel("--config examples/quickstart.conf")
            .succeeds();
        run.says(&[
            "Total Read Count          :               27004",
            "Total Write Count         :               54008",
            "Total Failed Count        :                   0",
        ]);
        let expected = totals_of_the_source();
        assert_eq!(expected.rows, 27_004);
        assert_eq!(totals_of_the_table(&sandbox), expected);
        assert_eq!(totals_of_the_file(&sandbox), expected);
    }
}

/// The other jobs of the folder run too.
#[cfg(unix)]
#[test]
fn examples_run() {
    for example in [
        "fake_to_console",
        "csv_to_json",
        "join_to_csv",
        "multi_table_to_assert",
    ] {
        let sandbox = Sandbox::new();
        std::os::unix::fs::symlink(workspace().join("examples"), sandbox.path("examples")).unwrap();
        sandbox
            .seatunnel(&format!("--config examples/{example}.conf"))
            .succeeds();
    }
}

/// The job between databases runs, again too, and `verify` finds all that it should.
#[cfg(unix)]
#[test]
fn the_example_between_databases_runs() {
    let source = seatunnel_jdbc_testkit::Postgres::shared().database("shop");
    source.sql(
        "create table orders (id int primary key, customer text, at timestamptz not null);
         insert into orders select i, 'customer ' || i % 100, '2026-01-01'::timestamptz + i * '1 minute'::interval
           from generate_series(1, 1000) i;
         create table items (order_id int, n int, price numeric(10, 2), primary key (order_id, n));
         insert into items select i % 1000 + 1, i, i * 0.01 from generate_series(1, 5000) i",
    );
    let target = seatunnel_jdbc_testkit::MariaDb::shared().database("target");
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink(workspace().join("examples"), sandbox.path("examples")).unwrap();
    let job = format!(
        "--config examples/postgres_to_mysql.conf \
         -i from={}:{}/{} -i from_user={} -i from_password={} \
         -i to={}:{}/{} -i to_user={} -i to_password={}",
        source.host,
        source.port,
        source.name(),
        source.user,
        source.password,
        target.host,
        target.port,
        target.name(),
        target.user,
        target.password,
    );
    for _ in 0..2 {
        sandbox
            .seatunnel(&job)
            .succeeds()
            .says(&["Total Write Count         :                6000"]);
    }
    let found = "select count(*), sum(price) from shop.items";
    assert_eq!(target.sql(found), "5000\t125025.00");
    sandbox.seatunnel(&format!("verify {job}")).succeeds();
}
