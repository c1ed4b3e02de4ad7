//! Rows that stay where they are on their way from a reader to a writer of the same process: an element
//! that says where to find them crosses in their place.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use seatunnel_api::Batch;

/// What all readers of this process hold.
static ALL: LazyLock<Mutex<HashMap<u64, Weak<Shelf>>>> = LazyLock::new(Default::default);

/// Rows that a reader has given and no writer has taken yet. They go with the reader.
pub(crate) struct Held {
    shelf: Arc<Shelf>,
    given: u64,
}

struct Shelf {
    id: u64,
    rows: Mutex<HashMap<u64, Batch>>,
}

impl Held {
    pub(crate) fn new() -> Self {
        // At random, so that what another process holds is found in no other.
        let id = RandomState::new().build_hasher().finish();
        let shelf = Arc::new(Shelf {
            id,
            rows: Mutex::default(),
        });
        lock(&ALL).insert(id, Arc::downgrade(&shelf));
        Self { shelf, given: 0 }
    }

    /// Keeps rows until they are taken; where they are the two numbers say.
    pub(crate) fn put(&mut self, batch: Batch) -> (u64, u64) {
        self.given += 1;
        lock(&self.shelf.rows).insert(self.given, batch);
        (self.shelf.id, self.given)
    }
}

/// Takes what [`Held::put`] has kept; none if it was taken before, its reader is closed, or it is held by
/// another process.
pub(crate) fn take((shelf, number): (u64, u64)) -> Option<Batch> {
    let shelf = lock(&ALL).get(&shelf)?.upgrade()?;
    let mut rows = lock(&shelf.rows);
    rows.remove(&number)
}

impl Drop for Shelf {
    fn drop(&mut self) {
        lock(&ALL).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::{
        BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
    };

    fn batch() -> Batch {
        let columns = vec![Column::new("id", DataType::BigInt)];
        let table = CatalogTable::new("test", TablePath::unnamed(), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        builder.push(RowKind::Insert, &[Value::BigInt(7)]).unwrap();
        builder.finish()
    }

    #[test]
    fn rows_are_taken_once_and_only_while_their_reader_is_open() {
        let mut reader = Held::new();
        let mut other = Held::new();
        let (first, second) = (reader.put(batch()), reader.put(batch()));
        let of_other = other.put(batch());
        assert_eq!(take(first).unwrap().num_rows(), 1);
        assert!(take(first).is_none());
        drop(reader);
        assert!(take(second).is_none());
        assert!(take(of_other).is_some());
        let id = other.shelf.id;
        drop(other);
        assert!(!lock(&ALL).contains_key(&id));
    }
}
