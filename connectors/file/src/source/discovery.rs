//! Finds files as long as a job runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use seatunnel_api::options::OptionValue as _;
use seatunnel_api::state::{decode, encode};
use seatunnel_api::{
    Discovery, Error, NextDiscovery, Result, SplitEnumerator, State, StateKind, codes as api_codes,
};
use seatunnel_file_store::blocking;
use serde::{Deserialize, Serialize};

use super::after::AfterReading;
use super::in_hand::{InHand, Snapshots, finish_split, hand_over, put_away};
use super::listing::Found;
use super::split::FileSplit;
use super::table::FileTable;
use crate::place::{Place, Root};
use crate::source_options::{DiscoveryMode, FileTableOptions, SourceFormat, StartMode};

/// Time between two looks if the job file does not say.
const INTERVAL: Duration = Duration::from_secs(10);
/// Time after which no further file is deleted or moved until the next checkpoint: new ones are looked for meanwhile.
const PUTTING_AWAY: Duration = Duration::from_secs(5);

/// How files of a table are found, and what becomes of them.
#[derive(Clone, Debug)]
pub(crate) struct Discovering {
    interval: Duration,
    from_now_on: bool,
    after: Option<AfterReading>,
}

impl Discovering {
    /// What the options say of files in the folder `path`; none if they are looked for once.
    ///
    /// # Errors
    /// If they make no sense, or do not go together.
    pub(crate) fn new(
        options: &FileTableOptions,
        root: &Root,
        path: &Path,
    ) -> Result<Option<Self>> {
        let after = AfterReading::new(options, root, path)?;
        if options.discovery_mode == DiscoveryMode::Once {
            return Ok(None);
        }
        let interval = match &options.scan_interval {
            None => INTERVAL,
            Some(text) => duration(text).ok_or_else(|| {
                Error::new(
                    api_codes::OPTION_INVALID,
                    format!("`scan_interval` is no time above zero: {text:?}"),
                )
                .with_help("write it as 10S, 500MS, 5M, 1H or PT10S")
            })?,
        };
        Ok(Some(Self {
            interval,
            from_now_on: options.start_mode == StartMode::Latest,
            after,
        }))
    }
}

/// Without a file, those of some formats can't tell their columns.
///
/// # Errors
/// If the job file doesn't either.
pub(crate) fn needs_schema(options: &FileTableOptions, format: SourceFormat) -> Result<()> {
    let tells = matches!(
        format,
        SourceFormat::Parquet | SourceFormat::Orc | SourceFormat::Avro
    );
    let declared = options.schema.as_ref();
    if !tells || declared.is_some_and(|declared| !declared.schema.columns.is_empty()) {
        return Ok(());
    }
    let message = format!(
        "there is no file yet that tells the columns of {}",
        format.render()
    );
    Err(Error::new(api_codes::OPTION_INVALID, message)
        .with_help("give them by `schema`, or put a file there before the job begins"))
}

/// A time such as `10S` or `PT1M30S`; none if it is none, or zero.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_uppercase();
    let mut rest = text.strip_prefix("PT").unwrap_or(&text);
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units = [
            ("MS", 0.001),
            ("S", 1.),
            ("M", 60.),
            ("H", 3_600.),
            ("D", 86_400.),
        ];
        let (unit, seconds) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        whole += Duration::try_from_secs_f64(number * seconds).ok()?;
    }
    (!whole.is_zero()).then_some(whole)
}

/// Bytes of a file, and when it was changed.
pub(super) type Version = (u64, Option<i64>);

/// The version of a file of so many bytes that was changed then.
pub(super) fn version(bytes: u64, modified: Option<SystemTime>) -> Version {
    let micros = |time: SystemTime| {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    };
    (bytes, modified.map(micros))
}

/// What is remembered over a restart: the files that are there and were handed over, as they were. It grows with the
/// number of files in the folders.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    /// By the name of the table: what was found when it was looked at.
    tables: BTreeMap<String, BTreeMap<String, Version>>,
    /// By the name of the table: the files that are to be deleted or moved when they are read.
    #[serde(default)]
    in_hand: BTreeMap<String, InHand>,
}

impl State for Known {}

/// Finds files, again and again.
pub(crate) struct FileDiscovery {
    tables: Arc<[FileTable]>,
    readers: usize,
    known: Known,
    /// Files of each table that may still be written, as they were at the last look.
    unsettled: Vec<BTreeMap<String, Version>>,
    /// When each table is looked at again.
    due: Vec<Option<Instant>>,
    /// When copies of files that are too old are looked for again.
    cleaning: Vec<Option<Instant>>,
    snapshots: Mutex<Snapshots>,
}

impl FileDiscovery {
    /// For so many readers; `state` is what was remembered.
    ///
    /// # Errors
    /// If that can't be read back.
    pub(crate) fn new(
        tables: Arc<[FileTable]>,
        readers: usize,
        state: Option<&[u8]>,
    ) -> Result<Self> {
        let known = match state {
            Some(bytes) => decode(StateKind::Enumerator, bytes)?,
            None => Known::default(),
        };
        Ok(Self {
            readers,
            known,
            unsettled: tables.iter().map(|_| BTreeMap::new()).collect(),
            due: tables.iter().map(|_| None).collect(),
            cleaning: tables.iter().map(|_| None).collect(),
            snapshots: Mutex::default(),
            tables,
        })
    }

    /// The splits of files of a table that are new, or have changed.
    fn look(&mut self, index: usize) -> Result<Vec<FileSplit>> {
        let table = &self.tables[index];
        let name = table.table.path().to_string();
        let before = self.known.tables.get(&name);
        let files = table.listing.files()?;
        let (mut now, mut unsettled) = (BTreeMap::new(), BTreeMap::new());
        let mut new = Vec::new();
        for file in files {
            let path = file.path.to_string_lossy().into_owned();
            let version = of_found(&file);
            let known = before.and_then(|before| before.get(&path)) == Some(&version);
            let discovery = table.discovery.as_ref();
            let skipped = before.is_none() && discovery.is_some_and(|d| d.from_now_on);
            if known || skipped {
                now.insert(path, version);
            } else if is_settled(table, &file) || self.unsettled[index].get(&path) == Some(&version)
            {
                now.insert(path, version);
                new.push(file);
            } else {
                // What was read of it before still counts until it is read again.
                if let Some(old) = before.and_then(|before| before.get(&path)) {
                    now.insert(path.clone(), *old);
                }
                unsettled.insert(path, version);
            }
        }
        let (mut splits, mut handed) = (Vec::new(), Vec::new());
        let puts_away = table.discovery.as_ref().is_some_and(|d| d.after.is_some());
        for file in table.listing.lacking(new)? {
            let version = of_found(&file);
            let of_file = table.splits_of(index, &file, self.readers)?;
            if puts_away {
                let path = file.path.to_string_lossy().into_owned();
                handed.push((path, version, of_file.len()));
            }
            let changed = version.1;
            splits.extend(
                of_file
                    .into_iter()
                    .map(|split| FileSplit { changed, ..split }),
            );
        }
        if puts_away {
            let number = self.snapshots().number;
            let files = self.known.in_hand.entry(name.clone()).or_default();
            for (path, version, splits) in handed {
                hand_over(files, path, version, splits, number);
            }
        }
        self.known.tables.insert(name, now);
        self.unsettled[index] = unsettled;
        Ok(splits)
    }

    fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes or moves the files of a table that were read before the snapshot of this number, which is durable.
    fn put_away(&mut self, index: usize, snapshot: u64, until: Instant) {
        let table = &self.tables[index];
        let Some(after) = table.discovery.as_ref().and_then(|d| d.after.as_ref()) else {
            return;
        };
        let name = table.table.path().to_string();
        if let Some(files) = self.known.in_hand.get_mut(&name) {
            put_away(files, &self.tables, index, after, snapshot, until);
        }
        let Some(interval) = after.check_interval() else {
            return;
        };
        if self.cleaning[index].is_none_or(|due| due <= Instant::now()) {
            self.cleaning[index] = Some(Instant::now() + interval);
            if let Err(error) = after.forget_old(&table.place) {
                tracing::warn!(error = %error, "old copies of files that were read can't be deleted now");
            }
        }
    }
}

fn of_found(file: &Found) -> Version {
    version(file.bytes, file.modified)
}

/// Whether a file can be taken for whole at the first look.
fn is_settled(table: &FileTable, file: &Found) -> bool {
    match &table.place {
        Place::Store(_) => table.place.uploads(),
        // The clock that the times of files are of.
        Place::Here => match (file.modified, &table.discovery) {
            (Some(modified), Some(discovery)) => {
                let age = SystemTime::now().duration_since(modified);
                age.is_ok_and(|age| age >= discovery.interval)
            }
            _ => true,
        },
    }
}

#[async_trait]
impl SplitEnumerator<FileSplit> for FileDiscovery {
    async fn discover(&mut self) -> Result<Discovery<FileSplit>> {
        let mut splits = Vec::new();
        let mut next: Option<Instant> = None;
        for index in 0..self.tables.len() {
            let name = self.tables[index].table.path().to_string();
            let looked = self.known.tables.contains_key(&name);
            let Some(interval) = self.tables[index].discovery.as_ref().map(|d| d.interval) else {
                if !looked {
                    let place = self.tables[index].place.clone();
                    splits.extend(place.tell(blocking(|| self.look(index)))?);
                }
                continue;
            };
            // Readers that are done with a split ask for more at once.
            let due = self.due[index];
            if due.is_none_or(|due| due <= Instant::now()) {
                let place = self.tables[index].place.clone();
                match place.tell(blocking(|| self.look(index))) {
                    Ok(found) => splits.extend(found),
                    // A server that is away is no reason to end a job that runs.
                    Err(error) if looked && error.is_retryable() => {
                        tracing::warn!(error = %error, "new files can't be looked for now");
                    }
                    Err(error) => return Err(error),
                }
                self.due[index] = Some(Instant::now() + interval);
            }
            next = next.into_iter().chain(self.due[index]).min();
        }
        Ok(Discovery {
            splits,
            next: match next {
                Some(next) => NextDiscovery::After(next.saturating_duration_since(Instant::now())),
                None => NextDiscovery::Never,
            },
        })
    }

    async fn split_finished(&mut self, split: FileSplit) -> Result<()> {
        let Some(table) = self.tables.get(split.table) else {
            return Ok(());
        };
        let name = table.table.path().to_string();
        let number = self.snapshots().number;
        if let Some(files) = self.known.in_hand.get_mut(&name) {
            finish_split(files, &split.path, number);
        }
        Ok(())
    }

    async fn checkpoint_durable(&mut self, _positions: Vec<FileSplit>) -> Result<()> {
        let Some(snapshot) = self.snapshots().durable() else {
            return Ok(());
        };
        let until = Instant::now() + PUTTING_AWAY;
        blocking(|| (0..self.tables.len()).for_each(|i| self.put_away(i, snapshot, until)));
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        self.snapshots().take();
        encode(StateKind::Enumerator, &self.known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood() {
        let seconds = |text| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("10S"), Some(10.));
        assert_eq!(seconds("500ms"), Some(0.5));
        assert_eq!(seconds("5M"), Some(300.));
        assert_eq!(seconds("PT1H30M"), Some(5_400.));
        assert_eq!(seconds("PT0.5S"), Some(0.5));
        for none in ["", "0S", "10", "P1D", "S", "10X", "-5S"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }
}
