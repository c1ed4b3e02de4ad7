//! Rows that stay in the process on their way from a reader to a writer.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::Registry;
use seatunnel_blocking::{Enumerator, Gives, Job, JobHold, JobPayload, Polled, Reader, Writer};
use seatunnel_config::{Format, LoadOptions};

const SECOND: Duration = Duration::from_secs(1);

fn registry() -> Registry {
    let registry = seatunnel_connector_file::register(Registry::new());
    let registry = seatunnel_connector_fake::register(registry);
    seatunnel_transforms::register(registry)
}

fn open(folder: &Path) -> JobHold {
    let config = format!(
        r#"
        source {{ FakeSource {{ row.num = 5000, schema {{ fields {{ id = int, name = string }} }} }} }}
        transform {{ Filter {{ include_fields = [name] }} }}
        sink {{ LocalFile {{
            path = "{}", tmp_path = "{}", file_format_type = text
        }} }}
        "#,
        folder.join("sink").display(),
        folder.join("tmp").display(),
    );
    let options = LoadOptions::default();
    let loaded = seatunnel_config::parse_str("test", &config, Format::Hocon, &options).unwrap();
    let payload = JobPayload::new("held", &loaded.root).to_bytes().unwrap();
    Job::open(&payload, &registry()).unwrap()
}

/// A reader with all splits.
fn reader(job: &Arc<Job>) -> Reader {
    let source = job.sources()[0].node;
    let enumerator = Enumerator::open(job.clone(), source, 1, None).unwrap();
    let reader = Reader::open(
        job.clone(),
        source,
        (0, 1),
        Gives::Held { positions: false },
    )
    .unwrap();
    reader.add_splits(enumerator.all().unwrap());
    reader.no_more_splits();
    reader
}

/// The reader's next rows.
fn element(reader: &Reader) -> Option<Vec<u8>> {
    loop {
        match reader.poll(SECOND).unwrap() {
            Polled::Element(element) => return Some(element),
            Polled::End => return None,
            _ => {}
        }
    }
}

#[test]
fn a_writer_takes_all_rows_where_its_elements_say() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path());
    let job = hold.job();
    let reader = reader(job);
    let writer = Writer::open(job.clone(), job.sinks()[0].node, 0, 1).unwrap();
    while let Some(element) = element(&reader) {
        assert!(element.len() < 100, "{} bytes", element.len());
        while !writer.write(|| Ok(element.clone()), SECOND).unwrap() {}
    }
    writer.prepare(1, true).unwrap();
    let part = writer.prepared(Duration::from_secs(60)).unwrap().unwrap();
    job.commit(vec![part]).unwrap();
    let mut lines = 0;
    for file in std::fs::read_dir(folder.path().join("sink")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        lines += text.lines().filter(|line| !line.is_empty()).count();
    }
    assert_eq!(lines, 5000);
}

#[test]
fn rows_that_are_gone_are_an_error_and_not_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hold = open(folder.path());
    let job = hold.job();
    let reader = reader(job);
    let first = element(&reader).unwrap();
    let writer = Writer::open(job.clone(), job.sinks()[0].node, 0, 1).unwrap();
    assert!(writer.write(|| Ok(first.clone()), SECOND).unwrap());
    let twice = writer.write(|| Ok(first), SECOND).unwrap_err();
    assert!(
        twice.report().contains("taken before"),
        "{}",
        twice.report()
    );

    let late = self::reader(job);
    let element = element(&late).unwrap();
    drop(late);
    let gone = writer.write(|| Ok(element), SECOND).unwrap_err();
    assert!(
        gone.report().contains("reader is closed"),
        "{}",
        gone.report()
    );
}
