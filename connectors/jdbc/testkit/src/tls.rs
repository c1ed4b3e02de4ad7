//! Certificates for servers that offer TLS, made with the `openssl` program.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::programs::{command, find, run};

/// The files of a server that offers TLS, all in PEM.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority that signed the server's certificate.
    pub ca: PathBuf,
    /// Another authority, which signed nothing.
    pub wrong_ca: PathBuf,
    /// The server's certificate, for `localhost` and 127.0.0.1.
    pub server: PathBuf,
    /// The key to it.
    pub server_key: PathBuf,
}

/// Makes certificates in a new folder.
#[track_caller]
pub fn make(folder: &Path) -> Certificates {
    fs::create_dir(folder).expect("the server's folder is ours");
    for (name, subject) in [
        ("ca", "/CN=Test authority"),
        ("wrong_ca", "/CN=Another authority"),
    ] {
        openssl(
            folder,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout {name}.key -out {name}.crt"
            ),
            &["-subj", subject],
        );
    }
    openssl(
        folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr",
        &["-subj", "/CN=localhost"],
    );
    fs::write(
        folder.join("names"),
        "basicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n",
    )
    .expect("the folder was just made");
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.crt",
        &[],
    );
    let key = folder.join("server.key");
    // Servers refuse a key that others may read.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("the key is ours");
    Certificates {
        ca: folder.join("ca.crt"),
        wrong_ca: folder.join("wrong_ca.crt"),
        server: folder.join("server.crt"),
        server_key: key,
    }
}

#[track_caller]
fn openssl(folder: &Path, arguments: &str, more: &[&str]) {
    let program = find("openssl", "openssl");
    let mut line = vec![program.as_os_str()];
    line.extend(
        arguments
            .split(' ')
            .chain(more.iter().copied())
            .map(OsStr::new),
    );
    if let Err(error) = run(command(&line).current_dir(folder), "") {
        panic!("openssl {arguments}: {error}");
    }
}
