//! What a connection is opened with: the url's parameters, as the Java driver calls them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use seatunnel_api::options::Secret;
use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_core::tls::{TlsMode, TlsOptions};
use seatunnel_jdbc_core::url::{self, Address, ServerUrl, wrong_parameter};

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// Parameters that mean something here.
const USED: &[&str] = &[
    "ApplicationName",
    "application_name",
    "channelBinding",
    "connectTimeout",
    "connect_timeout",
    "currentSchema",
    "loginTimeout",
    "options",
    "socketTimeout",
    "ssl",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "targetServerType",
];

/// Parameters of the Java driver that are about the Java driver; accepted without a word.
const ACCEPTED: &[&str] = &[
    "adaptiveFetch",
    "adaptiveFetchMaximum",
    "adaptiveFetchMinimum",
    "allowEncodingChanges",
    "assumeMinServerVersion",
    "authenticationPluginClassName",
    "autosave",
    "binaryTransfer",
    "binaryTransferDisable",
    "binaryTransferEnable",
    "cancelSignalTimeout",
    "characterEncoding",
    "cleanupSavepoints",
    "databaseMetadataCacheFields",
    "databaseMetadataCacheFieldsMiB",
    "defaultRowFetchSize",
    "disableColumnSanitiser",
    "escapeSyntaxCallMode",
    "groupStartupParameters",
    "hostRecheckSeconds",
    "loadBalanceHosts",
    "logServerErrorDetail",
    "logUnclosedConnections",
    "loggerFile",
    "loggerLevel",
    "maxResultBuffer",
    "preferQueryMode",
    "prepareThreshold",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "protocolVersion",
    "quoteReturningIdentifiers",
    "rewriteBatchedStatements",
    "reWriteBatchedInserts",
    "receiveBufferSize",
    "sendBufferSize",
    "serverTimezone",
    "stringtype",
    "tcpKeepAlive",
    "tcpNoDelay",
    "unknownLength",
    "useUnicode",
    "xmlFactoryFactory",
];

/// Which servers of several are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any.
    Any,
    /// One that can be written to.
    Primary,
    /// One that can't.
    Secondary,
}

/// Whether a login is bound to the encrypted connection that it comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Disable,
    Prefer,
    Require,
}

/// How to connect.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) addresses: Vec<Address>,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    database: String,
    pub(crate) tls: TlsOptions,
    pub(crate) binding: Binding,
    pub(crate) wanted: Wanted,
    /// How long to wait for each address, login included.
    pub(crate) connect_timeout: Duration,
    /// How long to wait for an answer.
    pub(crate) answer_timeout: Option<Duration>,
    /// What the session starts with, besides user and database.
    pub(crate) session: Vec<(&'static str, String)>,
}

impl Settings {
    /// Reads the options.
    ///
    /// # Errors
    /// If the url can't be understood or a parameter has a value that makes no sense.
    pub(crate) fn parse(options: &ConnectionOptions) -> Result<Self> {
        if options.use_kerberos {
            return Err(Error::new(
                errors::OPTION,
                "use_kerberos is not built in for PostgreSQL",
            )
            .with_help("log in with `username` and `password`, or with a certificate: sslcert and sslkey in the url"));
        }
        let url = ServerUrl::parse(options, PORT)?;
        url.warn_of_unknown(USED.iter().chain(ACCEPTED));
        let user = match &url.user {
            Some(user) => user.clone(),
            // As the server's own programs do.
            None => std::env::var("USER").unwrap_or_else(|_| "postgres".to_owned()),
        };
        let seconds = |names: &[&str]| -> Result<Option<Duration>> {
            match url.parameter(names) {
                None => Ok(None),
                Some(text) => match text.trim().parse::<u32>() {
                    Ok(0) => Ok(None),
                    Ok(seconds) => Ok(Some(Duration::from_secs(seconds.into()))),
                    Err(_) => Err(wrong_parameter(names[0], text, "a number of seconds")),
                },
            }
        };
        let connect_timeout = options
            .connect_timeout(|| seconds(&["connectTimeout", "connect_timeout", "loginTimeout"]))?;
        let answer_timeout = seconds(&["socketTimeout"])?.or(options.answer_timeout());
        let name = url.parameter(&["ApplicationName", "application_name"]);
        let mut session = vec![
            ("client_encoding", "UTF8".to_owned()),
            ("DateStyle", "ISO".to_owned()),
            // Every digit of a real number, on servers before 12 too.
            ("extra_float_digits", "3".to_owned()),
            ("application_name", name.unwrap_or("seatunnel").to_owned()),
        ];
        if let Some(schemas) = url.parameter(&["currentSchema"]) {
            session.push(("search_path", schemas.to_owned()));
        }
        if let Some(options) = url.parameter(&["options"]) {
            session.push(("options", options.to_owned()));
        }
        Ok(Self {
            addresses: url.addresses.iter().map(in_folder).collect(),
            database: url.database.clone().unwrap_or_else(|| user.clone()),
            password: url.password.clone(),
            tls: tls(&url)?,
            binding: url
                .one_of("channelBinding", BINDINGS)?
                .unwrap_or(Binding::Prefer),
            wanted: url
                .one_of("targetServerType", SERVERS)?
                .unwrap_or(Wanted::Any),
            connect_timeout,
            answer_timeout,
            session,
            user,
        })
    }

    /// The database.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// All addresses and the database, for messages.
    pub(crate) fn place(&self) -> String {
        url::place(&self.addresses, Some(&self.database))
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

const BINDINGS: &[(&str, Binding)] = &[
    ("disable", Binding::Disable),
    ("prefer", Binding::Prefer),
    ("require", Binding::Require),
];

const SERVERS: &[(&str, Wanted)] = &[
    ("any", Wanted::Any),
    ("primary", Wanted::Primary),
    ("master", Wanted::Primary),
    ("secondary", Wanted::Secondary),
    ("slave", Wanted::Secondary),
    ("preferSecondary", Wanted::Any),
    ("preferSlave", Wanted::Any),
    ("preferPrimary", Wanted::Any),
];

const MODES: &[(&str, TlsMode)] = &[
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Prefer),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

/// As the Java driver: `ssl` alone checks everything; nothing at all encrypts where the server can.
fn tls(url: &ServerUrl) -> Result<TlsOptions> {
    let mode = match (url.one_of("sslmode", MODES)?, url.flag(&["ssl"])?) {
        (Some(mode), _) => mode,
        (None, Some(true)) => TlsMode::VerifyFull,
        (None, _) => TlsMode::Prefer,
    };
    let path = |name: &str| {
        url.parameter(&[name])
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
    };
    let identity = match (path("sslcert"), path("sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Error::new(
                errors::URL_INVALID,
                "sslcert and sslkey must be given together",
            ));
        }
    };
    Ok(TlsOptions {
        mode,
        authorities: path("sslrootcert"),
        identity,
    })
}

/// The socket itself, where its folder is given.
fn in_folder(address: &Address) -> Address {
    match address {
        Address::Unix(path) if path.is_dir() => {
            Address::Unix(path.join(format!(".s.PGSQL.{PORT}")))
        }
        other => other.clone(),
    }
}
