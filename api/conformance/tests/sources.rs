//! The kit passes a source that does everything right, and finds each mistake of others.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod toys;

use seatunnel_conformance::{Check, SourceCheck, Verdict, check_source, source_tests};
use toys::source::{Bug, Toy};

source_tests!(a_source_without_mistakes, Toy::new(Bug::None));

async fn assert_found(bug: Bug, by: SourceCheck) {
    let report = check_source(Toy::new(bug), &[by]).await;
    assert_eq!(
        report.failed(),
        [by.name()],
        "{bug:?} is not found\n{report}"
    );
    let Verdict::Failed(findings) = &report.outcomes[0].verdict else {
        panic!("{report}");
    };
    assert!(
        findings.iter().all(|f| !f.starts_with("no end")),
        "{report}"
    );
}

macro_rules! found {
    ($($test:ident $bug:ident $check:ident)*) => {
        $(#[tokio::test]
        async fn $test() {
            assert_found(Bug::$bug, SourceCheck::$check).await;
        })*
    };
}

found! {
    finds_a_lost_last_batch DropsLastBatch Splits
    finds_a_lost_split_of_nulls LosesNullSplit Splits
    finds_rows_that_two_splits_give RepeatsBoundaryRows Splits
    finds_a_position_that_is_one_row_behind PositionOffByOne Positions
    finds_a_position_that_is_ignored IgnoresPosition Positions
    finds_a_reader_that_never_gives_a_position NeverSaysWhereItIs Positions
    finds_a_cancel_taken_for_the_end SwallowsCancel Cancel
    finds_a_task_that_outlives_its_reader LeavesTaskRunning Cancel
    finds_a_reader_that_keeps_all_rows BuffersEverything Memory
    finds_texts_that_are_cut CutsTexts Types
    finds_a_large_value_that_is_cut CutsTexts LargeValue
    finds_nulls_that_become_empty_texts NullBecomesEmptyText Nulls
    finds_a_scale_that_is_not_the_stored_one AnnouncesOtherScale Tables
    finds_columns_announced_without_their_nulls AnnouncesNoNulls Tables
    finds_nulls_in_columns_announced_without AnnouncesNoNulls Batches
    finds_a_hang_without_a_connection HangsWhenKilled Connection
    finds_a_lost_connection_taken_for_the_end EndsWhenKilled Connection
    finds_a_lost_connection_that_nobody_would_retry ReportsLossAsFinal Connection
    finds_an_error_without_a_code_of_its_own ErrorWithoutCode Errors
    finds_an_error_that_names_no_table ErrorWithoutTable Errors
    finds_a_panic_at_a_malformed_value PanicsAtMalformedValue Errors
    finds_splits_that_are_listed_again ListsAgainAfterRestart Enumerator
    finds_splits_that_are_never_listed ForgetsToListAfterRestart Enumerator
    finds_a_batch_size_that_is_ignored IgnoresBatchSize Batches
    finds_tables_that_are_made_anew MakesTablesAnew Batches
    finds_rows_lost_where_no_positions_are_wanted LosesRowsWithoutPositions Splits
    finds_an_error_at_an_empty_table FailsOnEmptyTable Empty
}
