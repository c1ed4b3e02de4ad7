//! What a job file says about DataValidator.

use seatunnel_api::config::{ConfigValue, Kind};
use seatunnel_api::options::{Located, OptionEnum, OptionReader, OptionType, OptionValue, Options};

use crate::tables::Rule;

/// What becomes of a row that doesn't keep the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum RowErrors {
    /// The job fails, or the row is a dirty one.
    Fail,
    /// The row is left out.
    Skip,
    /// The row becomes one of the error table.
    RouteToTable,
}

/// A way, or `{ error_table = … }`: what remains of `row_error_handle_way = ROUTE_TO_TABLE` when
/// `row_error_handle_way.error_table = …` stands behind it.
#[derive(Clone, Debug)]
pub(super) struct RowErrorsOption {
    pub(super) way: RowErrors,
    pub(super) error_table: Option<Located<String>>,
}

impl OptionValue for RowErrorsOption {
    fn option_type() -> OptionType {
        RowErrors::option_type()
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let Kind::Object(members) = &value.kind else {
            return Some(Self {
                way: RowErrors::read(value, reader)?,
                error_table: None,
            });
        };
        for (key, member) in members {
            if !matches!(key.as_str(), "error_table" | "way") {
                reader.invalid(
                    member,
                    format!("unknown key `{key}`, there is `error_table`"),
                );
                return None;
            }
        }
        let way = match members.get("way") {
            Some(way) => RowErrors::read(way, reader)?,
            None => RowErrors::RouteToTable,
        };
        let error_table = match members.get("error_table") {
            Some(table) => Some(Located::read(table, reader)?),
            None => None,
        };
        Some(Self { way, error_table })
    }

    fn render(&self) -> String {
        self.way.render()
    }
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum RuleType {
    /// There is a value.
    NotNull,
    /// The value lies between two others.
    Range,
    /// The value is as long as it should be.
    Length,
    /// The whole text matches a pattern.
    Regex,
    /// A function accepts the value.
    #[option(name = "UDF")]
    Udf,
}

/// One rule. All but NOT_NULL accept null.
#[derive(Clone, Debug, Options)]
pub(super) struct RuleOptions {
    /// What is asked for.
    pub(super) rule_type: Option<Located<RuleType>>,
    /// RANGE: the least value: a number, a day or time, or a text.
    pub(super) min_value: Option<Located<String>>,
    /// RANGE: the greatest value.
    pub(super) max_value: Option<Located<String>>,
    /// RANGE: whether `min_value` itself is allowed.
    #[option(default = true)]
    pub(super) min_inclusive: bool,
    /// RANGE: whether `max_value` itself is allowed.
    #[option(default = true)]
    pub(super) max_inclusive: bool,
    /// LENGTH: the least number of characters, bytes, items or entries. Characters are counted as Java
    /// does, in UTF-16.
    pub(super) min_length: Option<u64>,
    /// LENGTH: the greatest number.
    pub(super) max_length: Option<u64>,
    /// LENGTH: the only number allowed.
    pub(super) exact_length: Option<u64>,
    /// REGEX: a Java regular expression for the whole text.
    pub(super) pattern: Option<Located<String>>,
    /// REGEX: whether upper and lower case differ.
    #[option(default = true)]
    pub(super) case_sensitive: bool,
    /// UDF: the function; there is EMAIL.
    pub(super) function_name: Option<Located<String>>,
    /// What is said of a value that doesn't keep the rule.
    pub(super) custom_message: Option<String>,
}

/// The rules of a column: one as it stands, or a list.
#[derive(Clone, Debug, Options)]
pub(super) struct FieldRules {
    /// The column.
    pub(super) field_name: Located<String>,
    /// Its rules, where there are several.
    pub(super) rules: Option<Vec<RuleOptions>>,
    #[option(flatten)]
    pub(super) rule: RuleOptions,
}

/// Rules and what becomes of rows that don't keep them.
#[derive(Clone, Debug, Options)]
pub(super) struct DataValidatorRule {
    /// The rules. All of them are looked at, so that a row tells all that is wrong with it.
    pub(super) field_rules: Option<Vec<FieldRules>>,
    /// What becomes of a row that doesn't keep a rule. ROUTE_TO_TABLE needs `error_table`, which may
    /// also be written `row_error_handle_way.error_table`.
    #[option(default = RowErrorsOption { way: RowErrors::Fail, error_table: None })]
    pub(super) row_error_handle_way: RowErrorsOption,
    /// With ROUTE_TO_TABLE, the table that wrong rows go to, in the database and schema of the table
    /// that they come from, unless it names its own. Its columns are `source_table_id`,
    /// `source_table_path`, `original_data` (the row as JSON), `validation_errors` (a JSON list of
    /// `field_name` and `error_message`) and `create_time`.
    #[option(alias("row_error_handle_way.error_table"))]
    pub(super) error_table: Option<Located<String>>,
}

impl Rule for DataValidatorRule {
    fn is_given(&self) -> bool {
        self.field_rules.is_some()
    }
}
