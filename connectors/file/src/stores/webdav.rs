//! WebDAV: a web server that lets files be written.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::{Options, Secret};
use seatunnel_file_store::Store;
use seatunnel_file_store::webdav::{WebdavConfiguration, webdav};

use super::{StoreOptions, needed, plugin, wrong_options};

plugin! {
    name: "WebDAV",
    aliases: [],
    options: WebdavOptions,
    source: "Reads files of a web server by WebDAV.",
    sink: "Writes files to a web server by WebDAV. In one piece or not at all: files are written under `tmp_path` on the server and moved when a checkpoint, or the job, is complete. Each is collected on this machine's disk before it is sent.",
    guarantee: crate::sink::BY_RENAMING,
}

/// Where a server is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
#[options(exclusive("user", "token"), together("user", "password"))]
struct WebdavOptions {
    /// The address that paths are added to: `https://host/dav`.
    #[option(alias("endpoint"))]
    url: Option<String>,
    /// The user, if the server wants one.
    #[option(alias("username"))]
    user: Option<String>,
    /// The user's password.
    password: Option<Secret>,
    /// A token instead of user and password.
    token: Option<Secret>,
}

impl StoreOptions for WebdavOptions {
    const PLUGIN: &'static str = "WebDAV";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let shown = |secret: &Secret| secret.expose().to_owned();
        let configuration = WebdavConfiguration {
            url: needed(Self::PLUGIN, "url", &self.url)?.clone(),
            user: self.user.clone(),
            password: self.password.as_ref().map(shown),
            token: self.token.as_ref().map(shown),
        };
        webdav(configuration).map_err(|error| wrong_options(Self::PLUGIN, error))
    }
}
