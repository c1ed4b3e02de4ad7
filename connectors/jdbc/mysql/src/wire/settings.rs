//! What a connection is opened with: the url's parameters, as Connector/J and MariaDB's connector
//! call them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatunnel_api::options::Secret;
use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_core::tls::{TlsMode, TlsOptions};
use seatunnel_jdbc_core::url::{self, Address, ServerUrl, wrong_parameter};

use super::parameters::{ACCEPTED, USED};

/// The port of MySQL and MariaDB.
const PORT: u16 = 3306;

/// What becomes of dates with a year, month or day of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZeroDates {
    /// They are an error.
    Refuse,
    /// They are read as null.
    Null,
    /// They become the nearest date: 0001-01-01 for a date of zeros, month and day 1 for those of zero.
    Round,
}

/// How columns of type `time` are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeType {
    /// As a time of day; what is none is an error.
    Time,
    /// As text, negative ones and those of more than a day too.
    Text,
}

/// How values are read, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behaviour {
    /// Whether `tinyint(1)` is a boolean.
    pub(crate) tinyint1_is_bit: bool,
    /// What becomes of zero dates.
    pub(crate) zero_dates: ZeroDates,
    /// How `time` is read.
    pub(crate) time: TimeType,
    /// Whether the server may be asked for the key that passwords are encrypted with.
    pub(crate) allow_public_key_retrieval: bool,
}

/// How to connect.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) addresses: Vec<Address>,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    database: Option<String>,
    pub(crate) tls: TlsOptions,
    /// The server's public key (PEM), to encrypt the password with.
    pub(crate) server_key: Option<Vec<u8>>,
    /// How long to wait for each address, login included.
    pub(crate) connect_timeout: Duration,
    /// How long to wait for an answer.
    pub(crate) answer_timeout: Option<Duration>,
    /// The time zone that the session is to show timestamps in; the server's own if none.
    pub(crate) time_zone: Option<String>,
    /// What the user sets in the session: `a=1,b='x'`.
    pub(crate) session_variables: Option<String>,
    pub(crate) behaviour: Behaviour,
}

impl Settings {
    /// Reads the options.
    ///
    /// # Errors
    /// If the url can't be understood or a parameter has a value that makes no sense.
    pub(crate) fn parse(options: &ConnectionOptions) -> Result<Self> {
        if options.use_kerberos {
            return Err(
                Error::new(errors::OPTION, "use_kerberos is not built in for MySQL")
                    .with_help("log in with `username` and `password`"),
            );
        }
        let url = ServerUrl::parse(options, PORT)?;
        url.warn_of_unknown(USED.iter().chain(ACCEPTED));
        let milliseconds = |name: &str| -> Result<Option<Duration>> {
            match url.parameter(&[name]) {
                None => Ok(None),
                Some(text) => match text.trim().parse::<u64>() {
                    Ok(0) => Ok(None),
                    Ok(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
                    Err(_) => Err(wrong_parameter(name, text, "a number of milliseconds")),
                },
            }
        };
        let connect_timeout = options.connect_timeout(|| milliseconds("connectTimeout"))?;
        let answer_timeout = milliseconds("socketTimeout")?.or(options.answer_timeout());
        let user = match &url.user {
            Some(user) => user.clone(),
            // As the server's own programs do.
            None => std::env::var("USER").unwrap_or_else(|_| "root".to_owned()),
        };
        let server_key = match url.parameter(&["serverRSAPublicKeyFile"]) {
            None | Some("") => None,
            Some(path) => Some(std::fs::read(path).map_err(|e| {
                wrong_parameter("serverRSAPublicKeyFile", path, "a file that can be read")
                    .with_cause(e)
            })?),
        };
        let tinyint1_is_bit = url.flag(&["tinyInt1isBit"])?;
        Ok(Self {
            addresses: url.addresses.clone(),
            user,
            password: url.password.clone(),
            database: url.database.clone(),
            tls: tls(&url)?,
            server_key,
            connect_timeout,
            answer_timeout,
            time_zone: time_zone(&url),
            session_variables: url
                .parameter(&["sessionVariables"])
                .map(str::to_owned)
                .filter(|text| !text.trim().is_empty()),
            behaviour: Behaviour {
                tinyint1_is_bit: tinyint1_is_bit.unwrap_or(options.int_type_narrowing),
                zero_dates: url
                    .one_of("zeroDateTimeBehavior", ZERO_DATES)?
                    .unwrap_or(ZeroDates::Refuse),
                time: url
                    .one_of("timeType", TIME_TYPES)?
                    .unwrap_or(TimeType::Time),
                allow_public_key_retrieval: url
                    .flag(&["allowPublicKeyRetrieval"])?
                    .unwrap_or(false),
            },
        })
    }

    /// The database, where the url names one.
    pub(crate) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The same server without a database, which may still have to be created.
    pub(crate) fn without_database(&self) -> Self {
        Self {
            database: None,
            ..self.clone()
        }
    }

    /// All addresses and the database, for messages.
    pub(crate) fn place(&self) -> String {
        url::place(&self.addresses, self.database.as_deref())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("place", &self.place())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

const ZERO_DATES: &[(&str, ZeroDates)] = &[
    ("exception", ZeroDates::Refuse),
    ("convertToNull", ZeroDates::Null),
    ("convert_to_null", ZeroDates::Null),
    ("round", ZeroDates::Round),
];

const TIME_TYPES: &[(&str, TimeType)] = &[("time", TimeType::Time), ("string", TimeType::Text)];

/// Connector/J's names first, then those of MariaDB's connector.
const MODES: &[(&str, TlsMode)] = &[
    ("DISABLED", TlsMode::Disable),
    ("PREFERRED", TlsMode::Prefer),
    ("REQUIRED", TlsMode::Require),
    ("VERIFY_CA", TlsMode::VerifyCa),
    ("VERIFY_IDENTITY", TlsMode::VerifyFull),
    ("disable", TlsMode::Disable),
    ("trust", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

/// As Connector/J: encrypted where the server can, unless the url says otherwise.
fn tls(url: &ServerUrl) -> Result<TlsOptions> {
    let verify = url.flag(&["verifyServerCertificate"])?.unwrap_or(false);
    let mode = match (url.one_of("sslMode", MODES)?, url.flag(&["useSSL"])?) {
        (Some(mode), _) => mode,
        (None, Some(false)) => TlsMode::Disable,
        (None, _) if verify => TlsMode::VerifyCa,
        (None, _) if url.flag(&["requireSSL"])? == Some(true) => TlsMode::Require,
        (None, Some(true)) => TlsMode::Require,
        (None, None) => TlsMode::Prefer,
    };
    let checked = mode >= TlsMode::VerifyCa;
    Ok(TlsOptions {
        mode,
        authorities: pem(
            url,
            &["trustCertificateKeyStoreUrl", "serverSslCert"],
            checked,
        )?,
        identity: pem(url, &["clientCertificateKeyStoreUrl"], true)?
            .map(|path| (path.clone(), path)),
    })
}

/// The file that a parameter names by its path or as `file:` url.
fn pem(url: &ServerUrl, names: &[&str], is_used: bool) -> Result<Option<PathBuf>> {
    let Some(text) = url
        .parameter(names)
        .filter(|text| is_used && !text.is_empty())
    else {
        return Ok(None);
    };
    let path = text.strip_prefix("file:").unwrap_or(text);
    let path = match path.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    };
    let path = Path::new(path);
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if ["jks", "p12", "pfx", "keystore", "truststore", "bks"]
        .iter()
        .any(|java| java.eq_ignore_ascii_case(ending))
    {
        return Err(
            wrong_parameter(names[0], text, "a file in PEM format").with_help(
                "key stores of Java can't be read: export the certificates with \
             `keytool -exportcert -rfc -alias … -keystore … -file ca.pem` and name that file",
            ),
        );
    }
    Ok(Some(path.to_owned()))
}

/// The zone that the url asks for, as the server has it: a name, or an offset.
fn time_zone(url: &ServerUrl) -> Option<String> {
    let text = url
        .parameter(&["connectionTimeZone", "serverTimezone"])?
        .trim();
    if text.is_empty()
        || ["LOCAL", "SERVER"]
            .iter()
            .any(|t| t.eq_ignore_ascii_case(text))
    {
        return None;
    }
    if ["UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT", "Zulu", "UCT"]
        .iter()
        .any(|t| t.eq_ignore_ascii_case(text))
    {
        return Some("+00:00".to_owned());
    }
    let upper = text.to_ascii_uppercase();
    let offset = upper
        .strip_prefix("GMT")
        .or(upper.strip_prefix("UTC"))
        .unwrap_or(&upper);
    // A plus sign in a url may have become a space on its way.
    let (sign, digits) = match offset.split_at_checked(1) {
        Some(("+" | " ", digits)) => ('+', digits),
        Some(("-", digits)) => ('-', digits),
        _ => return Some(text.to_owned()),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at(2),
        None => (digits, "0"),
    };
    match (hours.parse::<u8>(), minutes.parse::<u8>()) {
        (Ok(hours), Ok(minutes)) if hours <= 14 && minutes < 60 => {
            Some(format!("{sign}{hours:02}:{minutes:02}"))
        }
        _ => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use seatunnel_api::options::Options;
    use serde_json::json;

    use super::*;

    fn parse(url: &str) -> Result<Settings> {
        let text = json!({ "url": url, "password": "hidden", "user": "me" });
        let options =
            ConnectionOptions::from_config("Jdbc", &ConfigValue::from_json(&text)).unwrap();
        Settings::parse(&options)
    }

    #[test]
    fn encryption_is_what_the_java_drivers_would_do() {
        for (query, mode) in [
            ("", TlsMode::Prefer),
            ("?useSSL=false", TlsMode::Disable),
            ("?useSSL=true", TlsMode::Require),
            (
                "?useSSL=true&verifyServerCertificate=true",
                TlsMode::VerifyCa,
            ),
            ("?sslMode=verify_identity&useSSL=false", TlsMode::VerifyFull),
            ("?sslMode=trust", TlsMode::Require),
        ] {
            let settings = parse(&format!("jdbc:mysql://h/db{query}")).unwrap();
            assert_eq!(settings.tls.mode, mode, "{query}");
        }
        assert!(parse("jdbc:mysql://h/db?sslMode=maybe").is_err());
        let stores = "sslMode=VERIFY_CA&trustCertificateKeyStoreUrl=file:///etc/";
        let settings = parse(&format!("jdbc:mysql://h/db?{stores}ca.pem")).unwrap();
        assert_eq!(
            settings.tls.authorities.as_deref(),
            Some(Path::new("/etc/ca.pem"))
        );
        let error = parse(&format!("jdbc:mysql://h/db?{stores}ca.jks")).unwrap_err();
        assert!(error.help().unwrap().contains("keytool"));
    }

    #[test]
    fn zones_become_what_the_server_understands() {
        for (given, zone) in [
            ("UTC", Some("+00:00")),
            ("GMT%2B8", Some("+08:00")),
            ("GMT+8", Some("+08:00")),
            ("UTC-03:30", Some("-03:30")),
            ("-0330", Some("-03:30")),
            ("Asia/Shanghai", Some("Asia/Shanghai")),
            ("LOCAL", None),
        ] {
            let settings = parse(&format!("jdbc:mysql://h/db?serverTimezone={given}")).unwrap();
            assert_eq!(settings.time_zone.as_deref(), zone, "{given}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let settings = parse("jdbc:mysql://h/db").unwrap();
        assert!(!format!("{settings:?}").contains("hidden"));
        assert_eq!(settings.place(), "h:3306/db");
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for query in [
            "connectTimeout=soon",
            "zeroDateTimeBehavior=maybe",
            "timeType=int",
        ] {
            let error = parse(&format!("jdbc:mysql://h/db?{query}")).unwrap_err();
            assert_eq!(error.code(), errors::URL_INVALID, "{query}");
        }
    }
}
