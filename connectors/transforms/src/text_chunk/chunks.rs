//! Where a text is cut.
//!
//! The text is split behind the first separator; what is still too long behind the next one, and so on; what no
//! separator helps with is cut at the size. The pieces are then joined as long as they fit. Pieces follow each
//! other without gaps, so a chunk is one stretch of the text.

/// How texts are cut; lengths in Unicode code points.
pub(super) struct Cutter {
    pub(super) separators: Vec<String>,
    pub(super) size: usize,
    pub(super) overlap: usize,
}

/// A stretch of the text in bytes, and its length in code points.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    length: usize,
}

impl Cutter {
    /// Start and end of each chunk, in bytes; none of an empty text.
    pub(super) fn cut(&self, text: &str, chunks: &mut Vec<(usize, usize)>) {
        chunks.clear();
        if text.is_empty() {
            return;
        }
        let whole = Piece {
            start: 0,
            end: text.len(),
            length: text.chars().count(),
        };
        if self.separators.is_empty() {
            windows(text, whole, self.size, self.overlap, |piece| {
                chunks.push((piece.start, piece.end));
            });
            return;
        }
        let mut pieces = Vec::new();
        self.split(text, whole, 0, &mut pieces);
        self.join(&pieces, chunks);
    }

    fn split(&self, text: &str, piece: Piece, depth: usize, pieces: &mut Vec<Piece>) {
        let Some(separator) = self.separators.get(depth) else {
            windows(text, piece, self.size, 0, |piece| pieces.push(piece));
            return;
        };
        let mut start = piece.start;
        while start < piece.end {
            let rest = &text[start..piece.end];
            // An empty separator splits nothing.
            let found = rest
                .find(separator.as_str())
                .filter(|_| !separator.is_empty());
            let end = found.map_or(piece.end, |at| start + at + separator.len());
            let part = Piece {
                start,
                end,
                length: text[start..end].chars().count(),
            };
            if part.length <= self.size {
                pieces.push(part);
            } else {
                self.split(text, part, depth + 1, pieces);
            }
            start = end;
        }
    }

    /// Joins pieces to chunks. A chunk begins with the last pieces of the one before, as many as fit.
    fn join(&self, pieces: &[Piece], chunks: &mut Vec<(usize, usize)>) {
        let mut first = 0;
        let mut length = 0;
        for (index, piece) in pieces.iter().enumerate() {
            if length > 0 && length + piece.length > self.size {
                chunks.push((pieces[first].start, pieces[index - 1].end));
                let budget = self.overlap.min(self.size - piece.length);
                first = index;
                length = 0;
                while first > 0 && length + pieces[first - 1].length <= budget {
                    first -= 1;
                    length += pieces[first].length;
                }
            }
            length += piece.length;
        }
        if let (Some(start), Some(end)) = (pieces.get(first), pieces.last()) {
            chunks.push((start.start, end.end));
        }
    }
}

/// Cuts a piece at the size, each part beginning `overlap` before the end of the one before.
fn windows(text: &str, piece: Piece, size: usize, overlap: usize, mut push: impl FnMut(Piece)) {
    let step = (size - overlap).max(1);
    let mut start = piece.start;
    let mut left = piece.length;
    while left > 0 {
        let length = left.min(size);
        let end = start + bytes_of(&text[start..piece.end], length);
        push(Piece { start, end, length });
        if length == left {
            return;
        }
        start += bytes_of(&text[start..piece.end], step);
        left -= step;
    }
}

/// Bytes of the first code points of a text.
fn bytes_of(text: &str, count: usize) -> usize {
    text.char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut<'t>(text: &'t str, separators: &[&str], size: usize, overlap: usize) -> Vec<&'t str> {
        let cutter = Cutter {
            separators: separators.iter().map(|s| (*s).to_owned()).collect(),
            size,
            overlap,
        };
        let mut chunks = Vec::new();
        cutter.cut(text, &mut chunks);
        chunks
            .iter()
            .map(|(start, end)| &text[*start..*end])
            .collect()
    }

    #[test]
    fn separators_stay_and_come_in_their_order() {
        let text = "one two.\n\nthree four five. six";
        assert_eq!(
            cut(text, &["\n\n", ". ", " "], 12, 0),
            ["one two.\n\n", "three four ", "five. six"]
        );
        assert_eq!(cut(text, &["\n\n", ". ", " "], 100, 0), [text]);
        assert!(cut("", &[" "], 5, 0).is_empty());
    }

    #[test]
    fn chunks_without_overlap_make_up_the_text() {
        let text = "a  b\n\n\nlonger-than-any-chunk c 🦀🦀🦀🦀🦀🦀 日本語。テキスト！";
        for size in 1..20 {
            for separators in [&["\n\n", "\n", "。", " "][..], &[" "], &[], &[""]] {
                let chunks = cut(text, separators, size, 0);
                assert_eq!(chunks.concat(), text, "{size} {separators:?}");
                assert!(chunks.iter().all(|c| c.chars().count() <= size));
            }
        }
    }

    #[test]
    fn an_overlap_is_whole_pieces() {
        assert_eq!(
            cut("aa bb cc dd", &[" "], 6, 3),
            ["aa bb ", "bb cc ", "cc dd"]
        );
        // Too little for a piece: none.
        assert_eq!(cut("aa bb cc dd", &[" "], 6, 2), ["aa bb ", "cc dd"]);
    }

    #[test]
    fn without_separators_an_overlap_is_a_window() {
        assert_eq!(cut("abcdefgh", &[], 4, 1), ["abcd", "defg", "gh"]);
        assert_eq!(cut("🦀b🦀d", &[], 2, 1), ["🦀b", "b🦀", "🦀d"]);
    }
}
