//! The options of the source and of the sink.

use std::time::Duration;

use indexmap::IndexMap;
use seatunnel_api::Result;
use seatunnel_api::options::{OptionEnum, Options, Secret};

/// How to reach the database.
#[derive(Clone, Debug, Options)]
pub struct ConnectionOptions {
    /// Where the database is: `jdbc:postgresql://host:5432/db`, `jdbc:mysql://host:3306/db`,
    /// `jdbc:sqlite:/path/to/file.db`. What follows a `?` are parameters of the connection, called as
    /// the Java drivers call them.
    pub url: String,
    /// Name of the Java driver class; accepted and not used, the database is told by `url`.
    pub driver: Option<String>,
    /// Who logs in; a SQLite file has no users.
    #[option(alias("user"))]
    pub username: Option<String>,
    /// The password of `username`.
    #[option(secret)]
    pub password: Option<Secret>,
    /// The database's name where `url` doesn't tell it: `postgresql`, `mysql`, `sqlite`.
    pub dialect: Option<String>,
    /// Which of several behaviours a database is to have; none of the databases built in has several.
    pub compatible_mode: Option<String>,
    /// Further parameters of the database, as they could stand behind the `?` of `url`.
    pub properties: Option<IndexMap<String, String>>,
    /// Seconds to wait for a connection, and in SQLite for a lock held by another process.
    #[option(default = 30, min = 0)]
    pub connection_check_timeout_sec: u64,
    /// Milliseconds to wait for a network connection; `connection_check_timeout_sec` if not given.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds to wait for an answer over the network; no meaning for SQLite.
    #[option(default = 86_400_000)]
    pub socket_timeout_ms: u64,
    /// Whether numbers without fraction digits become integers (Oracle).
    #[option(default = true)]
    pub decimal_type_narrowing: bool,
    /// Whether integer columns take the narrowest type their declaration allows. With `false`, every
    /// integer column of SQLite is a `bigint`, as the file format has it, and `tinyint(1)` of MySQL is
    /// a number and not a boolean.
    #[option(default = true)]
    pub int_type_narrowing: bool,
    /// Whether to log in by Kerberos; not built in.
    #[option(default = false)]
    pub use_kerberos: bool,
    /// Who logs in by Kerberos.
    pub kerberos_principal: Option<String>,
    /// The file with the key of `kerberos_principal`.
    pub kerberos_keytab_path: Option<String>,
    /// The configuration of Kerberos.
    #[option(default = "/etc/krb5.conf".to_owned())]
    pub krb5_path: String,
}

impl ConnectionOptions {
    /// How long to wait for a connection; `in_url` reads what the url says, which counts where the
    /// option is not given.
    ///
    /// # Errors
    /// That of `in_url`.
    pub fn connect_timeout(
        &self,
        in_url: impl FnOnce() -> Result<Option<Duration>>,
    ) -> Result<Duration> {
        let given = match self.connect_timeout_ms {
            Some(milliseconds) => Some(Duration::from_millis(milliseconds)),
            None => in_url()?,
        };
        let standard = Duration::from_secs(self.connection_check_timeout_sec);
        let mut limits = [given, Some(standard)].into_iter().flatten();
        let limit = limits.find(|limit| !limit.is_zero());
        Ok(limit.unwrap_or(Duration::from_secs(30)))
    }

    /// How long to wait for an answer; none is for ever.
    pub fn answer_timeout(&self) -> Option<Duration> {
        (self.socket_timeout_ms > 0).then(|| Duration::from_millis(self.socket_timeout_ms))
    }
}

/// How string keys are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum StringSplitMode {
    /// By ranges of sampled keys.
    Sample,
    /// By the characters that keys consist of.
    CharsetBased,
}

/// One table of `table_list`.
#[derive(Clone, Debug, Options)]
pub struct TableOptions {
    /// The table, or with `use_regex` a pattern of table names.
    pub table_path: Option<String>,
    /// What to read instead of the whole table.
    pub query: Option<String>,
    /// The column whose values divide the rows among readers.
    pub partition_column: Option<String>,
    /// Into how many parts `partition_column` divides the rows.
    #[option(min = 1)]
    pub partition_num: Option<usize>,
    /// Smallest value of `partition_column` to read; found by a query if not given.
    pub partition_lower_bound: Option<String>,
    /// Largest value of `partition_column` to read; found by a query if not given.
    pub partition_upper_bound: Option<String>,
    /// Whether to count rows rather than to trust statistics: MySQL. The others need no count.
    pub use_select_count: Option<bool>,
    /// Accepted; statistics are never refreshed by a source.
    pub skip_analyze: Option<bool>,
    /// Whether `table_path` is a regular expression.
    pub use_regex: Option<bool>,
}

/// Reads tables or queries of a database.
#[derive(Clone, Debug, Options)]
#[options(exclusive("query", "table_list"))]
#[options(exclusive("table_path", "table_list"))]
pub struct JdbcSourceOptions {
    /// How to reach the database.
    #[option(flatten)]
    pub connection: ConnectionOptions,
    /// What to read; its columns are the columns of the rows.
    pub query: Option<String>,
    /// The table to read, or the name of what `query` reads.
    pub table_path: Option<String>,
    /// The tables to read.
    pub table_list: Option<Vec<TableOptions>>,
    /// Which rows to read of every table; begins with `WHERE`.
    pub where_condition: Option<String>,
    /// Rows fetched at once; 0 leaves it to the connector. No meaning where rows come as a stream, which
    /// is everywhere but for statements that PostgreSQL can't copy.
    #[option(default = 0)]
    pub fetch_size: i32,
    /// The column whose values divide the rows among readers.
    pub partition_column: Option<String>,
    /// Into how many parts `partition_column` divides the rows; as many as there are readers if not given.
    #[option(min = 1)]
    pub partition_num: Option<usize>,
    /// Smallest value of `partition_column` to read; found by a query if not given.
    pub partition_lower_bound: Option<String>,
    /// Largest value of `partition_column` to read; found by a query if not given.
    pub partition_upper_bound: Option<String>,
    /// Rows of one split of a table, about; smaller splits are put together when there are very many.
    #[option(key = "split.size", default = 8096, min = 1)]
    pub split_size: u64,
    /// Largest ratio of key range to rows at which keys count as evenly spread.
    #[option(key = "split.even-distribution.factor.upper-bound", default = 100.0)]
    pub split_factor_upper: f64,
    /// Smallest ratio of key range to rows at which keys count as evenly spread.
    #[option(key = "split.even-distribution.factor.lower-bound", default = 0.05)]
    pub split_factor_lower: f64,
    /// Accepted; unevenly spread keys are sampled whatever the number of splits.
    #[option(key = "split.sample-sharding.threshold", default = 1000)]
    pub split_sample_threshold: u64,
    /// Of how many rows one is sampled.
    #[option(key = "split.inverse-sampling.rate", default = 1000)]
    pub split_inverse_sampling_rate: u64,
    /// Whether keys may be sampled.
    #[option(key = "split.allow-sampling", default = true)]
    pub split_allow_sampling: bool,
    /// Accepted; strings are divided by ranges of sampled keys where there is an index or a table to sample,
    /// else by a hash.
    #[option(key = "split.string_split_mode", default = StringSplitMode::Sample)]
    pub split_string_mode: StringSplitMode,
    /// Accepted; keys are ordered by the database.
    #[option(key = "split.string_split_mode_collate")]
    pub split_string_mode_collate: Option<String>,
    /// Whether to count rows rather than to trust statistics: MySQL. The others need no count.
    #[option(default = false)]
    pub use_select_count: bool,
    /// Accepted; statistics are never refreshed by a source.
    #[option(default = false)]
    pub skip_analyze: bool,
    /// Whether `table_path` is a regular expression that table names must match as a whole.
    #[option(default = false)]
    pub use_regex: bool,
    /// Whether binary columns are read as text (UTF-8).
    #[option(default = false)]
    pub handle_blob_as_string: bool,
}

/// What to do about the table itself before rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum SchemaSaveMode {
    /// Drop it and create it anew.
    #[option(name = "RECREATE_SCHEMA")]
    Recreate,
    /// Create it if it isn't there.
    #[option(name = "CREATE_SCHEMA_WHEN_NOT_EXIST")]
    CreateWhenNotExist,
    /// Fail if it isn't there.
    #[option(name = "ERROR_WHEN_SCHEMA_NOT_EXIST")]
    ErrorWhenNotExist,
    /// Nothing; it must be there.
    #[option(name = "IGNORE")]
    Ignore,
}

/// What to do about the rows of the table before rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum DataSaveMode {
    /// Delete them.
    #[option(name = "DROP_DATA")]
    Drop,
    /// Keep them.
    #[option(name = "APPEND_DATA")]
    Append,
    /// Run `custom_sql`.
    #[option(name = "CUSTOM_PROCESSING")]
    Custom,
    /// Fail if there are any.
    #[option(name = "ERROR_WHEN_DATA_EXISTS")]
    ErrorWhenExists,
}

/// How identifiers are spelled in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum FieldIde {
    /// As they came.
    #[option(name = "ORIGINAL")]
    Original,
    /// In capitals.
    #[option(name = "UPPERCASE")]
    Uppercase,
    /// In small letters.
    #[option(name = "LOWERCASE")]
    Lowercase,
}

impl FieldIde {
    /// The name as the target spells it.
    pub fn apply(self, name: &str) -> String {
        match self {
            Self::Original => name.to_owned(),
            Self::Uppercase => name.to_uppercase(),
            Self::Lowercase => name.to_lowercase(),
        }
    }
}

/// Writes rows into tables of a database.
#[derive(Clone, Debug, Options)]
#[options(required_if(
    key = "data_save_mode",
    values("CUSTOM_PROCESSING"),
    required("custom_sql")
))]
pub struct JdbcSinkOptions {
    /// How to reach the database.
    #[option(flatten)]
    pub connection: ConnectionOptions,
    /// The statement to run for each row: a `?` for each column in their order, or `:column`.
    pub query: Option<String>,
    /// Whether statements are made from the columns of the rows.
    #[option(default = false)]
    pub generate_sink_sql: bool,
    /// The database of `table`: in PostgreSQL the one of `url`, in MySQL any; a SQLite file is one
    /// database, so that this has no meaning there.
    pub database: Option<String>,
    /// The table to write into; called as the rows' own table if not given.
    pub table: Option<String>,
    /// Columns that tell rows apart; the key of the rows' own table if not given. The target must have
    /// a unique key on those that are given, as long as `enable_upsert` holds; on those of the rows' own
    /// table it may, and without it rows are added and never replace others.
    pub primary_keys: Option<Vec<String>>,
    /// What to do about the table before rows are written.
    #[option(default = SchemaSaveMode::CreateWhenNotExist)]
    pub schema_save_mode: SchemaSaveMode,
    /// What to do about its rows before rows are written.
    #[option(default = DataSaveMode::Append)]
    pub data_save_mode: DataSaveMode,
    /// What `CUSTOM_PROCESSING` runs; several statements are separated by `;`.
    pub custom_sql: Option<String>,
    /// Whether a created table gets the keys and indexes of the rows' own table. Without them, rows are
    /// added and never replace others.
    #[option(default = true)]
    pub create_index: bool,
    /// Rows kept back before they are written, in one transaction. SeaTunnel's default is 1000; if not
    /// given, the connector takes what is fastest (SQLite: 20000 rows or 16 MiB). PostgreSQL commits
    /// a task's rows all at once, with their checkpoint, unless this is given.
    #[option(min = 1)]
    pub batch_size: Option<usize>,
    /// Longest time in milliseconds that rows are kept back while more rows come; 0 is no limit.
    #[option(default = 0)]
    pub batch_interval_ms: u64,
    /// How often a transaction is tried again when the database is busy, after a deadlock, or when the
    /// connection was lost. PostgreSQL then commits in between, so that little has to be repeated.
    #[option(default = 0)]
    pub max_retries: u32,
    /// Whether each transaction commits by itself. Rows kept back are always written in one transaction.
    /// With `false`, PostgreSQL commits with the checkpoint even where `batch_size` is given.
    #[option(default = true)]
    pub auto_commit: bool,
    /// Whether rows must become visible once and only with the checkpoint they belong to. They wait in
    /// a prepared transaction until then (PostgreSQL with `max_prepared_transactions`, MySQL), or in a
    /// table of their own, which costs about as much again as writing them.
    #[option(default = false)]
    pub is_exactly_once: bool,
    /// A Java class for `is_exactly_once`; accepted and not used.
    pub xa_data_source_class_name: Option<String>,
    /// How often the commit of a checkpoint is tried.
    #[option(default = 3, min = 1)]
    pub max_commit_attempts: u32,
    /// Seconds after which a prepared transaction is given up; -1 is never. Accepted; the database decides.
    #[option(default = -1)]
    pub transaction_timeout_sec: i64,
    /// Whether a row replaces the row of the same key.
    #[option(default = true)]
    pub enable_upsert: bool,
    /// Whether an update may change the key; the row under the old key is then deleted.
    #[option(default = true)]
    pub is_primary_key_updated: bool,
    /// Whether a plain insert replaces the row of the same key in the target already.
    #[option(default = false)]
    pub support_upsert_by_insert_only: bool,
    /// Whether to look for a row's key first and then to update or to insert: for targets without a
    /// unique key.
    #[option(default = false)]
    pub support_upsert_by_query_primary_key_exist: bool,
    /// Whether to use the bulk load of the database; it is used wherever it can be, without being asked.
    #[option(default = false)]
    pub use_copy_statement: bool,
    /// How names of tables and columns are spelled in the target.
    #[option(default = FieldIde::Original)]
    pub field_ide: FieldIde,
    /// What to put before the name of the rows' own table.
    #[option(key = "tablePrefix")]
    pub table_prefix: Option<String>,
    /// What to put behind the name of the rows' own table.
    #[option(key = "tableSuffix")]
    pub table_suffix: Option<String>,
}
