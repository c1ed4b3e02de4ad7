//! The kit passes a sink that does everything right, and finds each mistake of others.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod toys;

use seatunnel_conformance::{Check, SinkCheck, Verdict, check_sink, sink_tests};
use toys::sink::{Bug, Toy};

sink_tests!(a_sink_without_mistakes, Toy::new(Bug::None));

async fn assert_found(bug: Bug, by: SinkCheck) {
    let report = check_sink(Toy::new(bug), &[by]).await;
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
            assert_found(Bug::$bug, SinkCheck::$check).await;
        })*
    };
}

found! {
    finds_rows_that_show_at_prepare_commit CommitsEarly Visibility
    finds_rows_that_show_at_once WritesInPlace Visibility
    finds_rows_in_place_after_a_cancel WritesInPlace Cancel
    finds_a_commit_that_does_it_twice CommitsTwice Replay
    finds_a_commit_that_only_works_in_one_process CommitsFromMemory Replay
    finds_a_writer_that_keeps_all_rows BuffersEverything Memory
    finds_changes_out_of_order DeletesFirst RowKinds
    finds_a_lost_last_batch DropsLastBatch Writers
    finds_writers_that_overwrite_each_other WritersOverwrite Writers
    finds_texts_that_are_cut CutsTexts Types
    finds_a_large_value_that_is_cut CutsTexts LargeValue
    finds_nulls_that_become_empty_texts NullBecomesEmptyText Nulls
    finds_rows_of_which_a_part_is_missing HalfARow Wide
    finds_an_abort_that_writes_out AbortFlushes Cancel
    finds_an_abort_that_commits AbortCommits Cancel
    finds_a_hang_without_a_connection HangsWhenKilled Connection
    finds_a_lost_connection_taken_for_success EndsWhenKilled Connection
    finds_an_error_without_a_code_of_its_own ErrorWithoutCode Errors
    finds_an_error_that_names_no_folder ErrorWithoutFolder Errors
    finds_an_error_at_no_rows FailsWithoutRows Empty
    finds_leftovers_that_stay KeepsLeftovers Leftovers
    finds_leftovers_of_one_writer_that_stay DiscardsOfOneWriter Leftovers
    finds_a_discard_of_what_another_job_has_prepared DiscardsOfAnyJob Leftovers
    finds_leftovers_that_are_published PublishesLeftovers Leftovers
    finds_checkpoints_that_overwrite_each_other OneFileForAllCheckpoints Leftovers
    finds_a_commit_without_the_process_that_prepared CommitsFromMemory Leftovers
    finds_a_sink_that_promises_more_than_its_factory PromisesTooMuch Guarantee
}
