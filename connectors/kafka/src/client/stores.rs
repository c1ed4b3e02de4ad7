//! Certificates and keys, which Java's clients take from key stores and librdkafka from PEM files.

use seatunnel_api::{Error, Result};

use crate::codes;

/// `ssl.truststore.*` and `ssl.keystore.*` of Java, as librdkafka's properties.
///
/// # Errors
/// If they are in a format of Java's own.
pub(super) fn stores<'a>(
    get: impl Fn(&str) -> Option<&'a str>,
) -> Result<Vec<(&'static str, String)>> {
    let mut out = Vec::new();
    if let Some(pem) = get("ssl.truststore.certificates") {
        out.push(("ssl.ca.pem", pem.to_owned()));
    }
    if let Some(place) = get("ssl.truststore.location") {
        match format("truststore", place, get("ssl.truststore.type"))? {
            Format::Pem => out.push(("ssl.ca.location", place.to_owned())),
            Format::Pkcs12 => return Err(java_store("truststore", "PKCS12")),
        }
    }
    if let Some(pem) = get("ssl.keystore.key") {
        out.push(("ssl.key.pem", pem.to_owned()));
    }
    if let Some(pem) = get("ssl.keystore.certificate.chain") {
        out.push(("ssl.certificate.pem", pem.to_owned()));
    }
    if let Some(place) = get("ssl.keystore.location") {
        match format("keystore", place, get("ssl.keystore.type"))? {
            // One file with the key and, behind it, its certificates.
            Format::Pem => {
                out.push(("ssl.key.location", place.to_owned()));
                out.push(("ssl.certificate.location", place.to_owned()));
                if let (Some(password), None) =
                    (get("ssl.keystore.password"), get("ssl.key.password"))
                {
                    out.push(("ssl.key.password", password.to_owned()));
                }
            }
            Format::Pkcs12 => {
                out.push(("ssl.keystore.location", place.to_owned()));
                if let Some(password) = get("ssl.keystore.password") {
                    out.push(("ssl.keystore.password", password.to_owned()));
                }
            }
        }
    }
    Ok(out)
}

enum Format {
    Pem,
    Pkcs12,
}

/// The format of a store: as it is given, else by the file's name, since Java's default (JKS) could
/// not be read anyway.
fn format(store: &str, place: &str, given: Option<&str>) -> Result<Format> {
    let named = |ends: &[&str]| {
        ends.iter()
            .any(|end| place.to_ascii_lowercase().ends_with(end))
    };
    let given = given.map(str::to_ascii_uppercase);
    match given.as_deref() {
        Some("PEM") => Ok(Format::Pem),
        Some("PKCS12") => Ok(Format::Pkcs12),
        Some(other) => Err(java_store(store, other)),
        None if named(&[".pem", ".crt", ".cer", ".key"]) => Ok(Format::Pem),
        None if named(&[".p12", ".pfx"]) => Ok(Format::Pkcs12),
        None => Err(java_store(store, "JKS")),
    }
}

fn java_store(store: &str, format: &str) -> Error {
    let (to, how) = match store {
        "truststore" => (
            "PEM",
            "keytool -exportcert -rfc -keystore STORE -alias NAME -file ca.pem",
        ),
        _ => (
            "PKCS12",
            "keytool -importkeystore -srckeystore STORE -destkeystore key.p12 -deststoretype PKCS12",
        ),
    };
    Error::new(
        codes::UNSUPPORTED,
        format!(
            "`ssl.{store}.location` of `kafka.config` is of type {format}, which only Java can read"
        ),
    )
    .with_help(format!(
        "convert it (`{how}`) and say `ssl.{store}.type = {to}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &'static str)]) -> Result<Vec<(&'static str, String)>> {
        stores(|name| given.iter().find(|(n, _)| *n == name).map(|(_, v)| *v))
    }

    #[test]
    fn pem_stores_become_files_of_librdkafka() {
        let out = read(&[
            ("ssl.truststore.location", "/etc/ca.pem"),
            ("ssl.keystore.type", "pem"),
            ("ssl.keystore.location", "/etc/me"),
            ("ssl.keystore.password", "hidden"),
        ])
        .unwrap();
        let name = |key| out.iter().find(|(k, _)| *k == key).map(|(_, v)| v.as_str());
        assert_eq!(name("ssl.ca.location"), Some("/etc/ca.pem"));
        assert_eq!(name("ssl.key.location"), Some("/etc/me"));
        assert_eq!(name("ssl.certificate.location"), Some("/etc/me"));
        assert_eq!(name("ssl.key.password"), Some("hidden"));
    }

    #[test]
    fn stores_of_java_are_refused_with_the_way_out() {
        for given in [
            ("ssl.truststore.location", "/etc/trust.jks"),
            ("ssl.truststore.location", "/etc/trust.p12"),
            ("ssl.keystore.location", "/etc/key.jks"),
        ] {
            let error = read(&[given]).unwrap_err();
            assert!(error.message().contains(given.0), "{error}");
            assert!(error.help().unwrap().contains("keytool"), "{error}");
        }
    }
}
