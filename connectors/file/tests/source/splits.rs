//! Large files in parts, and reading on from a position.

use seatunnel_api::Value;
use serde_json::{Value as Json, json};

use crate::support::{Folder, read, read_by, read_split, source, splits};

/// Numbers that look like chance and are the same each time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn fields() -> Json {
    json!({"id": "bigint", "name": "string", "remark": "string"})
}

/// Rows with quotes, delimiters and line ends in their fields, and what they should read as.
fn random_csv(dice: &mut Dice, rows: usize) -> (String, Vec<Vec<Value>>) {
    const PIECES: [&str; 9] = [
        "a",
        "\"",
        ",",
        "\n",
        "\r\n",
        "a text that is rather long ",
        "é",
        "5\"",
        "\n\n",
    ];
    let (mut text, mut expected) = (String::new(), Vec::new());
    for id in 0..rows {
        text.push_str(&id.to_string());
        let mut row = vec![Value::BigInt(id as i64)];
        for _ in 0..2 {
            let count = dice.below(6);
            let pieces = (0..count).map(|_| PIECES[dice.below(9) as usize]);
            let field: String = pieces.collect();
            text.push(',');
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
            row.push(Value::String(field));
        }
        text.push_str(if dice.below(2) == 0 { "\n" } else { "\r\n" });
        expected.push(row);
    }
    (text, expected)
}

#[tokio::test]
async fn splits_hold_each_row_once() {
    for seed in 1..4 {
        let mut dice = Dice::new(seed);
        let folder = Folder::new();
        let (text, expected) = random_csv(&mut dice, 14_000);
        assert!(text.len() > 200_000);
        folder.write(
            "a.csv",
            format!("\u{feff}id,\"name,remark\nskipped\n{text}"),
        );
        for (size, readers) in [(700, 4), (3_000, 1), (4_321, 2), (65_536, 3), (1 << 20, 4)] {
            let more = json!({"file_split_size": size, "skip_header_row_number": 2});
            let options = folder.options("csv", fields(), more);
            let source = source(&options).await.unwrap();
            let count = splits(&source, readers).await.unwrap().len();
            assert!(count == 1 || size < 1 << 20, "{count} splits of {size}");
            let rows = read_by(&options, readers).await.unwrap();
            assert!(rows == expected, "seed {seed}, size {size}");
        }
    }
}

#[tokio::test]
async fn files_that_are_split_may_have_a_header() {
    let mut dice = Dice::new(9);
    let folder = Folder::new();
    let (text, expected) = random_csv(&mut dice, 2_000);
    folder.write(
        "a.csv",
        format!("id,name,\"re\"\"mark\n\",remark\n{}", text),
    );
    let more = json!({"file_split_size": 10, "csv_use_header_line": true});
    let options = folder.options("csv", json!({"name": "string", "id": "bigint"}), more);
    let rows = read_by(&options, 4).await.unwrap();
    assert_eq!(rows.len(), expected.len());
    let ids = rows.iter().zip(&expected);
    assert!(
        ids.clone()
            .all(|(row, all)| row[1] == all[0] && row[0] == all[1])
    );
}

#[tokio::test]
async fn a_file_is_not_split_where_it_should_not_be() {
    let folder = Folder::new();
    folder.write("a.csv", "1,a,b\n".repeat(1_000));
    let more = json!({"file_split_size": 100, "enable_file_split": false});
    let source = source(&folder.options("csv", fields(), more))
        .await
        .unwrap();
    assert_eq!(splits(&source, 4).await.unwrap().len(), 1);
}

/// Reading on from any position gives the rows that have not come.
pub(crate) async fn resumes(options: &Json, batch: usize) {
    let whole = read(options).await.unwrap();
    let source = source(options).await.unwrap();
    let mut before = 0;
    let mut positions = 0;
    for split in splits(&source, 1).await.unwrap() {
        let all = read_split(&source, &split.bytes, batch).await.unwrap();
        let rows = all.rows();
        let mut done = 0;
        for (batch_read, position) in &all.batches {
            done += batch_read.num_rows();
            let position = position.as_ref().unwrap();
            let rest = read_split(&source, position, batch + 1)
                .await
                .unwrap()
                .rows();
            assert!(
                rest == rows[done..],
                "after {done} rows: {} came",
                rest.len()
            );
            // And once more from a position in what was resumed.
            let again = read_split(&source, position, 13).await.unwrap();
            if let Some((first, Some(next))) = again.batches.first() {
                let rest = read_split(&source, next, batch).await.unwrap().rows();
                assert!(
                    rest == rows[done + first.num_rows()..],
                    "twice, after {done} rows"
                );
            }
            positions += 1;
        }
        assert!(rows == whole[before..before + rows.len()]);
        before += rows.len();
    }
    assert!(positions > 5 && before == whole.len());
}

#[tokio::test]
async fn reading_goes_on_from_any_position() {
    let (text, _) = random_csv(&mut Dice::new(5), 400);
    let folder = Folder::new();
    folder.write("a.csv", format!("\u{feff}header\n{text}"));
    for more in [
        json!({"skip_header_row_number": 1}),
        json!({"skip_header_row_number": 1, "file_split_size": 5_000}),
        json!({"skip_header_row_number": 1, "escape_char": "\\"}),
    ] {
        resumes(&folder.options("csv", fields(), more), 50).await;
    }
}

#[tokio::test]
async fn reading_goes_on_in_json_lines() {
    for kind in ["string", "array<decimal(5, 2)>"] {
        let folder = Folder::new();
        let lines = (0..500).map(|id| format!("{{\"id\":{id},\"x\":null}}\n\n"));
        folder.write("a.json", lines.collect::<String>());
        let options = folder.options("json", json!({"id": "bigint", "x": kind}), json!({}));
        resumes(&options, 40).await;
    }
}
