//! Files that were handed over and are to be deleted or moved when their rows are durable.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use seatunnel_file_store::Entry;
use serde::{Deserialize, Serialize};

use super::after::AfterReading;
use super::discovery::Version;
use super::table::FileTable;

/// A file of a table, by its path.
pub(super) type InHand = BTreeMap<String, HandedOver>;

/// A file that was handed over.
#[derive(Serialize, Deserialize)]
pub(super) struct HandedOver {
    /// As it was handed over last.
    version: Version,
    /// Its splits that are not read yet, those of older versions too.
    left: usize,
    /// Snapshots that were taken before it was read. After a restart it was read before all of them.
    #[serde(skip)]
    after: u64,
}

/// A file is handed over as so many splits, when so many snapshots were taken.
pub(super) fn hand_over(
    files: &mut InHand,
    path: String,
    version: Version,
    splits: usize,
    after: u64,
) {
    let left = files.get(&path).map_or(0, |old| old.left) + splits;
    let file = HandedOver {
        version,
        left,
        after,
    };
    files.insert(path, file);
}

/// A split of a file was read, when so many snapshots were taken.
pub(super) fn finish_split(files: &mut InHand, path: &str, after: u64) {
    if let Some(file) = files.get_mut(path) {
        file.left = file.left.saturating_sub(1);
        file.after = after;
    }
}

/// Deletes or moves the files of a table that were read before the snapshot of this number, which is durable. Those that
/// could not be, or for which there is no time, stay for the next checkpoint; those that another table reads stay for good.
pub(super) fn put_away(
    files: &mut InHand,
    tables: &[FileTable],
    index: usize,
    after: &AfterReading,
    snapshot: u64,
    until: Instant,
) {
    let place = &tables[index].place;
    files.retain(|path, file| {
        if file.left > 0 || file.after >= snapshot || Instant::now() > until {
            return true;
        }
        let path = Path::new(path);
        let entry = entry(path, file.version);
        let address = place.address(path);
        let others = tables.iter().enumerate().filter(|(i, _)| *i != index);
        let mut others = others.map(|(_, table)| table);
        if others.any(|t| t.listing.may_have(&entry) && t.place.address(path) == address) {
            tracing::warn!(file = address, "a file that was read stays: another table has it, too");
            return false;
        }
        let done = after.put_away(place, path, file.version);
        if let Err(error) = &done {
            tracing::warn!(file = address, error = %error, "a file that was read can't be put away now");
        }
        done.is_err()
    });
}

fn entry(path: &Path, (bytes, changed): Version) -> Entry {
    let since = |micros: i64| UNIX_EPOCH + Duration::from_micros(micros.unsigned_abs());
    Entry {
        path: path.to_owned(),
        bytes,
        modified: changed.map(since),
        is_folder: false,
    }
}

/// Snapshots that were taken.
#[derive(Default)]
pub(super) struct Snapshots {
    /// How many.
    pub(super) number: u64,
    /// The numbers of those that may not be durable yet.
    open: VecDeque<u64>,
}

impl Snapshots {
    /// A snapshot is taken.
    pub(super) fn take(&mut self) {
        self.number += 1;
        self.open.push_back(self.number);
        // One may be becoming durable while the next is taken, no more.
        if self.open.len() > 2 {
            self.open.pop_front();
        }
    }

    /// A checkpoint is durable. Gives the number of a snapshot that is so for sure: where several may be meant, since
    /// another checkpoint has failed or has begun meanwhile, it is an earlier one.
    pub(super) fn durable(&mut self) -> Option<u64> {
        let sure = *self.open.get(self.open.len().saturating_sub(2))?;
        self.open.retain(|number| *number > sure);
        Some(sure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_counts_for_no_later_snapshot_than_its_own() {
        let mut snapshots = Snapshots::default();
        assert_eq!(snapshots.durable(), None);
        snapshots.take();
        assert_eq!(snapshots.durable(), Some(1));
        // One fails, or is told of late.
        snapshots.take();
        snapshots.take();
        assert_eq!(snapshots.durable(), Some(2));
        assert_eq!(snapshots.durable(), Some(3));
        assert_eq!(snapshots.durable(), None);
        for _ in 0..5 {
            snapshots.take();
        }
        assert_eq!(snapshots.durable(), Some(7));
    }
}
