//! Where large files of lines can be cut, so that several readers can read them.

use std::io::{self, Read};
use std::path::Path;

use memchr::{memchr, memchr_iter};

use crate::place::Place;

/// Bytes that are looked at in one go.
const CHUNK: usize = 1 << 20;
/// Bytes in which the end of a line is looked for.
const LINE: usize = 64 << 10;

/// The starts of records next to each of the `targets` (byte offsets, growing), found by reading the
/// file once, from the first record at `range.0` to its end at `range.1`; without a `quote` only around the targets. With a `quote`, line ends inside of quotes are no record's end: a quote opens a field
/// only right behind a delimiter or a line end, and two in a row are one character.
///
/// # Errors
/// If the file can't be read.
pub(crate) fn record_starts(
    place: &Place,
    path: &Path,
    range: (u64, u64),
    targets: &[u64],
    delimiter: u8,
    quote: Option<u8>,
) -> io::Result<Vec<u64>> {
    if quote.is_none() {
        return line_starts(place, path, targets);
    }
    let mut file = place.read(path, Some(range))?;
    let mut scan = Scan {
        targets,
        found: Vec::with_capacity(targets.len()),
        inside: false,
        pending_quote: false,
        before: b'\n',
        delimiter,
        quote,
    };
    let mut buffer = vec![0; CHUNK];
    let mut offset = range.0;
    while scan.found.len() < targets.len() {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        scan.chunk(&buffer[..length], offset);
        offset += length as u64;
    }
    Ok(scan.found)
}

/// The starts of lines next to each of the targets.
fn line_starts(place: &Place, path: &Path, targets: &[u64]) -> io::Result<Vec<u64>> {
    let file = place.open(path)?;
    let mut buffer = vec![0; LINE];
    let mut found: Vec<u64> = Vec::with_capacity(targets.len());
    for target in targets {
        if let Some(last) = found.last()
            && last >= target
        {
            found.push(*last);
            continue;
        }
        // A line that starts right at the target has its line end just before it.
        let mut offset = target.saturating_sub(1);
        loop {
            let length = file.read_at(offset, &mut buffer)?;
            if length == 0 {
                return Ok(found);
            }
            if let Some(at) = memchr(b'\n', &buffer[..length]) {
                found.push(offset + at as u64 + 1);
                break;
            }
            offset += length as u64;
        }
    }
    Ok(found)
}

struct Scan<'a> {
    targets: &'a [u64],
    found: Vec<u64>,
    /// Inside of quotes.
    inside: bool,
    /// The last byte of the chunk before was a quote inside of quotes: what follows decides.
    pending_quote: bool,
    /// The byte before the current one.
    before: u8,
    delimiter: u8,
    quote: Option<u8>,
}

impl Scan<'_> {
    fn chunk(&mut self, chunk: &[u8], offset: u64) {
        let Some(quote) = self.quote else {
            self.outside(chunk, offset);
            return;
        };
        let mut from = 0;
        if self.pending_quote {
            self.pending_quote = false;
            if chunk[0] == quote {
                from = 1;
            } else {
                self.inside = false;
            }
            self.before = quote;
        }
        let mut start = from;
        while from < chunk.len() {
            let Some(at) = memchr(quote, &chunk[from..]).map(|found| from + found) else {
                break;
            };
            if self.inside {
                match chunk.get(at + 1) {
                    Some(next) if *next == quote => from = at + 2,
                    Some(_) => {
                        self.inside = false;
                        from = at + 1;
                        start = from;
                    }
                    None => {
                        self.pending_quote = true;
                        return;
                    }
                }
            } else {
                let before = if at == 0 { self.before } else { chunk[at - 1] };
                if before == self.delimiter || before == b'\n' {
                    self.outside(&chunk[start..at], offset + start as u64);
                    self.inside = true;
                }
                from = at + 1;
            }
        }
        if !self.inside && start < chunk.len() {
            self.outside(&chunk[start..], offset + start as u64);
        }
        self.before = chunk[chunk.len() - 1];
    }

    /// Looks for line ends in bytes that are not in quotes.
    fn outside(&mut self, bytes: &[u8], offset: u64) {
        while let Some(target) = self.targets.get(self.found.len()) {
            // A record that starts right at the target has its line end just before it.
            let from = target.saturating_sub(1).saturating_sub(offset);
            if from >= bytes.len() as u64 {
                return;
            }
            match memchr(b'\n', &bytes[from as usize..]) {
                Some(at) => self.found.push(offset + from + at as u64 + 1),
                None => return,
            }
        }
    }
}

/// The number of the line (from 1) that starts at a byte offset, counted when an error needs it.
pub(crate) fn line_at(place: &Place, path: &Path, offset: u64) -> Option<u64> {
    let mut file = place.read(path, Some((0, offset))).ok()?;
    let mut buffer = vec![0; CHUNK];
    let mut lines = 1;
    loop {
        let length = file.read(&mut buffer).ok()?;
        if length == 0 {
            return Some(lines);
        }
        lines += memchr_iter(b'\n', &buffer[..length]).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str, targets: &[u64], quote: Option<u8>) -> Vec<u64> {
        let mut scan = Scan {
            targets,
            found: Vec::new(),
            inside: false,
            pending_quote: false,
            before: b'\n',
            delimiter: b',',
            quote,
        };
        // A byte at a time: every place is the edge of a chunk once.
        for (offset, byte) in text.bytes().enumerate() {
            scan.chunk(&[byte], offset as u64);
        }
        let by_bytes = std::mem::take(&mut scan.found);
        let mut whole = Scan {
            inside: false,
            pending_quote: false,
            before: b'\n',
            ..scan
        };
        whole.chunk(text.as_bytes(), 0);
        assert_eq!(whole.found, by_bytes);
        by_bytes
    }

    #[test]
    fn cuts_are_starts_of_records() {
        let text = "a,b\nc,d\ne,f\n";
        assert_eq!(starts(text, &[1, 4, 5, 9], None), [4, 4, 8, 12]);
    }

    #[test]
    fn line_ends_in_quotes_are_no_cuts() {
        let text = "a,\"x\ny\"\"\n\"\nb,5\" pipe\nc,\"\n\"\nd\n";
        let record_starts: Vec<u64> = vec![11, 21, 27, 29];
        for target in 1..text.len() as u64 {
            let expected = record_starts.iter().find(|s| **s >= target).copied();
            let expected: Vec<u64> = expected.into_iter().collect();
            assert_eq!(
                starts(text, &[target], Some(b'"')),
                expected,
                "target {target}"
            );
        }
    }
}
