//! The driver of a streaming job: what it keeps, its successor finds; two at a time there are never.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;

use seatunnel_api::Registry;
use seatunnel_blocking::{Driver, DriverState, Job, JobHold, JobPayload, spark};
use seatunnel_config::{Format, LoadOptions};

fn open(folder: &Path, keeps: bool) -> JobHold {
    open_from(folder, keeps, None)
}

fn open_from(folder: &Path, keeps: bool, from: Option<u64>) -> JobHold {
    let registry = seatunnel_connector_fake::register(spark::register(Registry::new()));
    let config = r#"
        env { job.mode = STREAMING }
        source { FakeSource { schema { fields { id = int } } } }
        sink { SparkTable {} }
    "#;
    let options = LoadOptions::default();
    let loaded = seatunnel_config::parse_str("test", config, Format::Hocon, &options).unwrap();
    let mut payload = JobPayload::new("5", &loaded.root);
    payload.state = keeps.then(|| DriverState {
        checkpoints: folder.join("checkpoints").display().to_string(),
        lock: folder.join("lock").display().to_string(),
        from,
    });
    Job::open(&payload.to_bytes().unwrap(), &registry).unwrap()
}

#[test]
fn a_successor_finds_the_newest_state_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path(), true);
    let (driver, found) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    assert_eq!(found, None);
    for number in 0..5 {
        assert!(driver.keep(number, &[number as u8; 3]).unwrap());
    }
    let files = std::fs::read_dir(folder.path().join("checkpoints")).unwrap();
    assert_eq!(files.count(), 2);
    drop(driver);
    let (driver, found) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    assert_eq!(found, Some(vec![4; 3]));
    driver.forget().unwrap();
    drop(driver);
    let (_driver, found) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    assert_eq!(found, None);
}

#[test]
fn two_drivers_of_a_job_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path(), true);
    let _driver = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    let second = Driver::begin_streaming(hold.job().clone(), false);
    let refused = second.map(|_| ()).unwrap_err().report();
    assert!(refused.contains("still works on this job"), "{refused}");
}

#[test]
fn a_driver_that_does_not_reach_the_launcher_says_that_it_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path(), false);
    let (driver, found) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    assert_eq!(found, None);
    assert!(!driver.keep(1, b"state").unwrap());
    driver.forget().unwrap();
}

#[test]
fn a_job_goes_on_from_the_state_that_is_asked_for_and_forgets_what_came_after() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path(), true);
    let (driver, _) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    for number in 0..5 {
        driver.keep(number, &[number as u8; 3]).unwrap();
    }
    drop(driver);
    let asked = open_from(folder.path(), true, Some(3));
    let (driver, found) = Driver::begin_streaming(asked.job().clone(), false).unwrap();
    assert_eq!(found, Some(vec![3; 3]));
    drop(driver);
    let (driver, found) = Driver::begin_streaming(hold.job().clone(), false).unwrap();
    assert_eq!(found, Some(vec![3; 3]), "killed before the next state");
    drop(driver);
    let unknown = open_from(folder.path(), true, Some(9));
    assert!(Driver::begin_streaming(unknown.job().clone(), false).is_err());
}
