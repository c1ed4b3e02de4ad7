//! Finds the files of a table.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fancy_regex::Regex;
use seatunnel_api::{Error, Result, codes as api_codes, time};

use seatunnel_file_store::Entry;

use super::streams::read_failed;
use super::update::Update;
use crate::place::{Place, Root};
use crate::source_options::{DiscoveryMode, FileTableOptions};

/// Which files of a folder are read.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) root: PathBuf,
    place: Place,
    recursive: bool,
    pattern: Option<Regex>,
    partitions: Vec<String>,
    ending: Option<String>,
    changed_from: Option<SystemTime>,
    changed_before: Option<SystemTime>,
    newest_first: bool,
    update: Option<Update>,
    /// Whether a folder that is not there is an empty one: in stores where only files make folders, while they come.
    may_be_missing: bool,
}

/// A file that is read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl Listing {
    /// What the options say.
    ///
    /// # Errors
    /// If a pattern or a time can't be understood, or options don't go together.
    pub(crate) fn new(root: &Root, path: PathBuf, options: &FileTableOptions) -> Result<Self> {
        let invalid = |message: String| Error::new(api_codes::OPTION_INVALID, message);
        let pattern = match &options.file_filter_pattern {
            None => None,
            Some(text) => Some(Regex::new(&format!("^(?:{text})$")).map_err(|e| {
                invalid(format!(
                    "`file_filter_pattern` is no regular expression: {text}"
                ))
                .with_cause(e)
            })?),
        };
        let instant = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match time::parse_timestamp(text.as_bytes()) {
                Some(micros) => {
                    let since = Duration::from_micros(micros.max(0) as u64);
                    Ok(Some(UNIX_EPOCH + since))
                }
                None => Err(invalid(format!(
                    "`{name}` is not a time: {text:?}; write it as 2024-01-31 00:00:00"
                ))),
            },
        };
        Ok(Self {
            root: path,
            place: root.place.clone(),
            newest_first: options.sort_files_by_modification_time,
            may_be_missing: options.discovery_mode == DiscoveryMode::Continuous
                && root.place.uploads(),
            update: Update::new(root, options)?,
            recursive: options.recursive_file_scan,
            pattern,
            partitions: options.read_partitions.clone(),
            ending: options
                .filename_extension
                .as_ref()
                .map(|e| format!(".{}", e.trim_start_matches('.'))),
            changed_from: instant(
                "file_filter_modified_start",
                &options.file_filter_modified_start,
            )?,
            changed_before: instant(
                "file_filter_modified_end",
                &options.file_filter_modified_end,
            )?,
        })
    }

    /// The files, in the order of their paths, or the one that was changed last first.
    ///
    /// # Errors
    /// If the path leads nowhere or a folder can't be read.
    pub(crate) fn files(&self) -> Result<Vec<Found>> {
        let failed = |error| read_failed(&self.root, error);
        let root = match self.place.find(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.may_be_missing => {
                return Ok(Vec::new());
            }
            found => found.map_err(failed)?,
        };
        let files = match root.is_folder {
            true => {
                let hidden = |folder: &str| folder.starts_with('.') || folder == "_SUCCESS";
                let files = self.place.list(&self.root, self.recursive, &hidden);
                let mut files = files.map_err(failed)?;
                files.retain(|file| {
                    let name = file.path.file_name().unwrap_or_default();
                    !hidden(&name.to_string_lossy())
                });
                files
            }
            false => vec![root],
        };
        let wanted = files.into_iter().filter(|file| self.takes(file));
        let found = wanted.map(|file| Found {
            path: file.path,
            bytes: file.bytes,
            modified: file.modified,
        });
        let mut found: Vec<Found> = found.collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        if self.newest_first {
            found.sort_by_key(|file| Reverse(file.modified));
        }
        Ok(found)
    }

    /// Those of the files that the target does not have already; all if it is not asked for.
    ///
    /// # Errors
    /// If a folder or a file can't be read.
    pub(crate) fn to_read(&self) -> Result<Vec<Found>> {
        self.lacking(self.files()?)
    }

    /// The same, of some of the files.
    ///
    /// # Errors
    /// If a folder or a file can't be read.
    pub(crate) fn lacking(&self, files: Vec<Found>) -> Result<Vec<Found>> {
        match &self.update {
            Some(update) => update.those_missing(&self.place, &self.root, files),
            None => Ok(files),
        }
    }

    /// Whether a file is one of those that are read, as far as can be told of its path, length and time.
    pub(crate) fn may_have(&self, file: &Entry) -> bool {
        file.path.starts_with(&self.root) && self.takes(file)
    }

    /// Whether the options want this file.
    fn takes(&self, file: &Entry) -> bool {
        let text = file.path.to_string_lossy();
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let below = file
            .path
            .strip_prefix(&self.root)
            .unwrap_or(&file.path)
            .to_string_lossy();
        // A pattern that goes back and forth too long over a name does not match it.
        let is_like = |pattern: &Regex, text: &str| pattern.is_match(text).unwrap_or(false);
        // A store that knows no times can't be asked by them: all its files are as old as can be.
        let changed = file.modified.unwrap_or(UNIX_EPOCH);
        file.bytes > 0
            && self.pattern.as_ref().is_none_or(|p| {
                let folders = p.as_str().contains('/');
                is_like(p, &name) || folders && (is_like(p, &below) || is_like(p, &text))
            })
            && (self.partitions.is_empty() || self.partitions.iter().any(|p| text.contains(p)))
            && self.ending.as_ref().is_none_or(|e| name.ends_with(e))
            && self.changed_from.is_none_or(|from| changed >= from)
            && self.changed_before.is_none_or(|before| changed < before)
    }
}

/// The keys and values of folders called `key=value` on the way to a file, outermost first.
pub(crate) fn partitions(path: &Path) -> Vec<(String, String)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|part| {
            let text = part.as_os_str().to_string_lossy();
            let (key, value) = text.split_once('=')?;
            (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect()
}
