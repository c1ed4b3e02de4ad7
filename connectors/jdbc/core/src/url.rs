//! Urls of database servers: `jdbc:postgresql://host:5432,host2/database?key=value`.

use std::fmt;
use std::path::PathBuf;

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use seatunnel_api::config::nearest;
use seatunnel_api::options::Secret;
use seatunnel_api::{Error, Result};

use crate::errors;
use crate::options::ConnectionOptions;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host and its port.
    Tcp(String, u16),
    /// A Unix socket; for PostgreSQL the folder it lies in will do.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Which server, which database, and what is asked of the connection. Shown without secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// The servers, to be tried in turn.
    pub addresses: Vec<Address>,
    /// The database, where the url names one.
    pub database: Option<String>,
    /// Who logs in.
    pub user: Option<String>,
    /// The password of `user`.
    pub password: Option<Secret>,
    /// What stands behind `?`, and the option `properties`; the url wins. `user`, `password` and the
    /// path of a socket are taken out.
    pub parameters: IndexMap<String, String>,
}

/// How drivers are told to choose among several servers. Here the first that answers is taken.
const SEVERAL: &[&str] = &["loadbalance:", "replication:", "sequential:", "failover:"];

/// Parameters that give the path of a Unix socket, as drivers call it.
const SOCKET: &[&str] = &["localSocket", "unixSocket", "socket"];

impl ServerUrl {
    /// Reads `url`, `username`, `password` and `properties`.
    ///
    /// # Errors
    /// If the url can't be understood.
    pub fn parse(options: &ConnectionOptions, default_port: u16) -> Result<Self> {
        let wrong = |why: String| {
            Error::new(errors::URL_INVALID, why).with_help(
                "a url looks like `jdbc:postgresql://host:5432/database?key=value` or \
                 `jdbc:mysql://host:3306/database`",
            )
        };
        let url = options.url.trim();
        let rest = url.strip_prefix("jdbc:").unwrap_or(url);
        let rest = rest.split_once(':').map_or(rest, |(_, rest)| rest);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (servers, database) = match place.split_once("//") {
            Some(("", place)) => place.split_once('/').unwrap_or((place, "")),
            // `loadbalance://a,b/db`: one of several servers will do.
            Some((how, place)) if SEVERAL.contains(&how) => {
                place.split_once('/').unwrap_or((place, ""))
            }
            Some((how, _)) => {
                return Err(wrong(format!("`{how}//` in the url is not known")));
            }
            None => ("", place.trim_start_matches('/')),
        };
        let mut parameters = options.properties.clone().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.insert(decoded(key), decoded(value));
        }
        let (login, servers) = match servers.rsplit_once('@') {
            Some((login, servers)) => (Some(login), servers),
            None => (None, servers),
        };
        let mut addresses = Vec::new();
        if let Some(path) = SOCKET
            .iter()
            .find_map(|key| parameters.shift_remove(*key))
            .filter(|path| !path.is_empty())
        {
            addresses.push(Address::Unix(path.into()));
        } else {
            for server in servers.split(',') {
                addresses.push(address(server.trim(), default_port).ok_or_else(|| {
                    wrong(format!("`{server}` in the url is no host with a port"))
                })?);
            }
        }
        let (login_user, login_password) = match login {
            Some(login) => match login.split_once(':') {
                Some((user, password)) => (Some(decoded(user)), Some(decoded(password))),
                None => (Some(decoded(login)), None),
            },
            None => (None, None),
        };
        let in_url_user = parameters.shift_remove("user");
        let in_url_password = parameters.shift_remove("password");
        Ok(Self {
            addresses,
            database: Some(decoded(database)).filter(|name| !name.is_empty()),
            user: options.username.clone().or(in_url_user).or(login_user),
            password: options
                .password
                .clone()
                .or(in_url_password.map(Secret::new))
                .or(login_password.map(Secret::new)),
            parameters,
        })
    }

    /// A parameter by any of its names; taken in any case, as drivers do.
    pub fn parameter(&self, names: &[&str]) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that says yes or no; an empty one says yes.
    ///
    /// # Errors
    /// If it says something else.
    pub fn flag(&self, names: &[&str]) -> Result<Option<bool>> {
        match self.parameter(names) {
            None => Ok(None),
            Some(text) if text.is_empty() || text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(Error::new(
                errors::URL_INVALID,
                format!(
                    "the parameter `{}` must be true or false, not `{text}`",
                    names[0]
                ),
            )),
        }
    }

    /// A parameter that says one of these words; taken in any case.
    ///
    /// # Errors
    /// If it says something else.
    pub fn one_of<T: Copy>(&self, name: &str, values: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.parameter(&[name]) else {
            return Ok(None);
        };
        let found = values
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(text));
        match found {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let all: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
                Err(wrong_parameter(
                    name,
                    text,
                    &format!("one of {}", all.join(", ")),
                ))
            }
        }
    }

    /// Warns of parameters that are none of these.
    pub fn warn_of_unknown<'a>(&self, known: impl IntoIterator<Item = &'a &'a str>) {
        let known: Vec<&str> = known.into_iter().copied().collect();
        for (name, near) in self.unknown_parameters(&known) {
            match near {
                Some(near) => tracing::warn!(
                    "the parameter `{name}` of the connection is not known and not used, did you mean `{near}`?"
                ),
                None => tracing::warn!(
                    "the parameter `{name}` of the connection is not known and not used"
                ),
            }
        }
    }

    /// Parameters that are none of these, with the nearest of these.
    fn unknown_parameters<'a>(
        &'a self,
        known: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.parameters
            .keys()
            .map(String::as_str)
            .filter(|key| !known.iter().any(|name| name.eq_ignore_ascii_case(key)))
            .map(|key| (key, nearest(key, known.iter().copied())))
    }
}

/// `host:port/database`: what messages call it.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place(&self.addresses, self.database.as_deref()))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerUrl")
            .field("place", &self.to_string())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// `host:port,host:port/database`: what messages call servers and a database of theirs.
pub fn place(addresses: &[Address], database: Option<&str>) -> String {
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    match database {
        Some(database) => format!("{}/{database}", all.join(",")),
        None => all.join(","),
    }
}

/// The error of a parameter that says `text` instead of what is `wanted`: "a number of seconds".
pub fn wrong_parameter(name: &str, text: &str, wanted: &str) -> Error {
    Error::new(
        errors::URL_INVALID,
        format!("the parameter `{name}` of the connection must be {wanted}, not `{text}`"),
    )
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn address(text: &str, default_port: u16) -> Option<Address> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host = decoded(host);
    let is_path = host.starts_with('/');
    let port = match port {
        // A folder with a port is where PostgreSQL keeps the socket of that port.
        Some(port) if is_path => {
            let port: u16 = port.parse().ok()?;
            return Some(Address::Unix(format!("{host}/.s.PGSQL.{port}").into()));
        }
        None if is_path => return Some(Address::Unix(host.into())),
        Some(port) => port.parse().ok()?,
        None => default_port,
    };
    let host = if host.is_empty() {
        "localhost".to_owned()
    } else {
        host
    };
    Some(Address::Tcp(host, port))
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use seatunnel_api::options::Options;
    use serde_json::json;

    use super::*;

    fn options(text: serde_json::Value) -> ConnectionOptions {
        ConnectionOptions::from_config("Jdbc", &ConfigValue::from_json(&text)).unwrap()
    }

    fn parse(url: &str) -> ServerUrl {
        ServerUrl::parse(&options(json!({ "url": url })), 5432).unwrap()
    }

    #[test]
    fn servers_database_and_parameters_are_told_apart() {
        let url = parse("jdbc:postgresql://a:1,[::1]:2,c/my%20db?ssl=true&user=u&password=p%26&x=");
        assert_eq!(
            url.addresses,
            [
                Address::Tcp("a".into(), 1),
                Address::Tcp("::1".into(), 2),
                Address::Tcp("c".into(), 5432)
            ]
        );
        assert_eq!(url.to_string(), "a:1,[::1]:2,c:5432/my db");
        assert_eq!(url.user.as_deref(), Some("u"));
        assert_eq!(url.password.as_ref().map(Secret::expose), Some("p&"));
        assert_eq!(url.flag(&["SSL"]).unwrap(), Some(true));
        assert_eq!(url.parameter(&["x"]), Some(""));
        assert!(!format!("{url:?}").contains("p&"));
    }

    #[test]
    fn short_forms_mean_this_machine() {
        let here = [Address::Tcp("localhost".into(), 5432)];
        assert_eq!(parse("jdbc:postgresql:db").addresses, here);
        assert_eq!(parse("jdbc:postgresql:///db").addresses, here);
        assert_eq!(parse("jdbc:postgresql:db").database.as_deref(), Some("db"));
        assert_eq!(parse("jdbc:postgresql://h/").database, None);
    }

    #[test]
    fn several_servers_may_be_asked_for_by_name() {
        let url = parse("jdbc:mysql:loadbalance://a:1,b:2/db?useSSL=false");
        assert_eq!(url.to_string(), "a:1,b:2/db");
        let odd = options(json!({ "url": "jdbc:mysql:aws://a:1/db" }));
        let error = ServerUrl::parse(&odd, 3306).unwrap_err();
        assert!(error.to_string().contains("`aws://`"), "{error}");
    }

    #[test]
    fn sockets_are_paths() {
        let path = [Address::Unix("/run/x.sock".into())];
        assert_eq!(
            parse("jdbc:mysql://localhost/db?localSocket=/run/x.sock").addresses,
            path
        );
        assert_eq!(parse("jdbc:mysql://%2Frun%2Fx.sock/db").addresses, path);
        assert_eq!(
            parse("jdbc:postgresql://%2Frun%2Fpg:5433/db").addresses,
            [Address::Unix("/run/pg/.s.PGSQL.5433".into())]
        );
    }

    #[test]
    fn options_win_over_the_url_and_the_url_over_properties() {
        let options = options(json!({
            "url": "jdbc:mysql://u:p@h/db?a=1",
            "user": "v",
            "properties": {"a": "2", "sslmod": "3"},
        }));
        let url = ServerUrl::parse(&options, 3306).unwrap();
        assert_eq!(url.user.as_deref(), Some("v"));
        assert_eq!(url.password.as_ref().map(Secret::expose), Some("p"));
        assert_eq!(url.parameter(&["a"]), Some("1"));
        assert_eq!(url.parameter(&["sslMod"]), Some("3"));
        let unknown: Vec<_> = url.unknown_parameters(&["a", "sslmode"]).collect();
        assert_eq!(unknown, [("sslmod", Some("sslmode"))]);
    }
}
