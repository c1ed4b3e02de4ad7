//! Leaves out files that the target has already.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result, codes as api_codes};
use seatunnel_file_store::Entry;

use super::listing::Found;
use super::streams::read_failed;
use crate::place::{Place, Root};
use crate::source_options::{
    CompareMode, FileTableOptions, SourceFormat, SyncMode, UpdateStrategy,
};

/// Bytes of two files that are compared at a time.
const BLOCK: usize = 64 << 10;

/// When a file counts as there.
#[derive(Clone, Copy, Debug)]
enum Same {
    /// With this length, and not older.
    NotOlder,
    /// With this length and time.
    LengthAndTime,
    /// With this content.
    Content,
}

/// What files are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    target: PathBuf,
    same: Same,
}

impl Update {
    /// What the options say; none if all files are read.
    ///
    /// # Errors
    /// If they don't go together.
    pub(crate) fn new(root: &Root, options: &FileTableOptions) -> Result<Option<Self>> {
        if options.sync_mode == SyncMode::Full {
            return Ok(None);
        }
        let invalid = |message: &str| Error::new(api_codes::OPTION_INVALID, message);
        if options.file_format_type != Some(SourceFormat::Binary) {
            return Err(invalid(
                "`sync_mode = update` is for `file_format_type = binary`: only files that are copied as they are can be compared",
            ));
        }
        let target = options.target_path.as_ref().ok_or_else(|| {
            invalid("`sync_mode = update` needs the option `target_path`")
                .with_help("it is the `path` of the sink")
        })?;
        let same = match (options.update_strategy, options.compare_mode) {
            (UpdateStrategy::Distcp, CompareMode::LenMtime) => Same::NotOlder,
            (UpdateStrategy::Distcp, CompareMode::Checksum) => {
                return Err(invalid(
                    "`compare_mode = checksum` needs `update_strategy = strict`",
                ));
            }
            (UpdateStrategy::Strict, CompareMode::LenMtime) => Same::LengthAndTime,
            (UpdateStrategy::Strict, CompareMode::Checksum) => Same::Content,
        };
        Ok(Some(Self {
            target: root.path("target_path", target)?,
            same,
        }))
    }

    /// Those of the files below `from` that the target lacks or has otherwise.
    ///
    /// # Errors
    /// If the target, or a file that is compared, can't be read.
    pub(crate) fn those_missing(
        &self,
        place: &Place,
        from: &Path,
        files: Vec<Found>,
    ) -> Result<Vec<Found>> {
        let there = match place.list(&self.target, true, &|_| false) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(files),
            there => there.map_err(|e| read_failed(&self.target, e))?,
        };
        let there: HashMap<PathBuf, Entry> = there
            .into_iter()
            .map(|entry| (entry.path.clone(), entry))
            .collect();
        let mut missing = Vec::new();
        for file in files {
            // A path that is a file has only its name below it.
            let below = file.path.strip_prefix(from).ok();
            let below = below.filter(|below| !below.as_os_str().is_empty());
            let name = file.path.file_name().map(Path::new);
            let Some(below) = below.or(name) else {
                continue;
            };
            let same = match there.get(&self.target.join(below)) {
                Some(copy) => self.is_same(place, &file, copy)?,
                None => false,
            };
            if !same {
                missing.push(file);
            }
        }
        Ok(missing)
    }

    fn is_same(&self, place: &Place, file: &Found, copy: &Entry) -> Result<bool> {
        if file.bytes != copy.bytes {
            return Ok(false);
        }
        Ok(match (self.same, file.modified, copy.modified) {
            (Same::NotOlder, Some(file), Some(copy)) => file <= copy,
            (Same::LengthAndTime, Some(file), Some(copy)) => file == copy,
            // Without a time, nothing is known.
            (Same::NotOlder | Same::LengthAndTime, ..) => false,
            (Same::Content, ..) => {
                let open = |path: &Path| place.read(path, None).map_err(|e| read_failed(path, e));
                let (one, other) = (open(&file.path)?, open(&copy.path)?);
                is_equal(one, other).map_err(|e| read_failed(&file.path, e))?
            }
        })
    }
}

/// Whether two streams hold the same.
fn is_equal(one: impl Read, other: impl Read) -> io::Result<bool> {
    let block = BLOCK as u64;
    let (mut one, mut other) = (one, other);
    let (mut left, mut right) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(block).read_to_end(&mut left)?;
        other.by_ref().take(block).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}
