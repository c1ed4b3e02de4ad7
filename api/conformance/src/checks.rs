//! The checks there are, by name.

use std::fmt::Debug;

/// A check of sources or of sinks.
pub trait Check: Copy + Debug + Send + Sync + 'static {
    /// What the check is called in reports: `types_come_as_stored`.
    fn name(self) -> &'static str;
    /// What it asks for.
    fn promise(self) -> &'static str;
}

macro_rules! checks {
    ($(#[$meta:meta])* $list:ident { $($variant:ident $name:ident $promise:literal)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $list {
            $(#[doc = $promise] $variant,)*
        }

        impl $list {
            /// All of them, in the order they are run in.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
        }

        impl Check for $list {
            fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name)),* }
            }

            fn promise(self) -> &'static str {
                match self { $(Self::$variant => $promise),* }
            }
        }
    };
}

checks! {
    /// The checks of sources.
    SourceCheck {
        Tables tables_are_announced "tables are announced with the names, types and nullability that their rows have"
        Types types_come_as_stored "values of all types, extremes too, come as they are stored"
        Nulls nulls_come_as_nulls "a null comes as a null, and an empty string as an empty string"
        Empty empty_input_gives_no_rows "a table without rows gives none, and no error"
        Wide wide_rows_come_whole "rows of 1,000 columns come whole"
        LargeValue a_large_value_comes_whole "a value of 64 MiB comes whole"
        Splits splits_cover_all_rows_once "splits of every parallelism cover all rows exactly once"
        Batches batches_are_well_formed "batches keep to their schema and size, and positions move"
        Positions reading_goes_on_from_every_position "from every position, saved and restored, exactly the rest comes"
        Enumerator splits_survive_a_restart_at_every_point "restored at every point, the enumerator gives exactly the splits that are left"
        Cancel a_cancel_at_any_point_is_clean "a cancel at any point is passed on and leaves nothing running"
        Errors errors_name_code_and_place "errors have a code and name the table or file, and the row of a value"
        Memory memory_stays_bounded "memory does not grow with the number of rows"
        Connection a_killed_connection_is_reported "a killed connection ends in an error that may be retried, or in all rows; never in a hang"
    }
}

checks! {
    /// The checks of sinks.
    SinkCheck {
        Types types_are_kept "values of all types, extremes too, are kept"
        Nulls nulls_are_kept "a null stays a null, and an empty string an empty string"
        Empty empty_input_is_no_error "no rows, and batches without rows, end well"
        Wide wide_rows_are_kept "rows of 1,000 columns are kept"
        LargeValue a_large_value_is_kept "a value of 64 MiB is kept"
        Writers writers_lose_and_double_nothing "every number of writers writes all rows exactly once"
        Visibility nothing_shows_before_commit "rows show when they are committed, not before, if exactly-once is promised"
        Replay every_restart_keeps_the_promise "restarted at every point, the target is as the guarantee says; a repeated commit changes nothing"
        Cancel a_cancel_leaves_nothing_half_done "a cancel at any point leaves no part of a row, and none at all if exactly-once is promised"
        Leftovers leftovers_are_taken_back "what a killed process has prepared is taken back by its job, by no other, and nothing is left behind"
        RowKinds row_kinds_are_applied_in_order "inserts, updates and deletes are applied in their order"
        Errors errors_name_code_and_place "errors have a code and name the table or file, and the value's place"
        Memory memory_stays_bounded "memory does not grow with the number of rows"
        Connection a_killed_connection_is_reported "a killed connection ends in an error that may be retried, or in all rows; never in a hang"
        Guarantee the_guarantee_is_consistent "no sink promises more than its factory, and each promise states its condition"
    }
}
