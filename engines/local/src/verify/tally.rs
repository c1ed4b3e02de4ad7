//! Counts and checksums that don't depend on the order of rows.

/// Rows whose keys hash alike.
///
/// The checksum is the sum of the rows' 128-bit hashes, so that rows may come in any order and the
/// old half of an update takes back what the row before has added. A sum, unlike an exclusive or,
/// also sees a row that is there three times instead of once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Sum of the hashes of rows that came, less those that went.
    pub(crate) sum: u128,
    /// Rows that came, less those that went.
    pub(crate) rows: i64,
    /// Rows of every kind that were seen.
    pub(crate) seen: u64,
}

/// The rows of one side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) buckets: Vec<Bucket>,
    /// Bytes of all rows seen.
    pub(crate) bytes: u64,
}

impl Tally {
    /// `buckets` is a power of two.
    pub(crate) fn new(buckets: usize) -> Self {
        Self {
            buckets: vec![Bucket::default(); buckets],
            bytes: 0,
        }
    }

    /// A row came, or went.
    pub(crate) fn add(&mut self, bucket: usize, hash: u128, came: bool) {
        let bucket = &mut self.buckets[bucket];
        bucket.seen += 1;
        if came {
            bucket.sum = bucket.sum.wrapping_add(hash);
            bucket.rows += 1;
        } else {
            bucket.sum = bucket.sum.wrapping_sub(hash);
            bucket.rows -= 1;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.bytes += other.bytes;
        for (own, other) in self.buckets.iter_mut().zip(&other.buckets) {
            own.sum = own.sum.wrapping_add(other.sum);
            own.rows += other.rows;
            own.seen += other.seen;
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        let rows: i64 = self.buckets.iter().map(|b| b.rows).sum();
        u64::try_from(rows).unwrap_or(0)
    }

    pub(crate) fn seen(&self) -> u64 {
        self.buckets.iter().map(|b| b.seen).sum()
    }

    pub(crate) fn checksum(&self) -> u128 {
        let sums = self.buckets.iter().map(|b| b.sum);
        sums.fold(0, u128::wrapping_add)
    }
}
