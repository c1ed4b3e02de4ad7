//! Finds the files of a table.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use regex::Regex;
use seatunnel_api::{Error, Result, codes as api_codes, time};

use super::streams::read_failed;
use crate::source_options::FileTableOptions;

/// Which files of a folder are read.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) root: PathBuf,
    recursive: bool,
    pattern: Option<Regex>,
    partitions: Vec<String>,
    ending: Option<String>,
    changed_from: Option<SystemTime>,
    changed_before: Option<SystemTime>,
}

/// A file that is read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

impl Listing {
    /// What the options say.
    ///
    /// # Errors
    /// If a pattern or a time can't be understood.
    pub(crate) fn new(root: PathBuf, options: &FileTableOptions) -> Result<Self> {
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
            root,
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

    /// The files, in the order of their paths.
    ///
    /// # Errors
    /// If the path leads nowhere or a folder can't be read.
    pub(crate) fn files(&self) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let metadata = fs::metadata(&self.root).map_err(|e| read_failed(&self.root, e))?;
        if metadata.is_dir() {
            self.walk(&self.root, &mut found)?;
        } else {
            self.add(&self.root, &metadata, &mut found)?;
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn walk(&self, folder: &Path, found: &mut Vec<Found>) -> Result<()> {
        let entries = fs::read_dir(folder).map_err(|e| read_failed(folder, e))?;
        for entry in entries {
            let path = entry.map_err(|e| read_failed(folder, e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name == "_SUCCESS" {
                continue;
            }
            let metadata = fs::metadata(&path).map_err(|e| read_failed(&path, e))?;
            if !metadata.is_dir() {
                self.add(&path, &metadata, found)?;
            } else if self.recursive {
                self.walk(&path, found)?;
            }
        }
        Ok(())
    }

    fn add(&self, path: &Path, metadata: &fs::Metadata, found: &mut Vec<Found>) -> Result<()> {
        let text = path.to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let below = path
            .strip_prefix(&self.root)
            .unwrap_or(path)
            .to_string_lossy();
        let changed = metadata.modified().map_err(|e| read_failed(path, e))?;
        let wanted = metadata.len() > 0
            && self
                .pattern
                .as_ref()
                .is_none_or(|p| p.is_match(&name) || p.is_match(&below) || p.is_match(&text))
            && (self.partitions.is_empty() || self.partitions.iter().any(|p| text.contains(p)))
            && self.ending.as_ref().is_none_or(|e| name.ends_with(e))
            && self.changed_from.is_none_or(|from| changed >= from)
            && self.changed_before.is_none_or(|before| changed < before);
        if wanted {
            found.push(Found {
                path: path.to_owned(),
                bytes: metadata.len(),
            });
        }
        Ok(())
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
