//! An engine that takes checkpoints at random moments, dies at random moments, and goes on from the last
//! checkpoint: every row of the source must be in the sink, once.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{NextDiscovery, Registry};
use seatunnel_blocking::{
    Deal, Driver, Enumerator, Gives, Job, JobHold, JobPayload, Part, Polled, Reader, Writer,
};
use seatunnel_config::{Format, LoadOptions};

const READERS: usize = 2;

fn registry() -> Registry {
    let registry = seatunnel_connector_file::register(Registry::new());
    let registry = seatunnel_connector_fake::register(registry);
    seatunnel_transforms::register(registry)
}

fn payload(id: &str, config: &str) -> Vec<u8> {
    let options = LoadOptions::default();
    let loaded = seatunnel_config::parse_str("test", config, Format::Hocon, &options).unwrap();
    JobPayload::new(id, &loaded.root).to_bytes().unwrap()
}

/// Files with `rows` numbers in all, and the job that copies them.
fn files(folder: &Path, files: usize, rows: usize) -> String {
    let source = folder.join("source");
    std::fs::create_dir(&source).unwrap();
    for file in 0..files {
        let mut text = String::new();
        for row in (file..rows).step_by(files) {
            writeln!(text, "{row},row {row}").unwrap();
        }
        std::fs::write(source.join(format!("{file}.csv")), text).unwrap();
    }
    let (source, sink) = (source.display(), folder.join("sink"));
    format!(
        r#"
        env {{ parallelism = {READERS}, checkpoint.interval = 1000 }}
        source {{ LocalFile {{
            path = "{source}", file_format_type = csv, schema {{ fields {{ id = bigint, name = string }} }}
        }} }}
        transform {{ Filter {{ include_fields = [id] }} }}
        sink {{ LocalFile {{
            path = "{}", file_format_type = text, tmp_path = "{}", is_enable_transaction = true
        }} }}
        "#,
        sink.display(),
        folder.join("tmp").display(),
    )
}

/// The numbers that are in the sink's files, in order.
fn written(folder: &Path) -> Vec<usize> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder.join("sink")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        numbers.extend(text.lines().map(|line| line.parse::<usize>().unwrap()));
    }
    numbers.sort_unstable();
    numbers
}

/// What outlives the engine.
#[derive(Clone, Default)]
struct Checkpoint {
    id: u64,
    enumerator: Option<Vec<u8>>,
    readers: Vec<Vec<SplitBytes>>,
    parts: Vec<Vec<u8>>,
    last: bool,
}

struct Running {
    job: JobHold,
    source: usize,
    enumerator: Enumerator,
    next: NextDiscovery,
    readers: Vec<Reader>,
    ended: Vec<bool>,
    writers: Vec<Writer>,
}

impl Running {
    fn start(payload: &[u8], from: &Checkpoint) -> Self {
        let job = Job::open(payload, &registry()).unwrap();
        let open = job.job();
        if from.id == 0 {
            assert!(Driver::begin(open.clone()).unwrap().1);
        }
        // What the checkpoint holds may have been committed, or not.
        let parts = from
            .parts
            .iter()
            .map(|part| Part::from_bytes(part).unwrap());
        open.commit(parts.collect()).unwrap();
        open.discard().unwrap();
        let (source, sink) = (open.sources()[0].node, open.sinks()[0].node);
        let state = from.enumerator.as_deref();
        let enumerator = Enumerator::open(open.clone(), source, READERS, state).unwrap();
        let next = enumerator.discover().unwrap();
        let readers = (0..READERS).map(|subtask| {
            let reader = Reader::open(
                open.clone(),
                source,
                (subtask, READERS),
                Gives::Elements { positions: true },
            )
            .unwrap();
            reader.add_splits(from.readers.get(subtask).cloned().unwrap_or_default());
            reader
        });
        let readers = readers.collect();
        let writers = (0..READERS)
            .map(|subtask| Writer::open(open.clone(), sink, subtask, READERS).unwrap())
            .collect();
        Self {
            source,
            enumerator,
            next,
            readers,
            ended: vec![false; READERS],
            writers,
            job,
        }
    }

    /// Takes a step of a reader, and goes on until a checkpoint may be taken.
    fn step(&mut self, subtask: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut safe = true;
        loop {
            let timeout = Duration::from_millis(if safe { 0 } else { 1000 });
            match self.readers[subtask].poll(timeout).unwrap() {
                Polled::Nothing if safe => return,
                Polled::Nothing => {}
                Polled::Element(element) => {
                    let head = seatunnel_blocking::element::Head::read(&element).unwrap();
                    assert_eq!((head.source, head.reader), (self.source, subtask));
                    safe = head.safe;
                    if head.sink.is_some() {
                        let writer = &self.writers[subtask];
                        let write = || writer.write(|| Ok(element.clone()), Duration::from_secs(1));
                        while !write().unwrap() {}
                    }
                }
                Polled::Rows { .. } => panic!("bytes were asked for"),
                Polled::Safe => safe = true,
                Polled::WantsSplit(held) => self.enumerator.request(subtask, held),
                Polled::Finished(split) => self.enumerator.split_finished(&split.bytes).unwrap(),
                Polled::End => self.ended[subtask] = true,
            }
            if self.next == NextDiscovery::OnSplitFinished {
                self.next = self.enumerator.discover().unwrap();
            }
            for deal in self.enumerator.deal() {
                match deal {
                    Deal::Split(reader, split) => self.readers[reader].add_splits(vec![split]),
                    Deal::NoMore(reader) => self.readers[reader].no_more_splits(),
                }
            }
            if safe {
                return;
            }
            assert!(Instant::now() < deadline, "there is no safe point");
        }
    }

    fn checkpoint(&self, id: u64, last: bool) -> Checkpoint {
        let enumerator = Some(self.enumerator.snapshot().unwrap());
        let readers = self.readers.iter().map(Reader::snapshot).collect();
        let parts = self.writers.iter().map(|writer| {
            writer.prepare(id, last).unwrap();
            loop {
                if let Some(part) = writer.prepared(Duration::from_secs(1)).unwrap() {
                    break part.to_bytes().unwrap();
                }
            }
        });
        Checkpoint {
            id,
            enumerator,
            readers,
            parts: parts.collect(),
            last,
        }
    }

    fn commit(&self, checkpoint: &Checkpoint) {
        let parts = checkpoint.parts.iter();
        let parts = parts.map(|part| Part::from_bytes(part).unwrap()).collect();
        self.job.job().commit(parts).unwrap();
    }
}

/// Runs a job that is killed now and then; gives how often it was.
fn run(seed: u64, payload: &[u8]) -> usize {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut kept = Checkpoint::default();
    let mut kills = 0;
    while !kept.last {
        let mut running = Running::start(payload, &kept);
        // Twice it dies before it can be done; then, the later, the longer it lives: it comes to an end.
        let life = match kills {
            0 | 1 => rng.usize(1..8),
            _ => rng.usize(1..60 + 60 * kills),
        };
        for _ in 0..life {
            running.step(rng.usize(..READERS));
            let last = running.ended.iter().all(|ended| *ended);
            if last || rng.u8(..12) == 0 {
                let next = running.checkpoint(kept.id + 1, last);
                match rng.u8(..6) {
                    // Killed before the checkpoint is durable.
                    0 if !last => break,
                    1 => {
                        // And before it is committed.
                        kept = next;
                        break;
                    }
                    _ => {
                        kept = next;
                        running.commit(&kept);
                    }
                }
                if last {
                    break;
                }
            }
        }
        kills += 1;
    }
    let job = Job::open(payload, &registry()).unwrap();
    let parts = kept
        .parts
        .iter()
        .map(|part| Part::from_bytes(part).unwrap());
    job.job().commit(parts.collect()).unwrap();
    job.job().finish(None).unwrap();
    kills - 1
}

#[test]
fn kills_at_any_moment_lose_and_double_nothing() {
    let rows = 20_000;
    let mut kills = 0;
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let payload = payload(&format!("77{seed}"), &files(folder.path(), 5, rows));
        kills += run(seed, &payload);
        let written = written(folder.path());
        assert_eq!(written.len(), rows, "seed {seed}");
        assert!(written.into_iter().eq(0..rows), "seed {seed}");
    }
    assert!(kills > 8, "only {kills} kills");
}

#[test]
fn a_commit_that_fails_says_which_sink_and_why() {
    let config = r#"
        source { FakeSource { row.num = 5, schema { fields { id = int } }, rows = [{ kind = INSERT, fields = [1] }] } }
        transform { FieldMapper { field_mapper = { id = number } } }
        sink { LocalFile { path = "/proc/no/such/place", file_format_type = text } }
    "#;
    let job = Job::open(&payload("88", config), &registry()).unwrap();
    let open = job.job();
    let (source, sink) = (open.sources()[0].node, open.sinks()[0].node);
    let enumerator = Enumerator::open(open.clone(), source, 1, None).unwrap();
    let reader = Reader::open(
        open.clone(),
        source,
        (0, 1),
        Gives::Elements { positions: false },
    )
    .unwrap();
    reader.add_splits(enumerator.all().unwrap());
    reader.no_more_splits();
    let writer = Writer::open(open.clone(), sink, 0, 1).unwrap();
    let second = Duration::from_secs(1);
    loop {
        match reader.poll(second).unwrap() {
            Polled::Element(element) => assert!(writer.write(|| Ok(element), second).unwrap()),
            Polled::End => break,
            _ => {}
        }
    }
    writer.prepare(1, true).unwrap();
    let part = writer.prepared(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!((part.rows, part.last), (1, true));
    let failed = open.commit(vec![part]).unwrap_err();
    assert!(
        failed.report().contains("sink[0] LocalFile"),
        "{}",
        failed.report()
    );
    assert!(
        failed.report().contains("/proc/no/such/place"),
        "{}",
        failed.report()
    );
}

/// A job with these transforms and sinks.
fn changed(folder: &Path, transforms: &str, sinks: &[&str]) -> Vec<u8> {
    let sinks: String = sinks
        .iter()
        .map(|name| {
            let path = folder.join(name).display().to_string();
            let tmp = folder.join("tmp").display().to_string();
            format!(
                "LocalFile {{ path = \"{path}\", file_format_type = text, tmp_path = \"{tmp}\" }}\n"
            )
        })
        .collect();
    let config = format!(
        r#"
        source {{ FakeSource {{ row.num = 5, schema {{ fields {{ id = int }} }} }} }}
        transform {{ {transforms} }}
        sink {{ {sinks} }}
        "#
    );
    payload("99", &config)
}

#[test]
fn what_is_prepared_finds_its_sink_in_a_job_file_that_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let part_of = |payload: &[u8], sink: usize| {
        let job = Job::open(payload, &registry()).unwrap();
        let open = job.job();
        let (source, sink) = (open.sources()[0].node, open.sinks()[sink].node);
        let enumerator = Enumerator::open(open.clone(), source, 1, None).unwrap();
        let reader = Reader::open(
            open.clone(),
            source,
            (0, 1),
            Gives::Elements { positions: false },
        )
        .unwrap();
        reader.add_splits(enumerator.all().unwrap());
        reader.no_more_splits();
        let writer = Writer::open(open.clone(), sink, 0, 1).unwrap();
        let second = Duration::from_secs(1);
        loop {
            match reader.poll(second).unwrap() {
                Polled::Element(element) => {
                    let head = seatunnel_blocking::element::Head::read(&element).unwrap();
                    if head.sink == Some(sink) {
                        assert!(writer.write(|| Ok(element), second).unwrap());
                    }
                }
                Polled::End => break,
                _ => {}
            }
        }
        writer.prepare(1, true).unwrap();
        let part = writer.prepared(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(part.rows, 5);
        part.to_bytes().unwrap()
    };
    let commit = |payload: &[u8], part: &[u8]| {
        let job = Job::open(payload, &registry()).unwrap();
        job.job().commit(vec![Part::from_bytes(part).unwrap()])
    };
    let files = |name: &str| std::fs::read_dir(folder.join(name)).map_or(0, |files| files.count());
    let copy = "Copy { fields { other = id } }";
    let part = part_of(&changed(folder, "", &["a"]), 0);
    commit(&changed(folder, copy, &["a"]), &part).unwrap();
    assert_eq!(files("a"), 1, "a transform came");
    let part = part_of(&changed(folder, copy, &["b", "c"]), 1);
    commit(&changed(folder, "", &["b", "c"]), &part).unwrap();
    assert_eq!((files("b"), files("c")), (0, 1), "a transform went");
    let part = part_of(&changed(folder, "", &["d", "e"]), 1);
    let gone = commit(&changed(folder, copy, &["d"]), &part).unwrap_err();
    let said = gone.report();
    assert!(said.contains("sink[1] LocalFile is gone"), "{said}");
    assert_eq!((files("d"), files("e")), (0, 0));
}
