//! FieldEncrypt.

use seatunnel_api::Value;

use crate::support::{Job, batch_of, refusal, rows, table, table_of, text};

const KEYS: [&str; 3] = [
    "base64:MDEyMzQ1Njc4OWFiY2RlZg==",
    "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u",
    "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=",
];

fn options(key: &str, algorithm: &str, mode: &str) -> String {
    format!(
        r#"{{"fields": ["name", "city"], "key": "{key}", "algorithm": "{algorithm}", "mode": "{mode}"}}"#
    )
}

#[test]
fn what_is_encrypted_is_decrypted_with_every_key_and_algorithm() {
    for algorithm in ["AES_CBC", "AES_GCM"] {
        for key in KEYS {
            let encrypt = Job::new(
                "FieldEncrypt",
                &options(key, algorithm, "encrypt"),
                vec![table("t")],
            )
            .unwrap();
            let before = rows(&encrypt.inputs[0]);
            let hidden = encrypt.run(before.clone()).unwrap().remove(0);
            for column in [1, 2] {
                assert_ne!(
                    hidden.row(0).values()[column],
                    before.row(0).values()[column]
                );
            }
            // The same text looks different each time.
            assert_ne!(hidden.row(0).values()[2], hidden.row(1).values()[2]);
            assert_eq!(hidden.row(2).values()[1], Value::Null);
            assert_eq!(hidden.row(0).values()[0], Value::Int(1));
            let decrypt = Job::new(
                "FieldEncrypt",
                &options(key, algorithm, "DECRYPT"),
                vec![hidden.table().clone()],
            )
            .unwrap();
            let after = decrypt.run(hidden).unwrap().remove(0);
            for row in 0..3 {
                assert_eq!(after.row(row).values(), before.row(row).values());
                assert_eq!(after.row(row).kind(), before.row(row).kind());
            }
        }
    }
}

#[test]
fn texts_that_others_encrypted_are_decrypted() {
    // `openssl enc -aes-128-cbc -K 30…66 -iv 000102…0f`, the random bytes in front.
    let sealed = "AAECAwQFBgcICQoLDA0ODxOK2xcsIfDVtyFjnQp52e0=";
    let input = table_of("t", &[("name", "string"), ("city", "string")]);
    let job = Job::new(
        "FieldEncrypt",
        &options(KEYS[0], "AES_CBC", "DECRYPT"),
        vec![input.clone()],
    )
    .unwrap();
    let out = job
        .run(batch_of(&input, &[vec![text(sealed), Value::Null]]))
        .unwrap();
    assert_eq!(out[0].row(0).values()[0], text("SeaTunnel"));
}

#[test]
fn a_wrong_key_or_text_is_an_error_of_its_row_and_tells_no_value() {
    let input = table_of("t", &[("name", "string"), ("city", "string")]);
    let encrypt = Job::new(
        "FieldEncrypt",
        &options(KEYS[0], "AES_GCM", "ENCRYPT"),
        vec![input.clone()],
    )
    .unwrap();
    let batch = batch_of(&input, &[vec![text("hidden"), text("also")]]);
    let hidden = encrypt.run(batch).unwrap().remove(0);
    let shown = hidden.row(0).values()[0].to_string();
    let other = Job::new(
        "FieldEncrypt",
        &options(KEYS[2], "AES_GCM", "DECRYPT"),
        vec![hidden.table().clone()],
    )
    .unwrap();
    let error = other.run(hidden).unwrap_err();
    assert!(error.is_of_row());
    assert!(
        error.report().contains("the key is another one"),
        "{error:?}"
    );
    assert!(!error.report().contains(&shown));
    for broken in ["no base64!", "AAAA"] {
        let decrypt = Job::new(
            "FieldEncrypt",
            &options(KEYS[0], "AES_CBC", "DECRYPT"),
            vec![input.clone()],
        )
        .unwrap();
        let error = decrypt
            .run(batch_of(&input, &[vec![text(broken), Value::Null]]))
            .unwrap_err();
        assert!(
            error.is_of_row() && !error.report().contains(broken),
            "{error:?}"
        );
    }
}

#[test]
fn options_of_field_encrypt_are_checked() {
    for (key, why) in [
        ("", "is empty"),
        ("%%%", "is not base64"),
        ("AAAA", "has 3 bytes, not 16, 24 or 32"),
    ] {
        let report = refusal(
            "FieldEncrypt",
            &options(key, "AES_CBC", "ENCRYPT"),
            vec![table("t")],
        );
        assert!(report.contains(why), "{report}");
    }
    let number = format!(r#"{{"fields": ["age"], "key": "{}"}}"#, KEYS[0]);
    let report = refusal("FieldEncrypt", &number, vec![table("t")]);
    assert!(report.contains("works on text"), "{report}");
    let long = format!(
        r#"{{"fields": ["name"], "key": "{}", "max_field_length": 3}}"#,
        KEYS[0]
    );
    let job = Job::new("FieldEncrypt", &long, vec![table("t")]).unwrap();
    let error = job.run(rows(&job.inputs[0])).unwrap_err();
    assert!(
        error.report().contains("longer than 3 characters"),
        "{error:?}"
    );
}
