//! One test for each check.

/// Makes a module of tests, one for each check of a source: `source_tests!(csv, Csv::new())`. The
/// fixture is made anew for each test, inside of an async block: `.await` may stand in it.
#[macro_export]
macro_rules! source_tests {
    ($module:ident, $fixture:expr) => {
        $crate::source_tests! { @each $module, $fixture,
            tables_are_announced Tables
            types_come_as_stored Types
            nulls_come_as_nulls Nulls
            empty_input_gives_no_rows Empty
            wide_rows_come_whole Wide
            a_large_value_comes_whole LargeValue
            splits_cover_all_rows_once Splits
            batches_are_well_formed Batches
            reading_goes_on_from_every_position Positions
            splits_survive_a_restart_at_every_point Enumerator
            a_cancel_at_any_point_is_clean Cancel
            errors_name_code_and_place Errors
            memory_stays_bounded Memory
            a_killed_connection_is_reported Connection
        }
    };
    (@each $module:ident, $fixture:expr, $($name:ident $check:ident)*) => {
        mod $module {
            #[allow(unused_imports, reason = "the fixture may need what stands around it")]
            use super::*;

            $(#[test]
            fn $name() {
                $crate::test_source(async { $fixture }, $crate::SourceCheck::$check);
            })*
        }
    };
}

/// Makes a module of tests, one for each check of a sink: `sink_tests!(csv_sink, Csv::new())`. The
/// fixture is made anew for each test, inside of an async block: `.await` may stand in it.
#[macro_export]
macro_rules! sink_tests {
    ($module:ident, $fixture:expr) => {
        $crate::sink_tests! { @each $module, $fixture,
            types_are_kept Types
            nulls_are_kept Nulls
            empty_input_is_no_error Empty
            wide_rows_are_kept Wide
            a_large_value_is_kept LargeValue
            writers_lose_and_double_nothing Writers
            nothing_shows_before_commit Visibility
            every_restart_keeps_the_promise Replay
            a_cancel_leaves_nothing_half_done Cancel
            leftovers_are_taken_back Leftovers
            row_kinds_are_applied_in_order RowKinds
            errors_name_code_and_place Errors
            memory_stays_bounded Memory
            a_killed_connection_is_reported Connection
            the_guarantee_is_consistent Guarantee
        }
    };
    (@each $module:ident, $fixture:expr, $($name:ident $check:ident)*) => {
        mod $module {
            #[allow(unused_imports, reason = "the fixture may need what stands around it")]
            use super::*;

            $(#[test]
            fn $name() {
                $crate::test_sink(async { $fixture }, $crate::SinkCheck::$check);
            })*
        }
    };
}
