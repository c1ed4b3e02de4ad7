//! Object stores: moto for S3 and for Google Cloud Storage, Azurite for Azure.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Running, script, shell};

/// An S3 server; it takes any key.
pub(crate) fn s3() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        let program = script("s3.sh", "install");
        Running::start(
            "s3",
            |_, _| {},
            |_, port| format!("{program} -H 127.0.0.1 -p {port}"),
        )
    })
}

/// An S3 server that looks at signatures and policies once `/moto-api/reset-auth` is told to.
pub(crate) fn guarded_s3() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        let program = script("s3.sh", "install");
        Running::start(
            "guarded-s3",
            |_, _| {},
            |_, port| format!("{program} -H 127.0.0.1 -p {port}"),
        )
    })
}

/// A server that speaks the XML dialect of Google Cloud Storage, which its client speaks.
///
/// No emulator does: fake-gcs-server and gcp-storage-emulator know the JSON dialect, and no multipart uploads by XML. Since
/// that is the one of S3 with other names in its headers, moto does the work, behind a piece that translates these and
/// looks at tokens (`scripts/parts/object_server.py`). What a real store could refuse and this one doesn't: a token whose
/// account lacks rights, and headers that are Google's alone.
pub(crate) struct Gcs {
    pub(crate) server: Running,
}

impl Gcs {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Gcs> = OnceLock::new();
        SHARED.get_or_init(|| {
            let program = script("s3.sh", "install");
            let server = Running::start(
                "gcs",
                |folder, _| {
                    for name in ["account", "stranger"] {
                        let key = folder.join(name);
                        let key = key.display();
                        shell(&format!("openssl genpkey -quiet -algorithm RSA -out {key}"));
                        shell(&format!("openssl pkey -in {key} -pubout -out {key}.pub"));
                    }
                },
                |folder, port| {
                    let folder = folder.display();
                    format!("env GCS_KEY={folder}/account.pub {program} -H 127.0.0.1 -p {port}")
                },
            );
            Self { server }
        })
    }

    /// The key of a service account, as Google gives it: `account`, or `stranger`, which is not let in.
    pub(crate) fn key(&self, name: &str) -> String {
        let key = fs::read_to_string(self.server.folder.join(name)).unwrap();
        serde_json::json!({
            "type": "service_account",
            "client_email": "test@test.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": key,
        })
        .to_string()
    }

    /// Asks it without a token.
    pub(crate) fn ask(&self, method: &str, path: &str) -> String {
        ask_with(self.server.port, method, path, "X-Test: 1\r\n", "")
    }
}

/// An emulator of Google Cloud Storage by others, fake-gcs-server: it takes everybody, and lists and reads by XML. See [`Gcs`]
/// for what it can't do.
pub(crate) fn fake_gcs() -> &'static Running {
    static SHARED: OnceLock<Running> = OnceLock::new();
    SHARED.get_or_init(|| {
        let program = script("gcs.sh", "install");
        Running::start(
            "fake-gcs",
            |_, _| {},
            |_, port| {
                format!(
                    "{program} -scheme http -host 127.0.0.1 -port {port} -backend memory \
                     -public-host 127.0.0.1:{port}"
                )
            },
        )
    })
}

/// Azure's own emulator of its store. It keeps what it holds in memory.
pub(crate) struct Azurite {
    pub(crate) server: Running,
    signature: String,
}

impl Azurite {
    pub(crate) const ACCOUNT: &str = "devstoreaccount1";
    /// The key that Azure's documentation gives for every emulator.
    pub(crate) const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Azurite> = OnceLock::new();
        SHARED.get_or_init(|| {
            let program = PathBuf::from(script("azure.sh", "install"));
            let program = program.display();
            let server = Running::start(
                "azurite",
                |_, _| {},
                |_, port| {
                    format!(
                        "{program} --blobHost 127.0.0.1 --blobPort {port} --inMemoryPersistence \
                         --skipApiVersionCheck --silent --disableTelemetry"
                    )
                },
            );
            Self {
                server,
                signature: signature("rwdlac"),
            }
        })
    }

    /// Asks it by a signature that may do all.
    pub(crate) fn ask(&self, method: &str, path: &str) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("/{}{path}{sign}{}", Self::ACCOUNT, self.signature);
        ask_with(self.server.port, method, &path, "", "")
    }
}

/// A shared access signature of the account, for blobs, that allows what its letters stand for (Azure's documentation,
/// "Create an account SAS").
pub(crate) fn signature(allowed: &str) -> String {
    let (version, until) = ("2020-02-10", "2099-01-01T00:00:00Z");
    let account = Azurite::ACCOUNT;
    let signed =
        format!("{account}\\n{allowed}\\nb\\nsco\\n\\n{until}\\n\\nhttps,http\\n{version}\\n");
    let key = Azurite::KEY;
    let signature = shell(&format!(
        "key=$(printf %s '{key}' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n'); \
         printf '{signed}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | openssl base64 -A"
    ));
    let signature = signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("sv={version}&ss=b&srt=sco&sp={allowed}&se={until}&spr=https,http&sig={signature}")
}

/// Asks a web server something.
pub(crate) fn ask(port: u16, method: &str, path: &str) -> String {
    ask_with(port, method, path, "", "")
}

/// The same with more lines of headers, and content.
pub(crate) fn ask_with(port: u16, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Answers of this version come in one piece.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
