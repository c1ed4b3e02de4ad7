//! Sources that hold known rows, and sinks whose rows can be read back.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use seatunnel_jdbc_testkit::{Database, MariaDb, Postgres};
use seatunnel_kafka_testkit::Kafka;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Fake,
    Csv,
    Postgres,
    Kafka,
}

/// All of them promise each row once, but for those that say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    File,
    Sqlite,
    /// By prepared transactions.
    Postgres,
    /// On a server as it is installed, without prepared transactions.
    PlainPostgres,
    MariaDb,
    Kafka,
    PostgresAtLeastOnce,
    KafkaAtLeastOnce,
}

impl Sink {
    /// Whether a row may come more than once.
    pub(crate) fn may_double(self) -> bool {
        matches!(self, Self::PostgresAtLeastOnce | Self::KafkaAtLeastOnce)
    }
}

pub(crate) const SOURCES: [Source; 4] =
    [Source::Csv, Source::Postgres, Source::Kafka, Source::Fake];
pub(crate) const SINKS: [Sink; 8] = [
    Sink::File,
    Sink::Sqlite,
    Sink::Postgres,
    Sink::PlainPostgres,
    Sink::MariaDb,
    Sink::Kafka,
    Sink::PostgresAtLeastOnce,
    Sink::KafkaAtLeastOnce,
];

/// Started when they are needed first.
pub(crate) struct Servers {
    postgres: LazyLock<Postgres>,
    plain_postgres: LazyLock<Postgres>,
    mariadb: LazyLock<MariaDb>,
    kafka: LazyLock<Kafka>,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            postgres: LazyLock::new(|| {
                Postgres::with(&[("max_prepared_transactions", "64"), ("fsync", "on")])
            }),
            plain_postgres: LazyLock::new(|| {
                Postgres::with(&[("max_prepared_transactions", "0"), ("fsync", "on")])
            }),
            mariadb: LazyLock::new(|| {
                MariaDb::with(&[
                    ("innodb_flush_log_at_trx_commit", "1"),
                    ("sync_binlog", "1"),
                ])
            }),
            kafka: LazyLock::new(Kafka::start),
        }
    }
}

/// A source and a sink that are ready: their blocks of the job file, and a way to read back.
pub(crate) struct Ends<'a> {
    servers: &'a Servers,
    source: Source,
    sink: Sink,
    pub(crate) source_block: String,
    pub(crate) sink_block: String,
    database: Option<Database>,
    topic: String,
}

fn connection(database: &Database) -> String {
    format!(
        r#"url = "{}", user = "{}", password = "{}", driver = any"#,
        database.jdbc_url(),
        database.user,
        database.password
    )
}

const SCHEMA: &str = "schema { fields { id = int, payload = string } }";

impl<'a> Ends<'a> {
    pub(crate) fn new(
        servers: &'a Servers,
        source: Source,
        sink: Sink,
        folder: &Path,
        rows: &[String],
    ) -> Self {
        let mut ends = Self {
            servers,
            source,
            sink,
            source_block: String::new(),
            sink_block: String::new(),
            database: None,
            topic: String::new(),
        };
        ends.source_block = ends.fill(folder, rows);
        ends.sink_block = ends.make_sink(folder);
        ends
    }

    fn fill(&self, folder: &Path, rows: &[String]) -> String {
        match self.source {
            Source::Fake => {
                let mut list = String::new();
                for row in rows {
                    let (id, payload) = row.split_once(',').unwrap();
                    writeln!(list, r#"{{ kind = INSERT, fields = [{id}, "{payload}"] }}"#).unwrap();
                }
                // Each reader would give all of them.
                format!("FakeSource {{ parallelism = 1, {SCHEMA}, rows = [\n{list}] }}")
            }
            Source::Csv => {
                std::fs::create_dir(folder.join("in")).unwrap();
                // Several files, and so several splits.
                for (number, part) in rows.chunks(rows.len().div_ceil(4)).enumerate() {
                    let file = folder.join(format!("in/{number}.csv"));
                    std::fs::write(file, part.join("\n") + "\n").unwrap();
                }
                format!(r#"LocalFile {{ path = "in", file_format_type = csv, {SCHEMA} }}"#)
            }
            Source::Postgres => {
                let database = self.servers.postgres.database("kill_source");
                let mut sql =
                    "create table s (id int primary key, payload text); insert into s values "
                        .to_owned();
                for (number, row) in rows.iter().enumerate() {
                    let (id, payload) = row.split_once(',').unwrap();
                    let comma = if number == 0 { "" } else { "," };
                    write!(sql, "{comma}({id},'{payload}')").unwrap();
                }
                database.sql(&sql);
                format!(
                    r#"Jdbc {{ {}, table_path = "public.s", partition_column = id, partition_num = 4 }}"#,
                    connection(&database)
                )
            }
            Source::Kafka => {
                let kafka = &self.servers.kafka;
                let topic = kafka.topic("kill_source", 3);
                for partition in 0..3 {
                    let own: Vec<String> = rows
                        .iter()
                        .skip(partition)
                        .step_by(3)
                        .map(|row| {
                            let (id, payload) = row.split_once(',').unwrap();
                            format!(r#"{{"id": {id}, "payload": "{payload}"}}"#)
                        })
                        .collect();
                    kafka.produce(&topic, partition as i32, &own);
                }
                format!(
                    r#"Kafka {{ bootstrap.servers = "{}", topic = "{topic}", start_mode = earliest,
                    consumer.group = "{topic}", format = json, {SCHEMA} }}"#,
                    kafka.servers()
                )
            }
        }
    }

    fn make_sink(&mut self, folder: &Path) -> String {
        let once = "is_exactly_once = true, xa_data_source_class_name = any, max_retries = 0, enable_upsert = false";
        match self.sink {
            Sink::File => {
                r#"LocalFile { path = "out", tmp_path = "tmp", file_format_type = csv }"#.to_owned()
            }
            Sink::Sqlite => {
                let file = folder.join("out.db");
                let database = rusqlite::Connection::open(&file).unwrap();
                database
                    .execute_batch("create table t (id int, payload text)")
                    .unwrap();
                format!(
                    r#"Jdbc {{ url = "jdbc:sqlite:{}", driver = any, database = main, table = t, generate_sink_sql = true, {once} }}"#,
                    file.display()
                )
            }
            Sink::Postgres | Sink::PlainPostgres | Sink::PostgresAtLeastOnce => {
                let once = match self.sink {
                    Sink::PostgresAtLeastOnce => "max_retries = 0, enable_upsert = false",
                    _ => once,
                };
                let server = match self.sink {
                    Sink::Postgres => &self.servers.postgres,
                    _ => &self.servers.plain_postgres,
                };
                let database = server.database("kill_sink");
                database.sql("create table t (id int, payload text)");
                let block = format!(
                    r#"Jdbc {{ {}, database = "{}", table = "public.t", generate_sink_sql = true, {once} }}"#,
                    connection(&database),
                    database.name()
                );
                self.database = Some(database);
                block
            }
            Sink::MariaDb => {
                let database = self.servers.mariadb.database("kill_sink");
                database.sql("create table t (id int, payload text)");
                let block = format!(
                    r#"Jdbc {{ {}, database = "{}", table = t, generate_sink_sql = true, {once} }}"#,
                    connection(&database),
                    database.name()
                );
                self.database = Some(database);
                block
            }
            Sink::Kafka | Sink::KafkaAtLeastOnce => {
                let kafka = &self.servers.kafka;
                self.topic = kafka.topic("kill_sink", 2);
                let semantics = match self.sink {
                    Sink::Kafka => "EXACTLY_ONCE",
                    _ => "AT_LEAST_ONCE",
                };
                format!(
                    r#"Kafka {{ bootstrap.servers = "{}", topic = "{}", format = json, semantics = {semantics} }}"#,
                    kafka.servers(),
                    self.topic
                )
            }
        }
    }

    /// Kills a server that the job uses, if there is one; gives what starts it again.
    pub(crate) fn kill_server(&self, which: bool) -> Option<Box<dyn Fn() + '_>> {
        let of_sink: Option<Box<dyn Fn() + '_>> = match self.sink {
            Sink::File | Sink::Sqlite => None,
            Sink::Postgres => {
                self.servers.postgres.kill();
                Some(Box::new(|| self.servers.postgres.restart()))
            }
            Sink::PlainPostgres | Sink::PostgresAtLeastOnce => {
                self.servers.plain_postgres.kill();
                Some(Box::new(|| self.servers.plain_postgres.restart()))
            }
            Sink::MariaDb => {
                self.servers.mariadb.kill();
                Some(Box::new(|| self.servers.mariadb.restart()))
            }
            Sink::Kafka | Sink::KafkaAtLeastOnce if which => {
                self.servers.kafka.kill();
                Some(Box::new(|| self.servers.kafka.restart()))
            }
            Sink::Kafka | Sink::KafkaAtLeastOnce => None,
        };
        of_sink.or_else(|| match self.source {
            Source::Postgres => {
                self.servers.postgres.kill();
                Some(Box::new(|| self.servers.postgres.restart()) as Box<dyn Fn()>)
            }
            _ => None,
        })
    }

    /// What the sink holds, each row as one line.
    pub(crate) fn read_back(&self, folder: &Path) -> Vec<String> {
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        match self.sink {
            Sink::File => {
                let mut rows = Vec::new();
                for entry in std::fs::read_dir(folder.join("out")).into_iter().flatten() {
                    rows.extend(lines(
                        std::fs::read_to_string(entry.unwrap().path()).unwrap(),
                    ));
                }
                rows
            }
            Sink::Sqlite => {
                let database = rusqlite::Connection::open(folder.join("out.db")).unwrap();
                let mut statement = database
                    .prepare("select id || ',' || payload from t")
                    .unwrap();
                let rows = statement
                    .query_map([], |row| row.get::<_, String>(0))
                    .unwrap();
                rows.map(|row| row.unwrap()).collect()
            }
            Sink::Postgres | Sink::PlainPostgres | Sink::PostgresAtLeastOnce => {
                let database = self.database.as_ref().unwrap();
                let prepared =
                    "select count(*) from pg_prepared_xacts where database = current_database()";
                assert_eq!(database.sql(prepared), "0", "a transaction is left behind");
                lines(database.sql("select id || ',' || payload from t"))
            }
            Sink::MariaDb => {
                let database = self.database.as_ref().unwrap();
                assert_eq!(
                    database.sql("xa recover"),
                    "",
                    "a transaction is left behind"
                );
                lines(database.sql("select concat(id, ',', payload) from t"))
            }
            Sink::Kafka | Sink::KafkaAtLeastOnce => {
                let records = self.servers.kafka.read_committed(&self.topic);
                let rows = records.iter().map(|record| {
                    let row: serde_json::Value = serde_json::from_str(&record.text()).unwrap();
                    format!("{},{}", row["id"], row["payload"].as_str().unwrap())
                });
                rows.collect()
            }
        }
    }
}
