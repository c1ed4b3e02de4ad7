//! Messages as they are: what a message consists of becomes columns.

use seatunnel_api::{Column, DataType, RowKind, TableSchema};

use crate::columns::{Column as Values, RowColumns};
use crate::decoder::Message;
use crate::fault::{Fault, Step};

/// The columns of the format, as SeaTunnel has them.
pub(crate) fn schema() -> TableSchema {
    let text = || Box::new(DataType::String);
    let column = Column::new;
    TableSchema::new(vec![
        column("headers", DataType::Map(text(), text())).not_null(),
        column("key", DataType::Bytes),
        column("offset", DataType::BigInt).not_null(),
        column("partition", DataType::Int).not_null(),
        column("timestamp", DataType::BigInt).not_null(),
        column("timestampType", DataType::String).not_null(),
        column("value", DataType::Bytes),
    ])
}

/// Takes a message as one row. The columns are those of [`schema`].
pub(crate) fn decode(message: &Message<'_>, rows: &mut RowColumns) -> Step {
    let [
        Values::Map(headers),
        Values::Bytes(key),
        Values::I64(offset),
        Values::I32(partition),
        Values::I64(timestamp),
        Values::Text(kind),
        Values::Bytes(value),
    ] = rows.columns_mut()
    else {
        return Err(Fault::new("the table has not the columns of the format"));
    };
    for (name, content) in &message.headers {
        if let (Values::Text(names), Values::Text(contents)) =
            (&mut headers.keys, &mut headers.values)
        {
            names.push(name.as_bytes());
            match content {
                Some(bytes) => contents.push(String::from_utf8_lossy(bytes).as_bytes()),
                None => contents.push_null(),
            }
        }
    }
    // Of several headers of one name the last one counts.
    headers.end_unique();
    match message.key {
        Some(bytes) => key.push(bytes),
        None => key.push_null(),
    }
    offset.push(message.offset);
    partition.push(message.partition);
    // What Java's client has for messages without a time.
    timestamp.push(message.timestamp.unwrap_or(-1));
    kind.push(match (message.timestamp, message.is_append_time) {
        (None, _) => b"NoTimestampType",
        (Some(_), true) => b"LogAppendTime",
        (Some(_), false) => b"CreateTime",
    });
    match message.value {
        Some(bytes) => value.push(bytes),
        None => value.push_null(),
    }
    rows.end_row(RowKind::Insert);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seatunnel_api::{CatalogTable, TablePath, Value};

    use super::*;

    #[test]
    fn messages_are_rows_tombstones_too() {
        let table = CatalogTable::new("test", TablePath::unnamed(), schema());
        let mut rows = RowColumns::new(Arc::new(table));
        let full = Message {
            key: Some(b"\xff"),
            value: Some(b"v"),
            headers: vec![("a", Some(b"1")), ("b", None), ("a", Some(b"2"))],
            timestamp: Some(7),
            is_append_time: true,
            topic: "t",
            partition: 3,
            offset: 9,
        };
        decode(&full, &mut rows).unwrap_or_else(|_| panic!());
        decode(&Message::default(), &mut rows).unwrap_or_else(|_| panic!());
        let batch = rows.finish().unwrap();
        let text = |t: &str| Value::String(t.into());
        assert_eq!(
            batch.row(0).values(),
            [
                Value::Map(vec![(text("b"), Value::Null), (text("a"), text("2"))]),
                Value::Bytes(vec![0xff]),
                Value::BigInt(9),
                Value::Int(3),
                Value::BigInt(7),
                text("LogAppendTime"),
                Value::Bytes(b"v".to_vec()),
            ]
        );
        assert_eq!(
            batch.row(1).values(),
            [
                Value::Map(vec![]),
                Value::Null,
                Value::BigInt(0),
                Value::Int(0),
                Value::BigInt(-1),
                text("NoTimestampType"),
                Value::Null,
            ]
        );
    }
}
