//! Tables, for those who read the columns of elements themselves.

use jni::objects::JByteArray;
use jni::sys::{jint, jlong};
use seatunnel_api::{CatalogTable, DataType, Error, codes};
use seatunnel_blocking::frames;

use crate::guard::{bytes_out, native};
use crate::job::job;

native!(sinkTables(env, job: jlong, sink: jint) -> JByteArray<'l> {
    let job = self::job(job)?;
    let node = usize::try_from(sink).ok().and_then(|sink| job.plan().nodes.get(sink));
    let node = node.ok_or_else(|| Error::new(codes::INTERNAL, "the job has no such sink"))?;
    let tables = node.tables.iter().map(|table| table_out(table));
    let tables: Vec<_> = tables.collect();
    bytes_out(env, &frames::pack(&tables))
});

/// What `ColumnType.java` reads.
fn table_out(table: &CatalogTable) -> Vec<u8> {
    let columns = table.columns().iter().map(|column| {
        frames::pack(&[
            column.name.as_bytes().to_vec(),
            type_out(&column.data_type),
            vec![u8::from(column.nullable)],
        ])
    });
    let columns: Vec<_> = columns.collect();
    frames::pack(&[
        table.path().to_string().into_bytes(),
        frames::pack(&columns),
    ])
}

/// A type: its name, then what it is made of.
fn type_out(data_type: &DataType) -> Vec<u8> {
    let int = |number: i32| number.to_be_bytes().to_vec();
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let name = match data_type {
        DataType::Decimal { precision, scale } => {
            parts.push(int(i32::from(*precision)));
            parts.push(int(i32::from(*scale)));
            "decimal".to_owned()
        }
        DataType::Array(item) => {
            parts.push(type_out(item));
            "array".to_owned()
        }
        DataType::Map(key, value) => {
            parts.push(type_out(key));
            parts.push(type_out(value));
            "map".to_owned()
        }
        DataType::Row(fields) => {
            for field in fields.iter() {
                parts.push(field.name.as_bytes().to_vec());
                parts.push(type_out(&field.data_type));
            }
            "row".to_owned()
        }
        DataType::FloatVector(dimension) => {
            parts.push(int(i32::try_from(*dimension).unwrap_or(i32::MAX)));
            "float_vector".to_owned()
        }
        simple => simple.to_string(),
    };
    parts.insert(0, name.into_bytes());
    // As a user would write it, for messages.
    parts.insert(1, data_type.to_string().into_bytes());
    frames::pack(&parts)
}
