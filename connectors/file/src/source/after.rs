//! What becomes of files that were read while a job goes on: they are deleted, or go to another folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seatunnel_api::{Error, Result, codes as api_codes};
use seatunnel_file_store::Entry;

use super::discovery::{Version, duration, version};
use crate::place::{Place, Root};
use crate::source_options::{DiscoveryMode, FileTableOptions, PostSyncAction};

/// Time between two looks for copies that are too old, if the job file does not say.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);
/// What stands in the name of a copy behind that of its file.
const MARK: &str = ".read-";

/// What is done with a file when a checkpoint that has all its rows is durable.
#[derive(Clone, Debug)]
pub(crate) struct AfterReading {
    /// The folder that the files are in.
    root: PathBuf,
    /// Where they go; nowhere if they are deleted.
    backup: Option<PathBuf>,
    /// How long copies stay there, and the time between two looks for older ones.
    retention: Option<(Duration, Duration)>,
}

impl AfterReading {
    /// What the options say of files in the folder `path`; none if they stay where they are.
    ///
    /// # Errors
    /// If options make no sense, or do not go together.
    pub(crate) fn new(
        options: &FileTableOptions,
        root: &Root,
        path: &Path,
    ) -> Result<Option<Self>> {
        let invalid = |message: &str| Error::new(api_codes::OPTION_INVALID, message);
        let time = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => duration(text).map(Some).ok_or_else(|| {
                invalid(&format!("`{name}` is no time above zero: {text:?}"))
                    .with_help("write it as 30S, 12H, 7D or PT1H30M")
            }),
        };
        let max_age = time("retention_max_age", &options.retention_max_age)?;
        let interval = time(
            "retention_check_interval",
            &options.retention_check_interval,
        )?;
        let action = options.post_sync_action;
        if action != PostSyncAction::Backup && (options.backup_path.is_some() || max_age.is_some())
        {
            return Err(invalid(
                "`backup_path` and `retention_max_age` go with `post_sync_action = backup`",
            ));
        }
        if action == PostSyncAction::None {
            return Ok(None);
        }
        if options.discovery_mode == DiscoveryMode::Once {
            return Err(invalid(
                "`post_sync_action` is for jobs that go on looking for files",
            )
            .with_help(
                "set `discovery_mode = continuous`, or leave the files where they are: post_sync_action = none",
            ));
        }
        if matches!(root.place.find(path), Ok(found) if !found.is_folder) {
            return Err(invalid(
                "`post_sync_action` is for the files of a folder: `path` is a file",
            ));
        }
        let backup = match (action, &options.backup_path) {
            (PostSyncAction::Backup, None) => {
                return Err(invalid(
                    "`post_sync_action = backup` needs the option `backup_path`",
                ));
            }
            (PostSyncAction::Backup, Some(text)) => {
                let folder = root.path("backup_path", text)?;
                let whole = |path: &Path| match root.place {
                    Place::Here => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
                    Place::Store(_) => path.to_owned(),
                };
                let (from, to) = (whole(path), whole(&folder));
                if to.starts_with(&from) || from.starts_with(&to) {
                    return Err(invalid(
                        "`backup_path` and `path` must not be, or be inside of, each other",
                    ));
                }
                Some(folder)
            }
            _ => None,
        };
        Ok(Some(Self {
            root: path.to_owned(),
            backup,
            retention: max_age.map(|age| (age, interval.unwrap_or(CHECK_INTERVAL))),
        }))
    }

    /// Deletes or moves a file that was read as it was in this version; one that has changed since, or has gone, stays as it
    /// is. Doing it again, also after it broke off, does no harm.
    ///
    /// Where files are renamed, it first gets a hidden name, under which nobody who looks for it writes any more, and is
    /// looked at once more.
    ///
    /// # Errors
    /// If the file can't be looked at, moved or deleted.
    pub(crate) fn put_away(&self, place: &Place, path: &Path, read: Version) -> io::Result<()> {
        let look = |path: &Path| match place.find(path) {
            Ok(entry) => Ok((!entry.is_folder).then(|| of_entry(&entry))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let found = look(path)?;
        if place.uploads() {
            return match found == Some(read) {
                true => self.finish(place, path, path, read),
                false => Ok(()),
            };
        }
        let aside = aside(path, read);
        let renamed = found == Some(read);
        if renamed {
            place.rename(path, &aside)?;
        }
        let Some(now) = look(&aside)? else {
            if renamed {
                place.rename(&aside, path)?;
                return Err(io::Error::other(
                    "the server does not show files with hidden names",
                ));
            }
            return Ok(());
        };
        // The times of servers may change with the name.
        let same = match place {
            Place::Here => now == read,
            Place::Store(_) => now.0 == read.0,
        };
        if same {
            return self.finish(place, &aside, path, read);
        }
        if look(path)?.is_some() {
            return Err(io::Error::other(format!(
                "it was written to while it was put aside as {}, and there is another file of its name",
                aside.display()
            )));
        }
        place.rename(&aside, path)
    }

    fn finish(&self, place: &Place, from: &Path, path: &Path, read: Version) -> io::Result<()> {
        let Some(folder) = &self.backup else {
            return place.remove_file(from);
        };
        let below = path.strip_prefix(&self.root).ok();
        let below = below.filter(|below| !below.as_os_str().is_empty());
        let name = path.file_name().unwrap_or_default();
        let to = folder.join(below.unwrap_or(Path::new(name)));
        let mut name = name.to_os_string();
        name.push(format!(
            "{MARK}{}-{}-{}",
            seconds(SystemTime::now()),
            read.1.unwrap_or_default(),
            read.0
        ));
        let to = to.with_file_name(name);
        match (place, place.rename(from, &to)) {
            (Place::Here, Err(e)) if e.kind() == io::ErrorKind::CrossesDevices => {
                copy(from, &to)?;
                place.remove_file(from)
            }
            (_, renamed) => renamed,
        }
    }

    /// Time between two calls of [`AfterReading::forget_old`]; none if copies stay.
    pub(crate) fn check_interval(&self) -> Option<Duration> {
        self.retention.map(|(_, interval)| interval)
    }

    /// Deletes copies that are older than they should become. Files of others are left alone.
    ///
    /// # Errors
    /// If the folder can't be listed, or a copy can't be deleted.
    pub(crate) fn forget_old(&self, place: &Place) -> io::Result<()> {
        let (Some(folder), Some((age, _))) = (&self.backup, self.retention) else {
            return Ok(());
        };
        let files = match place.list(folder, true, &|_| false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        let before = seconds(SystemTime::now()).saturating_sub(age.as_secs());
        for file in files {
            if kept_since(&file.path).is_some_and(|since| since < before) {
                place.remove_file(&file.path)?;
            }
        }
        Ok(())
    }
}

fn of_entry(entry: &Entry) -> Version {
    version(entry.bytes, entry.modified)
}

/// The hidden name of a file that is about to be moved or deleted.
fn aside(path: &Path, (bytes, changed): Version) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let changed = changed.unwrap_or_default();
    path.with_file_name(format!(".{name}{MARK}{changed}-{bytes}"))
}

/// When a copy was made, in seconds since 1970, as its name tells; none if it is no copy.
fn kept_since(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (_, version) = name.rsplit_once(MARK)?;
    let mut numbers = version.splitn(3, '-');
    let since = numbers.next()?.parse().ok()?;
    let (_changed, _bytes): (i64, u64) =
        (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    Some(since)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Brings a file to another file system of this machine, whole or not at all.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let part = to.with_file_name(format!(".{name}.part"));
    fs::copy(from, &part)?;
    File::open(&part)?.sync_all()?;
    fs::rename(&part, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_so_counts_as_a_copy() {
        let since = |name: &str| kept_since(Path::new(name));
        assert_eq!(
            since("/b/a.csv.read-1700000000-1699999999000000-12"),
            Some(1_700_000_000)
        );
        assert_eq!(since("/b/a.read-1-2-3.read-7-0-0"), Some(7));
        for other in [
            "/b/a.csv",
            "/b/a.read-",
            "/b/a.read-1-2",
            "/b/a.read-1-2-x",
            "/b/a.read-1-2-3.csv",
        ] {
            assert_eq!(since(other), None, "{other}");
        }
    }
}
