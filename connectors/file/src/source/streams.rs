//! Bytes out of files: plain, compressed, packed into archives, in any encoding.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, Encoding};
use flate2::read::MultiGzDecoder;
use seatunnel_api::{Error, Result};
use seatunnel_file_formats::packing;

use seatunnel_file_store::{RandomReader, Trouble};

use super::lzop::LzopReader;
use crate::codes;
use crate::place::Place;
use crate::source_options::{SourceArchive, SourceCompression};

/// Bytes of a file or of a part of an archive.
pub(crate) type Stream = Box<dyn Read + Send>;

/// How files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) compression: SourceCompression,
    pub(crate) archive: SourceArchive,
    /// What the names of files in an archive end with; any if there is nothing.
    pub(crate) endings: &'static [&'static str],
}

impl Packing {
    /// Whether a file's bytes are its content, so that reading can start anywhere.
    pub(crate) fn is_plain(self) -> bool {
        self.archive == SourceArchive::None
            && !matches!(
                self.compression,
                SourceCompression::Lzo
                    | SourceCompression::Gzip
                    | SourceCompression::Zstd
                    | SourceCompression::Lz4
                    | SourceCompression::Snappy
                    | SourceCompression::Bzip2
            )
    }

    /// Calls `each` with the name and the content of each file in a file, one after the other, until
    /// it says false. `range` is the part of a plain file to read.
    ///
    /// # Errors
    /// If the file can't be read or isn't packed so, or that of `each`.
    pub(crate) fn open(
        self,
        place: &Place,
        path: &Path,
        range: Option<(u64, u64)>,
    ) -> Result<Parts> {
        let failed = |error: io::Error| read_failed(path, error);
        if range.is_some() {
            let part = place.read(path, range).map_err(failed)?;
            return Ok(Parts::One(Some(part)));
        }
        if self.archive == SourceArchive::Zip {
            let file = place.open(path).map_err(failed)?;
            let archive = zip::ZipArchive::new(BufReader::new(file.reader(0)));
            let archive = archive.map_err(|e| malformed(path, "a zip archive", e))?;
            return Ok(Parts::Zip {
                archive,
                next: 0,
                packing: self,
            });
        }
        let file = place.read(path, None).map_err(failed)?;
        Ok(match self.archive {
            SourceArchive::None | SourceArchive::Zip => {
                Parts::One(Some(self.decompress(file).map_err(failed)?))
            }
            SourceArchive::Gz => {
                let content = Box::new(MultiGzDecoder::new(BufReader::new(file)));
                Parts::One(Some(self.decompress(content).map_err(failed)?))
            }
            SourceArchive::Tar => Parts::Tar {
                bytes: Box::new(BufReader::new(file)),
                packing: self,
            },
            SourceArchive::TarGz => Parts::Tar {
                bytes: Box::new(MultiGzDecoder::new(BufReader::new(file))),
                packing: self,
            },
        })
    }

    /// Whether a file of an archive is read. Others than those of the format lie beside them, as in SeaTunnel.
    fn wants(self, archive: &Path, name: &str) -> bool {
        if !is_content(name) {
            return false;
        }
        let ends = |name: &str| self.endings.iter().any(|end| name.ends_with(end));
        // `a.csv.gz`
        let packed = self.compression != SourceCompression::None
            && name.rsplit_once('.').is_some_and(|(name, _)| ends(name));
        let known = self.endings.is_empty() || ends(name) || packed;
        if !known {
            tracing::warn!(
                archive = %archive.display(),
                file = name,
                "a file in an archive is left out: its name does not end with {}",
                self.endings.join(" or "),
            );
        }
        known
    }

    fn decompress(self, stream: Stream) -> io::Result<Stream> {
        match self.compression {
            SourceCompression::Lzo => Ok(Box::new(LzopReader::new(stream))),
            SourceCompression::Gzip => packing::Packing::Gzip.unpack(stream),
            SourceCompression::Zstd => packing::Packing::Zstd.unpack_if_packed(stream),
            SourceCompression::Lz4 => packing::Packing::Lz4.unpack_if_packed(stream),
            SourceCompression::Snappy => packing::Packing::Snappy.unpack_if_packed(stream),
            SourceCompression::Bzip2 => packing::Packing::Bzip2.unpack_if_packed(stream),
            SourceCompression::None | SourceCompression::Zlib | SourceCompression::Brotli => {
                Ok(stream)
            }
        }
    }
}

/// The files in a file.
pub(crate) enum Parts {
    /// The file itself.
    One(Option<Stream>),
    /// Those of a zip archive.
    Zip {
        archive: zip::ZipArchive<BufReader<RandomReader>>,
        next: usize,
        packing: Packing,
    },
    /// Those of a tar archive.
    Tar { bytes: Stream, packing: Packing },
}

/// Bytes of a tar block.
const TAR_BLOCK: u64 = 512;
/// Bytes of a part of an archive that is kept in memory at most while it is read; others are read
/// through a temporary file.
const IN_MEMORY: u64 = 8 << 20;

impl Parts {
    /// The next file; none if there are no more.
    ///
    /// # Errors
    /// If the archive can't be read.
    pub(crate) fn next(&mut self, path: &Path) -> Result<Option<Stream>> {
        match self {
            Self::One(stream) => Ok(stream.take()),
            Self::Zip {
                archive,
                next,
                packing,
            } => {
                while *next < archive.len() {
                    let entry = archive.by_index(*next);
                    let entry = entry.map_err(|e| malformed(path, "a zip archive", e))?;
                    *next += 1;
                    let name = entry
                        .name()
                        .map_err(|e| malformed(path, "a zip archive", e))?;
                    if entry.is_file() && packing.wants(path, &name) {
                        let size = entry.size();
                        let content = set_aside(entry, size).map_err(|e| read_failed(path, e))?;
                        return packing
                            .decompress(content)
                            .map(Some)
                            .map_err(|e| read_failed(path, e));
                    }
                }
                Ok(None)
            }
            Self::Tar { bytes, packing } => loop {
                // The end of an archive is a block of zeros; without it something is missing.
                let mut header = [0; TAR_BLOCK as usize];
                bytes
                    .read_exact(&mut header)
                    .map_err(|e| malformed(path, "a whole tar archive", e))?;
                if header == [0; TAR_BLOCK as usize] {
                    return Ok(None);
                }
                let (wanted, size, content) = {
                    // One entry at a time, so that the stream stays ours between two calls.
                    let mut archive = tar::Archive::new(Cursor::new(header).chain(&mut *bytes));
                    let mut entries = archive.entries().map_err(|e| read_failed(path, e))?;
                    let Some(entry) = entries.next() else {
                        return Ok(None);
                    };
                    let entry = entry.map_err(|e| malformed(path, "a tar archive", e))?;
                    let name = entry.path().map(|p| p.to_string_lossy().into_owned());
                    let wanted = entry.header().entry_type().is_file()
                        && name.is_ok_and(|name| packing.wants(path, &name));
                    let size = entry.size();
                    let content = set_aside(entry, size).map_err(|e| read_failed(path, e))?;
                    (wanted, size, content)
                };
                let padding = (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
                io::copy(&mut (&mut *bytes).take(padding), &mut io::sink())
                    .and_then(|length| complete(length, padding))
                    .map_err(|e| read_failed(path, e))?;
                if wanted {
                    return packing
                        .decompress(content)
                        .map(Some)
                        .map_err(|e| read_failed(path, e));
                }
            },
        }
    }
}

/// Takes the whole of an archive's part out of it, into memory or a temporary file.
fn set_aside(mut entry: impl Read, size: u64) -> io::Result<Stream> {
    if size <= IN_MEMORY {
        let mut content = Vec::with_capacity(size as usize);
        let length = entry.read_to_end(&mut content)?;
        complete(length as u64, size)?;
        return Ok(Box::new(Cursor::new(content)));
    }
    let mut file = tempfile::tempfile()?;
    complete(io::copy(&mut entry, &mut file)?, size)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Box::new(file))
}

/// An archive that is cut off ends a part early, without an error of its own.
fn complete(length: u64, size: u64) -> io::Result<()> {
    if length < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Whether a part of an archive holds rows: hidden files and what macOS adds do not.
fn is_content(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !file.starts_with('.') && file != "_SUCCESS" && !name.starts_with("__MACOSX/")
}

/// Text of an encoding as UTF-8.
pub(crate) struct Transcoder {
    from: Stream,
    decoder: Decoder,
    input: Vec<u8>,
    used: usize,
    ended: bool,
}

impl Transcoder {
    pub(crate) fn new(from: Stream, encoding: &'static Encoding) -> Self {
        Self {
            from,
            // A byte order mark says more surely than an option what follows.
            decoder: encoding.new_decoder(),
            input: Vec::new(),
            used: 0,
            ended: false,
        }
    }
}

const CHUNK: usize = 64 << 10;

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A character takes up to four bytes of UTF-8: with less room nothing might get through.
        if out.len() < 16 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a text needs a larger buffer",
            ));
        }
        loop {
            if self.used == self.input.len() && !self.ended {
                self.input.resize(CHUNK, 0);
                let length = self.from.read(&mut self.input)?;
                self.input.truncate(length);
                self.used = 0;
                self.ended = length == 0;
            }
            let rest = &self.input[self.used..];
            let (result, read, written, malformed) =
                self.decoder.decode_to_utf8(rest, out, self.ended);
            self.used += read;
            if malformed {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it is not {}", self.decoder.encoding().name()),
                ));
            }
            if written > 0 || (self.ended && result == CoderResult::InputEmpty) {
                return Ok(written);
            }
        }
    }
}

/// An error of reading a file.
pub(crate) fn read_failed(path: &Path, error: io::Error) -> Error {
    let name = path.display();
    if let Some(trouble) = Trouble::of(&error) {
        let code = match error.kind() {
            io::ErrorKind::NotFound => codes::NOT_FOUND,
            _ => codes::READ_FAILED,
        };
        let help = trouble.advice();
        let told = Error::new(code, format!("can't read {name}: {trouble}")).with_cause(error);
        return match help {
            Some(help) => told.with_help(help),
            None => told,
        };
    }
    match error.kind() {
        io::ErrorKind::NotFound => {
            Error::new(codes::NOT_FOUND, format!("there is no file or folder {name}"))
                .with_help("check the option `path`; relative paths start at the working directory")
        }
        io::ErrorKind::PermissionDenied => Error::new(
            codes::READ_FAILED,
            format!("no permission to read {name}"),
        )
        .with_help("the user that runs the job needs read permission on the file and its folders"),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Error::new(codes::MALFORMED, format!("{name} can't be read: {error}"))
                .with_help("check `encoding`, `compress_codec` and `archive_compress_codec`; the file may also be incomplete")
        }
        _ => Error::new(codes::READ_FAILED, format!("can't read {name}")).with_cause(error),
    }
}

fn malformed(
    path: &Path,
    expected: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    let message = format!("{} is not {expected}, or damaged", path.display());
    Error::new(codes::MALFORMED, message).with_cause(cause)
}
