//! What is known of rows besides their values.

use arrow_array::cast::AsArray;
use serde_json::{Value as Json, json};

use crate::support::{Folder, read_split, source, splits};

#[tokio::test]
async fn of_each_row_it_is_known_which_file_it_is_from_whatever_the_format() {
    for (format, name, content) in [
        ("csv", "p=1/a.csv", "1\n2\n"),
        ("json", "a.b.json", "{\"id\": 1}\n{\"id\": 2}\n"),
        ("text", "plain", "1\n2\n"),
        (
            "xml",
            "rows.xml",
            "<RECORDS><RECORD id=\"1\"/><RECORD id=\"2\"/></RECORDS>",
        ),
        (
            "canal_json",
            "changes.json",
            "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"type\":\"INSERT\"}\n",
        ),
    ] {
        let folder = Folder::new();
        let path = folder.write(name, content);
        let more = match format {
            "xml" => json!({ "xml_row_tag": "RECORD", "xml_use_attr_format": true }),
            _ => Json::Null,
        };
        let options = folder.options(format, json!({ "id": "int" }), more);
        let source = source(&options).await.unwrap();
        let split = splits(&source, 1).await.unwrap().remove(0);
        let collected = read_split(&source, &split.bytes, 8_192).await.unwrap();
        let (batch, _) = &collected.batches[0];
        let ending = path.extension().unwrap_or_default().to_str().unwrap();
        for (fact, expected) in [("FilePath", path.to_str().unwrap()), ("FileType", ending)] {
            let column = batch.fact(fact).unwrap().column(2).unwrap();
            let values: Vec<_> = column.as_string::<i32>().iter().collect();
            assert_eq!(values, [Some(expected); 2], "{format}");
            let table = &source.tables()[0];
            assert!(table.facts().iter().any(|(name, _)| *name == fact));
        }
    }
}
