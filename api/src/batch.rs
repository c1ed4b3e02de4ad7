//! Rows of one table as columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::DataType as ArrowType;

use crate::error::Result;
use crate::fact::Fact;
use crate::row::Row;
use crate::row_kind::RowKinds;
use crate::table::CatalogTable;

/// Rows of one table as columns, and what each row does to the table.
///
/// Cloning counts references. The columns are those of [`CatalogTable::arrow_schema`].
#[derive(Clone, Debug)]
pub struct Batch {
    table: Arc<CatalogTable>,
    records: RecordBatch,
    kinds: RowKinds,
    facts: Option<Arc<[Fact]>>,
}

impl Batch {
    /// Rows that are all inserts.
    pub fn inserts(table: Arc<CatalogTable>, records: RecordBatch) -> Self {
        Self::new(table, records, RowKinds::default())
    }

    /// Rows and their kinds.
    ///
    /// # Panics
    /// In debug builds, if the columns' types are not those of the table: a bug of the connector.
    pub fn new(table: Arc<CatalogTable>, records: RecordBatch, kinds: RowKinds) -> Self {
        debug_assert!(
            records.columns().iter().map(|c| c.data_type()).eq(table
                .arrow_schema()
                .fields()
                .iter()
                .map(|f| f.data_type())),
            "batch of {} has columns {:?}, its table {:?}",
            table.path(),
            records.schema(),
            table.arrow_schema()
        );
        Self {
            table,
            records,
            kinds,
            facts: None,
        }
    }

    /// The same rows with what is known of them besides.
    ///
    /// # Panics
    /// In debug builds, if a fact has not a value for each row: a bug of the connector.
    #[must_use]
    pub fn with_facts(mut self, facts: Vec<Fact>) -> Self {
        debug_assert!(facts.iter().all(|fact| fact.fits(self.num_rows())));
        self.facts = Some(facts.into());
        self
    }

    /// The same rows with what is known of those of another batch, which are the same rows with other columns.
    #[must_use]
    pub fn with_facts_of(mut self, other: &Self) -> Self {
        self.facts = other.facts.clone();
        self
    }

    /// What is known of the rows under a name; none if the source doesn't say, or a transform made other rows.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        let mut facts = self.facts.iter().flat_map(|facts| facts.iter());
        facts.find(|fact| fact.name() == name)
    }

    /// The table whose rows these are.
    pub fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    /// The columns.
    pub fn records(&self) -> &RecordBatch {
        &self.records
    }

    /// What each row does to the table.
    pub fn kinds(&self) -> &RowKinds {
        &self.kinds
    }

    /// Takes the batch apart.
    pub fn into_parts(self) -> (Arc<CatalogTable>, RecordBatch, RowKinds) {
        (self.table, self.records, self.kinds)
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.records.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.num_rows() == 0
    }

    /// Bytes that these rows take in their columns: what rates and limits count. Of a slice only its part.
    pub fn num_bytes(&self) -> usize {
        self.records.columns().iter().map(column_bytes).sum()
    }

    /// The convenient view of one row.
    pub fn row(&self, index: usize) -> Row<'_> {
        Row::new(self, index)
    }

    /// The convenient view of all rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.num_rows()).map(|index| Row::new(self, index))
    }

    /// Rows `offset..offset + length`, sharing memory.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            table: self.table.clone(),
            records: self.records.slice(offset, length),
            kinds: self.kinds.slice(offset, length),
            facts: self.facts.as_ref().map(|facts| {
                let parts = facts.iter().map(|fact| fact.slice(offset, length));
                parts.collect()
            }),
        }
    }

    /// The rows for which `keep` is true (null counts as false).
    ///
    /// # Errors
    /// If `keep` has another length than the batch.
    pub fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let records = arrow_select::filter::filter_record_batch(&self.records, keep)?;
        let kinds = self
            .kinds
            .filter(|row| keep.is_valid(row) && keep.value(row));
        let facts = self.facts.as_ref().map(|facts| {
            let parts = facts.iter().map(|fact| fact.filter(keep));
            parts.collect::<Result<_>>()
        });
        Ok(Self {
            table: self.table.clone(),
            records,
            kinds,
            facts: facts.transpose()?,
        })
    }
}

/// Bytes that a column's values take, of a slice only its part. Asked for each batch, so the usual types are told without
/// taking the column apart.
pub fn column_bytes(column: &ArrayRef) -> usize {
    let rows = column.len();
    let nulls = column.nulls().map_or(0, |_| rows.div_ceil(8));
    let values = match column.data_type() {
        ArrowType::Utf8 => {
            let offsets = column.as_string::<i32>().value_offsets();
            (offsets[rows] - offsets[0]) as usize + 4 * (rows + 1)
        }
        ArrowType::Binary => {
            let offsets = column.as_binary::<i32>().value_offsets();
            (offsets[rows] - offsets[0]) as usize + 4 * (rows + 1)
        }
        ArrowType::Boolean => rows.div_ceil(8),
        ArrowType::List(_) => {
            let list = column.as_list::<i32>();
            let offsets = list.value_offsets();
            let (from, to) = (offsets[0] as usize, offsets[rows] as usize);
            column_bytes(&list.values().slice(from, to - from)) + 4 * (rows + 1)
        }
        ArrowType::Map(..) => {
            let map = column.as_map();
            let offsets = map.value_offsets();
            let (from, to) = (offsets[0] as usize, offsets[rows] as usize);
            let entries = map.entries().slice(from, to - from);
            entries.columns().iter().map(column_bytes).sum::<usize>() + 4 * (rows + 1)
        }
        ArrowType::Struct(_) => column.as_struct().columns().iter().map(column_bytes).sum(),
        other => match other.primitive_width() {
            Some(width) => width * rows,
            None => {
                return column
                    .to_data()
                    .get_slice_memory_size()
                    .unwrap_or_else(|_| column.get_array_memory_size());
            }
        },
    };
    values + nulls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch_builder::BatchBuilder;
    use crate::row::Value;
    use crate::row_kind::RowKind;
    use crate::table::{Column, TablePath, TableSchema};
    use crate::types::DataType;

    #[test]
    fn what_is_known_of_rows_stays_with_them() {
        use arrow_array::types::Int64Type;
        use arrow_array::{Int64Array, StringArray};

        let schema = TableSchema::new(vec![Column::new("id", DataType::BigInt)]);
        let table = Arc::new(CatalogTable::new("test", TablePath::unnamed(), schema));
        let mut builder = BatchBuilder::new(table);
        for n in 0..4 {
            let row = [Value::BigInt(n)];
            builder.push(RowKind::Insert, &row).unwrap();
        }
        let batch = builder.finish().with_facts(vec![
            Fact::each(
                "EventTime",
                Arc::new(Int64Array::from(vec![10, 11, 12, 13])),
            ),
            Fact::same("FilePath", Arc::new(StringArray::from(vec!["a"]))),
        ]);
        let times = |batch: &Batch| -> Vec<i64> {
            let column = batch.fact("EventTime").unwrap().column(batch.num_rows());
            column
                .unwrap()
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        };
        let keep = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
        let kept = batch.filter(&keep).unwrap();
        assert_eq!(times(&kept), [10, 13]);
        assert_eq!(times(&batch.slice(1, 2)), [11, 12]);
        assert_eq!(times(&batch.slice(2, 2).with_facts_of(&kept)), [10, 13]);
        let paths = kept.fact("FilePath").unwrap().column(2).unwrap();
        assert_eq!(
            paths.as_string::<i32>().iter().collect::<Vec<_>>(),
            [Some("a"); 2]
        );
        assert!(kept.fact("Delay").is_none());
    }

    #[test]
    fn bytes_are_those_of_the_rows_and_not_of_what_they_share() {
        let types = [
            "bigint",
            "string",
            "boolean",
            "map<int, array<int>>",
            "decimal(40, 2)",
        ];
        let columns = types.iter().zip(['a', 'b', 'c', 'd', 'e']);
        let columns = columns
            .map(|(text, name)| Column::new(name.to_string(), DataType::parse(text).unwrap()))
            .collect();
        let table = CatalogTable::new("test", TablePath::unnamed(), TableSchema::new(columns));
        let mut builder = BatchBuilder::new(Arc::new(table));
        for n in 0..800 {
            let row = [
                Value::BigInt(n),
                Value::String("four".into()),
                Value::Boolean(true),
                Value::Map(vec![(Value::Int(1), Value::Array(vec![Value::Int(2)]))]),
                Value::Null,
            ];
            builder.push(RowKind::Insert, &row).unwrap();
        }
        let batch = builder.finish();
        let arrow: usize = batch
            .records()
            .columns()
            .iter()
            .map(|c| c.to_data().get_slice_memory_size().unwrap())
            .sum();
        assert_eq!(batch.num_bytes(), arrow);
        let half = batch.slice(400, 400).num_bytes();
        assert!(half * 2 < arrow + 100, "{half} of {arrow}");
    }
}
