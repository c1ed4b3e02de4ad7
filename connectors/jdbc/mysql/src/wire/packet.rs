//! What is in packets.

use mysql_common::constants::StatusFlags;

/// The fields of a packet, one after the other; none where the packet ends too early.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// So many bytes.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// So many bytes, as an array.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length-encoded integer.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        match self.u8()? {
            short @ 0..=0xfa => Some(short.into()),
            0xfc => self.u16().map(u64::from),
            0xfd => {
                let [a, b, c] = self.array()?;
                Some(u32::from_le_bytes([a, b, c, 0]).into())
            }
            0xfe => self.array().map(u64::from_le_bytes),
            _ => None,
        }
    }

    /// Bytes with their length before them.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Bytes with their length before them, or null, as rows in the text form have it.
    pub(crate) fn nullable_text(&mut self) -> Option<Option<&'a [u8]>> {
        if self.bytes.first() == Some(&0xfb) {
            self.u8()?;
            return Some(None);
        }
        self.text().map(Some)
    }

    /// Bytes up to a zero byte, which is skipped.
    pub(crate) fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.bytes)?;
        let text = self.take(end)?;
        self.u8()?;
        Some(text)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    fn owned_text(&mut self) -> Option<String> {
        self.text().map(|t| String::from_utf8_lossy(t).into_owned())
    }
}

/// What a statement has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Rows inserted, changed or deleted.
    pub(crate) affected: u64,
    /// The first number that the statement gave to a row; 0 for none.
    pub(crate) last_insert_id: u64,
    /// How many warnings there are.
    pub(crate) warnings: u16,
    /// The server's status ([`StatusFlags`]).
    pub(crate) status: u16,
    /// `Records: 3  Duplicates: 0  Warnings: 0`, where the server says something.
    pub(crate) info: String,
}

impl Done {
    /// Reads an OK packet; none if it is not one.
    pub(crate) fn ok(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(packet);
        fields.u8()?;
        let affected = fields.number()?;
        let last_insert_id = fields.number()?;
        let status = fields.u16()?;
        let warnings = fields.u16()?;
        // The documents call it a text to the end of the packet; servers send its length first.
        let info = fields.owned_text().unwrap_or_default();
        Some(Self {
            affected,
            last_insert_id,
            warnings,
            status,
            info,
        })
    }

    /// Reads an EOF packet; none if it is not one.
    pub(crate) fn eof(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(packet);
        fields.u8()?;
        Some(Self {
            warnings: fields.u16()?,
            status: fields.u16()?,
            ..Self::default()
        })
    }

    /// Whether another result follows.
    pub(crate) fn has_more(&self) -> bool {
        self.status & StatusFlags::SERVER_MORE_RESULTS_EXISTS.bits() != 0
    }
}

/// Whether a packet is an EOF packet, which ends columns and rows.
pub(crate) fn is_eof(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

/// A column of a result, as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    /// The database of the table.
    pub(crate) schema: String,
    /// The table that the column comes from; empty for an expression.
    pub(crate) org_table: String,
    /// What the result calls the column.
    pub(crate) name: String,
    /// What the table calls it.
    pub(crate) org_name: String,
    /// Its character set and collation; 63 for bytes.
    pub(crate) charset: u16,
    /// Longest value in bytes, or as wide as a number is shown.
    pub(crate) length: u32,
    /// Its type ([`mysql_common::constants::ColumnType`]).
    pub(crate) kind: u8,
    /// What else holds for it ([`mysql_common::constants::ColumnFlags`]).
    pub(crate) flags: u16,
    /// Fraction digits.
    pub(crate) decimals: u8,
}

impl ColumnDefinition {
    /// Reads a column definition packet; none if it is not one.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(packet);
        fields.text()?;
        let schema = fields.owned_text()?;
        fields.text()?;
        let org_table = fields.owned_text()?;
        let name = fields.owned_text()?;
        let org_name = fields.owned_text()?;
        fields.number()?;
        Some(Self {
            schema,
            org_table,
            name,
            org_name,
            charset: fields.u16()?,
            length: fields.u32()?,
            kind: fields.u8()?,
            flags: fields.u16()?,
            decimals: fields.u8()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_length_in_front() {
        let bytes = [
            0xfa, 0xfc, 0xfb, 0, 0xfd, 1, 2, 3, 0xfe, 1, 0, 0, 0, 0, 0, 0, 0x80, 0xfb,
        ];
        let mut fields = Fields::new(&bytes);
        assert_eq!(fields.number(), Some(0xfa));
        assert_eq!(fields.number(), Some(0xfb));
        assert_eq!(fields.number(), Some(0x03_0201));
        assert_eq!(fields.number(), Some(1 | 0x80 << 56));
        assert_eq!(fields.number(), None);
    }

    #[test]
    fn cut_packets_are_no_packets() {
        let ok = b"\x00\x03\x05\x03\x00\x01\x00\x02ab";
        let done = Done::ok(ok).unwrap();
        assert_eq!((done.affected, done.last_insert_id), (3, 5));
        assert_eq!((done.status, done.warnings), (3, 1));
        assert_eq!(done.info, "ab");
        assert!(!done.has_more());
        for end in 0..7 {
            assert_eq!(Done::ok(&ok[..end]), None);
        }
        let column =
            b"\x03def\x01s\x01t\x01o\x01n\x01m\x0c\x3f\x00\x0b\x00\x00\x00\x03\x21\x00\x00\x00\x00";
        let read = ColumnDefinition::read(column).unwrap();
        assert_eq!((read.name.as_str(), read.kind, read.charset), ("n", 3, 63));
        for end in 0..column.len() - 2 {
            assert_eq!(ColumnDefinition::read(&column[..end]), None);
        }
        assert_eq!(
            Fields::new(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff").text(),
            None
        );
    }
}
