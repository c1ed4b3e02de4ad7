//! Servers of files on this machine's disk: by SSH, by FTP, by HTTP.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use seatunnel_jdbc_testkit::parts::{Folder, find};

use super::{PASSWORD, Running, USER, root, shell};
use crate::relay::Program;

/// OpenSSH's server, which lets the user of this process in by a key.
#[cfg(feature = "sftp")]
pub(crate) struct Sshd {
    pub(crate) server: Running,
    pub(crate) user: String,
}

#[cfg(feature = "sftp")]
impl Sshd {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Sshd> = OnceLock::new();
        SHARED.get_or_init(|| {
            let sshd = find("sshd", "openssh-server");
            let keygen = find("ssh-keygen", "openssh-client");
            let set_up = |folder: &Path, port: u16| {
                for key in ["host", "user", "stranger"] {
                    let key = folder.join(key);
                    if !key.exists() {
                        let keygen = keygen.display();
                        shell(&format!(
                            "{keygen} -q -t ed25519 -N '' -f {}",
                            key.display()
                        ));
                    }
                }
                let show = folder.display();
                let settings = format!(
                    "Port {port}\nListenAddress 127.0.0.1\nHostKey {show}/host\nPidFile none\n\
                     AuthorizedKeysFile {show}/user.pub\nStrictModes no\nUsePAM no\n\
                     PermitRootLogin prohibit-password\nMaxStartups 100\n\
                     Subsystem sftp internal-sftp\n"
                );
                fs::write(folder.join("sshd.conf"), settings).unwrap();
                if root() {
                    // Where it shuts processes of strangers in.
                    fs::create_dir_all("/run/sshd").unwrap();
                }
            };
            let script = |folder: &Path, _| {
                format!("{} -D -e -f {}/sshd.conf", sshd.display(), folder.display())
            };
            Self {
                server: Running::start("sshd", set_up, script),
                user: shell("id -un"),
            }
        })
    }

    /// The file with the private key of this name.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.server.folder.join(name)
    }

    /// The fingerprint of the server's key.
    pub(crate) fn fingerprint(&self) -> String {
        let key = self.key("host.pub");
        let shown = shell(&format!("ssh-keygen -l -f {}", key.display()));
        shown.split_whitespace().nth(1).unwrap().to_owned()
    }
}

/// The settings of ProFTPD with one user, who has a password: by FTP, or by SFTP.
#[cfg(any(feature = "ftp", feature = "sftp"))]
fn set_up_proftpd(folder: &Path, serving: &str, more: &str) {
    let show = folder.display();
    let (user, group) = (shell("id -un"), shell("id -gn"));
    let hash = shell(&format!("openssl passwd -6 '{PASSWORD}'"));
    let ids = fs::metadata(folder).unwrap();
    let (uid, gid) = (ids.uid(), ids.gid());
    let line = format!("{USER}:{hash}:{uid}:{gid}::{show}/data/files:/bin/sh\n");
    fs::write(folder.join("users"), line).unwrap();
    fs::write(folder.join("groups"), format!("{USER}:x:{gid}:\n")).unwrap();
    shell(&format!("chmod 600 {show}/users {show}/groups"));
    let host_key = folder.join("host");
    if !host_key.exists() {
        shell(&format!(
            "ssh-keygen -q -m PEM -t rsa -N '' -f {}",
            host_key.display()
        ));
    }
    let settings = format!(
        "ServerName test\n{serving}\nDefaultAddress 127.0.0.1\n\
         UseIPv6 off\nUser {user}\nGroup {group}\nModulePath /usr/lib/proftpd\n\
         AuthOrder mod_auth_file.c\nAuthUserFile {show}/users\nAuthGroupFile {show}/groups\n\
         RequireValidShell off\nUseFtpUsers off\nRootLogin on\nAuthPAM off\nWtmpLog off\n\
         ScoreboardFile {show}/scoreboard\nPidFile {show}/proftpd.pid\nDelayEngine off\n\
         SystemLog {show}/log\nTransferLog none\nAllowOverwrite on\nAllowStoreRestart on\n\
         AllowRetrieveRestart on\nMaxInstances 200\nTimesGMT on\n{}",
        more.replace("{host}", &host_key.display().to_string())
    );
    fs::write(folder.join("proftpd.conf"), settings).unwrap();
}
/// An FTP server. A process is started for each connection: one that listens itself stands still for 0.4 seconds whenever
/// one of its own has ended.
#[cfg(feature = "ftp")]
pub(crate) struct Ftp {
    pub(crate) program: Program,
    pub(crate) files: PathBuf,
    _folder: Folder,
}

#[cfg(feature = "ftp")]
impl Ftp {
    fn new(name: &str, more: &str) -> Self {
        let folder = Folder::new(name, "KILL");
        let path = folder.path();
        let files = path.join("data/files");
        fs::create_dir_all(&files).unwrap();
        set_up_proftpd(path, "ServerType inetd", more);
        let settings = path.join("proftpd.conf");
        let line = [
            find("proftpd", "proftpd-core").into(),
            "-n".into(),
            "-q".into(),
            "-c".into(),
            settings.into(),
        ];
        let program = Program {
            line: line.into(),
            folder: path.join("data"),
        };
        Self {
            program,
            files,
            _folder: folder,
        }
    }
}

/// An FTP server.
#[cfg(feature = "ftp")]
pub(crate) fn ftp() -> &'static Ftp {
    static SHARED: OnceLock<Ftp> = OnceLock::new();
    SHARED.get_or_init(|| Ftp::new("ftp", ""))
}

/// An FTP server that lists files only in the old way.
#[cfg(feature = "ftp")]
pub(crate) fn old_ftp() -> &'static Ftp {
    static SHARED: OnceLock<Ftp> = OnceLock::new();
    let old = "<IfModule mod_facts.c>\nFactsAdvertise off\n</IfModule>\n<Limit MLSD MLST>\nDenyAll\n</Limit>\n";
    SHARED.get_or_init(|| Ftp::new("old-ftp", old))
}

/// An SFTP server that takes a password.
#[cfg(feature = "sftp")]
pub(crate) fn sftp_by_password() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        let program = find("proftpd", "proftpd-core");
        Running::start(
            "sftp",
            |folder, port| {
                let serving = format!("ServerType standalone\nPort {port}");
                let sftp = "LoadModule mod_sftp.c\nSFTPEngine on\nSFTPHostKey {host}\nSFTPAuthMethods password\n";
                set_up_proftpd(folder, &serving, sftp);
            },
            |folder, _| {
                let settings = folder.join("proftpd.conf");
                format!("{} -n -q -c {}", program.display(), settings.display())
            },
        )
    })
}

/// A web server that lets one user write files below `/dav`.
#[cfg(feature = "webdav")]
pub(crate) fn webdav() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        let apache = find("apache2", "apache2-bin");
        let set_up = |folder: &Path, port: u16| {
            let show = folder.display();
            let hash = shell(&format!("openssl passwd -apr1 '{PASSWORD}'"));
            fs::write(folder.join("users"), format!("{USER}:{hash}\n")).unwrap();
            let modules = [
                "mpm_event",
                "authn_core",
                "authn_file",
                "authz_core",
                "authz_user",
                "auth_basic",
                "alias",
                "dav",
                "dav_fs",
            ];
            let load = modules.map(|name| {
                format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
            });
            // Root can't be the user of its workers.
            let user = match root() {
                true => "User www-data\nGroup www-data\n",
                false => "",
            };
            let settings = format!(
                "{}ServerRoot {show}/data\nServerName localhost\nListen 127.0.0.1:{port}\n\
                 PidFile {show}/apache.pid\nErrorLog {show}/errors\n{user}\
                 DocumentRoot {show}/data\nDavLockDB {show}/data/locks/db\n\
                 DavMinTimeout 600\nLimitXMLRequestBody 0\nAlias /dav {show}/data/files\n\
                 <Directory {show}/data/files>\nDav On\nAuthType Basic\nAuthName files\n\
                 AuthUserFile {show}/users\nRequire valid-user\n</Directory>\n",
                load.concat()
            );
            fs::write(folder.join("apache.conf"), settings).unwrap();
            fs::create_dir_all(folder.join("data/locks")).unwrap();
            if root() {
                shell(&format!("chown -R www-data {show}/data"));
            }
        };
        Running::start("webdav", set_up, |folder, _| {
            format!(
                "{} -DFOREGROUND -f {}/apache.conf",
                apache.display(),
                folder.display()
            )
        })
    })
}
