//! One table that is read from files.

use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use seatunnel_api::{CatalogTable, Column, DirtyRows, Error, Output, Result, codes as api_codes};

use super::boundaries::record_starts;
use super::discovery::{self, Discovering};
use super::formats::{self, More};
use super::json_rows::JsonRules;
use super::lines::LineRules;
use super::listing::{self, Found, Listing};
use super::records::Splitter;
use super::rules::{self, columns, encoding, line_rules, table, text_rules, wanted};
use super::split::FileSplit;
use super::streams::{Packing, read_failed};
use super::{json_rows, lines, parquet_rows};
use crate::place::{Place, Root};
use crate::source_options::{FileTableOptions, SourceFormat};

/// A table and how its files are read.
pub(crate) struct FileTable {
    pub(crate) table: Arc<CatalogTable>,
    /// The columns that the files have.
    pub(crate) file_columns: Vec<Column>,
    /// Which of them are read, in the order of the table.
    pub(crate) wanted: Vec<usize>,
    /// Columns whose values stand in the names of folders; they come last.
    pub(crate) partition_columns: Vec<String>,
    pub(crate) packing: Packing,
    /// The encoding, if it is not UTF-8.
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) place: Place,
    pub(crate) listing: Listing,
    /// How files that come later are found; none if they are not.
    pub(crate) discovery: Option<Discovering>,
    format: Format,
    split: SplitRules,
}

enum Format {
    Lines(LineRules),
    Json(JsonRules),
    Parquet,
    More(More),
}

/// Whether and how large files are cut.
#[derive(Clone, Copy)]
struct SplitRules {
    enabled: bool,
    asked_for: bool,
    bytes: Option<u64>,
}

/// Bytes of a file below which cutting it is not worth it.
const SMALLEST_SPLIT: u64 = 4 << 20;
/// Splits of a file for each reader, so that a slow reader does not hold up the end.
const SPLITS_PER_READER: u64 = 4;

impl FileTable {
    /// A table of the options; looks at the files, and into the first one where it brings the schema.
    ///
    /// # Errors
    /// If the options make no sense, the path leads nowhere or a file can't be read.
    pub(crate) fn new(
        options: &FileTableOptions,
        root: &Root,
        plugin_output: Option<&str>,
    ) -> Result<Self> {
        let place = root.place.clone();
        place.tell(Self::in_place(options, root, plugin_output))
    }

    fn in_place(
        options: &FileTableOptions,
        root: &Root,
        plugin_output: Option<&str>,
    ) -> Result<Self> {
        let missing = |name: &str| {
            Error::new(
                api_codes::OPTION_INVALID,
                format!("{} needs the option `{name}`", root.plugin),
            )
        };
        let path = options.path.as_ref().ok_or_else(|| missing("path"))?;
        let path = root.path("path", path)?;
        let format = options
            .file_format_type
            .ok_or_else(|| missing("file_format_type"))?;
        rules::check_built_in(options)?;
        let discovery = Discovering::new(options, root, &path)?;
        let listing = Listing::new(root, path, options)?;
        let files = listing.files()?;
        if discovery.is_some() && files.is_empty() {
            discovery::needs_schema(options, format)?;
        }
        let (file_columns, declared) = columns(&root.place, options, format, &files)?;
        let has_columns = declared.is_some_and(|d| !d.schema.columns.is_empty());
        let wanted = wanted(options, &file_columns)?;
        let partition_columns = match files.first() {
            Some(file) if options.parse_partition_from_path && format != SourceFormat::Binary => {
                listing::partitions(&file.path)
                    .into_iter()
                    .map(|(key, _)| key)
                    .filter(|key| !file_columns.iter().any(|c| c.name == *key))
                    .collect()
            }
            _ => Vec::new(),
        };
        let encoding = encoding(&options.encoding)?;
        let text = text_rules(options, format)?;
        let format_rules = match format {
            SourceFormat::Csv | SourceFormat::Text => {
                Format::Lines(line_rules(options, format, text, has_columns)?)
            }
            SourceFormat::Json if !has_columns => {
                let mut rules = line_rules(options, SourceFormat::Text, text, false)?;
                rules.skip = 0;
                Format::Lines(rules)
            }
            SourceFormat::Json => Format::Json(JsonRules::new(&file_columns, &wanted, text)),
            SourceFormat::Parquet => Format::Parquet,
            other => {
                let columns = (&file_columns[..], &wanted[..], has_columns);
                Format::More(More::new(other, options, columns, text)?)
            }
        };
        let table = table(
            declared,
            plugin_output,
            &file_columns,
            &wanted,
            &partition_columns,
        );
        Ok(Self {
            table,
            file_columns,
            wanted,
            partition_columns,
            packing: Packing {
                compression: options.compress_codec,
                archive: options.archive_compress_codec,
                endings: formats::endings(format),
            },
            encoding: (encoding != UTF_8).then_some(encoding),
            place: root.place.clone(),
            listing,
            discovery,
            format: format_rules,
            split: SplitRules {
                enabled: options.enable_file_split.unwrap_or(true),
                asked_for: options.enable_file_split == Some(true),
                bytes: options.file_split_size,
            },
        })
    }

    /// Whether positions are bytes of the file: not where it has to be unpacked or decoded.
    pub(crate) fn reads_by_bytes(&self) -> bool {
        self.packing.is_plain() && self.encoding.is_none()
    }

    /// The splits of all files, for so many readers.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn splits(&self, index: usize, readers: usize) -> Result<Vec<FileSplit>> {
        let mut splits = Vec::new();
        for file in self.listing.to_read()? {
            splits.extend(self.splits_of(index, &file, readers)?);
        }
        Ok(splits)
    }

    /// The splits of a file, for so many readers.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn splits_of(
        &self,
        index: usize,
        file: &Found,
        readers: usize,
    ) -> Result<Vec<FileSplit>> {
        let new = |start, end| FileSplit::new(index, &file.path, start, end);
        match &self.format {
            Format::Parquet => {
                let groups = parquet_rows::row_groups(&self.place, &file.path)?;
                Ok(match readers > 1 && self.split.enabled {
                    true => (0..groups).map(|group| new(group, group + 1)).collect(),
                    false if groups > 0 => vec![new(0, groups)],
                    false => Vec::new(),
                })
            }
            Format::More(more) if !matches!(more, More::Changes(_)) => {
                more.splits(self, index, file, readers)
            }
            _ => Ok(match self.cuts(file, readers)? {
                Some(cuts) => {
                    let pieces = cuts.windows(2).filter(|w| w[0] < w[1]);
                    pieces.map(|w| new(w[0], w[1])).collect()
                }
                None => vec![new(0, file.bytes)],
            }),
        }
    }

    /// Whether files are read by several readers at once.
    pub(crate) fn may_split(&self) -> bool {
        self.split.enabled
    }

    /// Bytes of the pieces that a file is cut into for so many readers; none if it is not.
    pub(crate) fn piece(&self, file: &Found, readers: usize) -> Option<u64> {
        let size = match self.split.bytes {
            Some(bytes) => bytes,
            None if readers > 1 => {
                let pieces = readers as u64 * SPLITS_PER_READER;
                file.bytes.div_ceil(pieces).max(SMALLEST_SPLIT)
            }
            None => return None,
        };
        (self.split.enabled && size < file.bytes).then_some(size)
    }

    /// The path of a file below that of the table, or its name if it is all there is.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.listing.root).unwrap_or(path);
        let below = match below.as_os_str().is_empty() {
            true => path.file_name().map_or(path, Path::new),
            false => below,
        };
        below.to_string_lossy().into_owned()
    }

    /// Where a file of lines is cut, its start and end included; none if it is read as a whole.
    fn cuts(&self, file: &Found, readers: usize) -> Result<Option<Vec<u64>>> {
        let Some(size) = self.piece(file, readers).filter(|_| self.reads_by_bytes()) else {
            return Ok(None);
        };
        let (delimiter, quote) = match &self.format {
            Format::Json(_) | Format::More(_) => (b',', None),
            Format::Lines(LineRules {
                splitter: Splitter::Bytes { delimiter, quote },
                ..
            }) => (*delimiter, *quote),
            Format::Lines(LineRules {
                splitter:
                    Splitter::General {
                        quote: None,
                        escape: None,
                        ..
                    },
                row_end,
                ..
            }) if row_end == b"\n" => (b',', None),
            _ => return Ok(None),
        };
        // Finding the ends of rows with quotes means reading the file: from afar only if it is asked for.
        if (quote.is_some() || !self.place.reads_anywhere())
            && !self.place.is_near()
            && self.split.bytes.is_none()
            && !self.split.asked_for
        {
            return Ok(None);
        }
        // The lines left out at the start stay with the first split, and with its first row.
        let first = match &self.format {
            Format::Lines(rules) => lines::first_record(&self.place, rules, &file.path)?,
            _ => 0,
        };
        let targets: Vec<u64> = (1..file.bytes.div_ceil(size))
            .map(|n| n * size)
            .filter(|target| *target > first)
            .collect();
        let range = (first, file.bytes);
        let starts = record_starts(&self.place, &file.path, range, &targets, delimiter, quote)
            .map_err(|e| read_failed(&file.path, e))?;
        let mut cuts = vec![0];
        cuts.extend(starts.into_iter().filter(|at| *at < file.bytes));
        cuts.push(file.bytes);
        cuts.dedup();
        Ok(Some(cuts))
    }

    /// Reads a split.
    ///
    /// # Errors
    /// If the file can't be read or holds what its columns can't.
    pub(crate) async fn read(
        &self,
        split: FileSplit,
        out: &mut Output<'_, FileSplit>,
        dirty: &DirtyRows,
    ) -> Result<()> {
        match &self.format {
            Format::Lines(rules) => lines::read(self, rules, split, out, dirty).await,
            Format::Json(rules) => json_rows::read(self, rules, split, out, dirty).await,
            Format::Parquet => parquet_rows::read(self, split, out).await,
            Format::More(more) => more.read(self, split, out, dirty).await,
        }
    }

    /// Whether the path can still be read.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self) -> Result<()> {
        let files = self.listing.files()?;
        // In a store, whoever may list files may read them, or hears of it soon enough.
        for file in files.iter().filter(|_| self.place.is_near()) {
            let opened = self.place.open(&file.path);
            opened.map_err(|e| read_failed(&file.path, e))?;
        }
        Ok(())
    }
}
