//! The aggregates there are.

use std::sync::Arc;

use datafusion::functions_aggregate as functions;
use datafusion_expr::AggregateUDF;

/// What an aggregate takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Anything, or `*`.
    Rows,
    /// Anything.
    Any,
    /// What can be ordered.
    Ordered,
    /// Numbers; whole ones are added up exactly.
    Sum,
    /// Numbers; decimals stay what they are, others are floats.
    Average,
    /// Numbers, as floats.
    Float,
    /// Conditions.
    Boolean,
    /// Texts, and a text in quotes to put between them.
    Texts,
}

/// An aggregate.
pub(super) struct Aggregate {
    names: &'static [&'static str],
    pub(super) takes: Takes,
    pub(super) function: fn() -> Arc<AggregateUDF>,
    summary: &'static str,
}

const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["COUNT"],
        takes: Takes::Rows,
        function: functions::count::count_udaf,
        summary: "rows (`COUNT(*)`), or those where the value is not null; `COUNT(DISTINCT x)`",
    },
    Aggregate {
        names: &["SUM"],
        takes: Takes::Sum,
        function: functions::sum::sum_udaf,
        summary: "bigint of whole numbers, and an error if it gets too large; decimals get ten more digits; double of floats",
    },
    Aggregate {
        names: &["AVG", "MEAN"],
        takes: Takes::Average,
        function: functions::average::avg_udaf,
        summary: "a double; decimals get four more digits behind the point",
    },
    Aggregate {
        names: &["MIN"],
        takes: Takes::Ordered,
        function: functions::min_max::min_udaf,
        summary: "the smallest value",
    },
    Aggregate {
        names: &["MAX"],
        takes: Takes::Ordered,
        function: functions::min_max::max_udaf,
        summary: "the largest value",
    },
    Aggregate {
        names: &["MEDIAN"],
        takes: Takes::Float,
        function: functions::median::median_udaf,
        summary: "the value in the middle; all values are held in memory",
    },
    Aggregate {
        names: &["STDDEV", "STDDEV_SAMP"],
        takes: Takes::Float,
        function: functions::stddev::stddev_udaf,
        summary: "standard deviation of a sample",
    },
    Aggregate {
        names: &["STDDEV_POP"],
        takes: Takes::Float,
        function: functions::stddev::stddev_pop_udaf,
        summary: "standard deviation of all",
    },
    Aggregate {
        names: &["VARIANCE", "VAR_SAMP"],
        takes: Takes::Float,
        function: functions::variance::var_samp_udaf,
        summary: "variance of a sample",
    },
    Aggregate {
        names: &["VAR_POP"],
        takes: Takes::Float,
        function: functions::variance::var_pop_udaf,
        summary: "variance of all",
    },
    Aggregate {
        names: &["APPROX_COUNT_DISTINCT", "APPROX_DISTINCT"],
        takes: Takes::Ordered,
        function: functions::approx_distinct::approx_distinct_udaf,
        summary: "about how many different values, in little memory",
    },
    Aggregate {
        names: &["BOOL_AND", "EVERY"],
        takes: Takes::Boolean,
        function: functions::bool_and_or::bool_and_udaf,
        summary: "whether all are true",
    },
    Aggregate {
        names: &["BOOL_OR", "ANY"],
        takes: Takes::Boolean,
        function: functions::bool_and_or::bool_or_udaf,
        summary: "whether one is true",
    },
    Aggregate {
        names: &["STRING_AGG", "LISTAGG"],
        takes: Takes::Texts,
        function: functions::string_agg::string_agg_udaf,
        summary: "the texts, joined: `STRING_AGG(name, ', ' ORDER BY name)`",
    },
    Aggregate {
        names: &["ARRAY_AGG", "COLLECT_LIST"],
        takes: Takes::Any,
        function: functions::array_agg::array_agg_udaf,
        summary: "the values as an array; `ORDER BY` may stand behind the value",
    },
    Aggregate {
        names: &["FIRST_VALUE", "ANY_VALUE"],
        takes: Takes::Any,
        function: functions::first_last::first_value_udaf,
        summary: "the first value; of any row, unless `ORDER BY` stands behind the value",
    },
    Aggregate {
        names: &["LAST_VALUE"],
        takes: Takes::Any,
        function: functions::first_last::last_value_udaf,
        summary: "the last value",
    },
];

/// The aggregate of this name, in capitals or not.
pub(super) fn find(name: &str) -> Option<&'static Aggregate> {
    let mut all = AGGREGATES.iter();
    all.find(|a| a.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
}

/// Whether a function of this name sees all rows.
pub(crate) fn is_aggregate(name: &str) -> bool {
    find(name).is_some()
}

/// The table of all aggregates, for the documentation.
pub(crate) fn page() -> String {
    let mut page = String::from("| call | gives |\n|---|---|\n");
    for aggregate in AGGREGATES {
        page.push_str(&format!(
            "| `{}(value)` | {} |\n",
            aggregate.names.join(" / "),
            aggregate.summary
        ));
    }
    page
}
