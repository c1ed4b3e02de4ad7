//! Secrets in job files.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use seatunnel_api::Error;
use seatunnel_config::shade::{ConfigShade, ShadeCodec, Shades};
use seatunnel_config::{Format, LoadOptions, decrypt, encrypt, load, parse_str};
use serde_json::Value;
use support::with;

const JOB: &str = r#"
env { SHADE }
source { Jdbc { url = u, username = root, password = "pa$$ wörd", tokens = [a], token = [t1, t2] } }
transform { Llm { api_key = k, model = m } }
sink { Jdbc { password = 12345, user = plain, nested { password = stays } } }
"#;

fn job(shade: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".conf").tempfile().unwrap();
    fs::write(file.path(), JOB.replace("SHADE", shade)).unwrap();
    file
}

fn secrets(tree: &Value) -> Vec<String> {
    let (source, sink) = (&tree["source"][0], &tree["sink"][0]);
    [
        &source["username"],
        &source["password"],
        &source["token"][0],
        &source["token"][1],
        &tree["transform"][0]["api_key"],
        &sink["password"],
    ]
    .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
    .to_vec()
}

const PLAIN: [&str; 6] = ["root", "pa$$ wörd", "t1", "t2", "k", "12345"];

/// Encrypts the job, then loads what that printed.
fn round_trip(shade: &str) -> (Value, Value) {
    let encrypted = encrypt(job(shade).path(), &with(&[])).unwrap().to_json();
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    fs::write(file.path(), encrypted.to_string()).unwrap();
    let loaded = load(file.path(), &with(&[])).unwrap().root.to_json();
    assert_eq!(decrypt(file.path(), &with(&[])).unwrap().to_json(), loaded);
    (encrypted, loaded)
}

#[test]
fn base64_encodes_the_sensitive_options_alone() {
    let (encrypted, decrypted) = round_trip("shade.identifier = base64, shade.options = [api_key]");
    assert_eq!(secrets(&encrypted)[..2], ["cm9vdA==", "cGEkJCB3w7ZyZA=="]);
    assert_eq!(encrypted["sink"][0]["nested"]["password"], "stays");
    assert_eq!(encrypted["source"][0]["tokens"][0], "a");
    assert_eq!(encrypted["transform"][0]["model"], "m");
    assert_eq!(secrets(&decrypted), PLAIN);
}

#[test]
fn aes_hides_texts_and_notices_another_key() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let shade = format!(
        "shade.identifier = aes, shade.options = [api_key], shade.properties {{ key = \"{key}\" }}"
    );
    let (encrypted, decrypted) = round_trip(&shade);
    assert!(
        secrets(&encrypted)
            .iter()
            .zip(PLAIN)
            .all(|(a, b)| a != b && a.len() > 36)
    );
    assert_eq!(secrets(&decrypted), PLAIN);

    let other = encrypted
        .to_string()
        .replace(key, "QUFBQUFBQUFBQUFBQUFBQQ==");
    let error = parse_str("job", &other, Format::Json, &with(&[])).unwrap_err();
    assert!(
        error
            .report()
            .contains("the option `password` cannot be decrypted"),
        "{error:?}"
    );
    assert!(!error.report().contains(&secrets(&encrypted)[1]) && !error.report().contains("QUFB"));
}

#[test]
fn an_aes_key_can_stand_in_a_file() {
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "MDEyMzQ1Njc4OWFiY2RlZg==\n").unwrap();
    let shade = format!(
        "shade.identifier = aes, shade.properties {{ key_file = \"{}\" }}",
        key.path().display()
    );
    let (_, decrypted) = round_trip(&shade);
    assert_eq!(secrets(&decrypted), PLAIN);
}

#[test]
fn a_missing_or_short_key_is_an_error() {
    for (properties, message) in [
        ("key_env = SEATUNNEL_NO_SUCH_KEY", "`SEATUNNEL_NO_SUCH_KEY`"),
        ("key_env = SEATUNNEL_NO_SUCH_KEY, key = c2hvcnQ=", "5 bytes"),
        ("key_file = /no/such/file", "`/no/such/file`"),
    ] {
        let properties = properties.replace("c2hvcnQ=", "\"c2hvcnQ=\"");
        let shade = format!("shade.identifier = aes, shade.properties {{ {properties} }}");
        let error = encrypt(job(&shade).path(), &with(&[])).unwrap_err();
        assert!(error.message().contains(message), "{error}");
    }
}

#[test]
fn a_text_that_is_not_encoded_is_an_error_that_does_not_show_it() {
    let error = load(job("shade.identifier = base64").path(), &with(&[])).unwrap_err();
    assert_eq!(error.diagnostics().len(), 5);
    let report = error.report();
    assert!(
        report.contains("the option `password` cannot be decrypted: it is not base64"),
        "{report}"
    );
    assert!(
        !report.contains("wörd") && !report.contains("t1"),
        "{report}"
    );
}

#[test]
fn an_unknown_way_is_an_error_with_the_nearest() {
    let error = load(job("shade.identifier = base46").path(), &with(&[])).unwrap_err();
    assert_eq!(error.help(), Some("did you mean `base64`?"));
}

#[test]
fn without_a_way_secrets_stand_as_they_are() {
    for shade in ["", "shade.identifier = default"] {
        let loaded = load(job(shade).path(), &with(&[])).unwrap();
        assert_eq!(secrets(&loaded.root.to_json()), PLAIN);
    }
}

#[test]
fn variables_that_are_not_set_survive_encryption() {
    let file = tempfile::Builder::new().suffix(".conf").tempfile().unwrap();
    let text = "env { job.name = ${name} }\nsource { A { x = \"${y}\", z = ${v} } }";
    fs::write(file.path(), text).unwrap();
    let tree = encrypt(file.path(), &with(&["v=1"])).unwrap().to_json();
    assert_eq!(tree["env"]["job.name"], "${name}");
    assert_eq!(
        (&tree["source"][0]["x"], &tree["source"][0]["z"]),
        (&"${y}".into(), &"1".into())
    );
}

struct Suffix(String);

impl ConfigShade for Suffix {
    fn identifier(&self) -> &str {
        "suffix"
    }

    fn sensitive_options(&self) -> &[&str] {
        &["api_key"]
    }

    fn open(&self, properties: &BTreeMap<String, String>) -> Result<Box<dyn ShadeCodec>, Error> {
        Ok(Box::new(Suffix(properties["suffix"].clone())))
    }
}

impl ShadeCodec for Suffix {
    fn encrypt(&self, text: &str) -> Result<String, Error> {
        Ok(format!("{text}{}", self.0))
    }

    fn decrypt(&self, text: &str) -> Result<String, Error> {
        Ok(text.trim_end_matches(&self.0).to_owned())
    }
}

#[test]
fn a_program_can_add_its_own_way() {
    let options = LoadOptions {
        shades: Shades::default().with(Arc::new(Suffix(String::new()))),
        ..with(&[])
    };
    let file = job("shade.identifier = suffix, shade.properties { suffix = 666 }");
    let tree = encrypt(file.path(), &options).unwrap().to_json();
    assert_eq!(secrets(&tree)[4], "k666");
}
