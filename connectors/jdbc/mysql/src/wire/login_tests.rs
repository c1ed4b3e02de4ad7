//! Logins that MariaDB does not have, against a server that plays its part of the protocol.

use std::io::Write as _;
use std::process::{Command, Stdio};

use mysql_common::constants::{CapabilityFlags, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{HandshakePacket, HandshakeResponse};
use mysql_common::proto::{MyDeserialize, MySerialize};
use mysql_common::scramble::{scramble_native, scramble_sha256};
use seatunnel_api::Error;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::net::Socket;
use seatunnel_jdbc_core::options::ConnectionOptions;
use serde_json::json;
use tokio::net::TcpListener;

use super::stream::Stream;
use super::*;

const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";
const PASSWORD: &str = "pass wörd";
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

/// What a server does with a user: a script of packets.
enum Step {
    /// Sends this.
    Say(Vec<u8>),
    /// Takes a packet, which must be this.
    Hear(Vec<u8>),
    /// Takes a packet that the private key in this file decrypts to the password.
    HearEncrypted(std::path::PathBuf),
}

/// A server that greets with this plugin, takes the login, follows the script, and then knows how a
/// session is set up. Gives its port, and the scramble of the login when it is through.
async fn serve(plugin: &'static str, script: Vec<Step>) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        play(Socket::Tcp(socket.into()), plugin, script).await
    });
    (port, served)
}

/// The server's part on an open connection; gives the scramble of the login.
async fn play(socket: Socket, plugin: &'static str, script: Vec<Step>) -> Vec<u8> {
    let mut stream = Stream::new(socket, String::new(), None);
    let capabilities = CapabilityFlags::all() & !CapabilityFlags::CLIENT_SSL;
    let mut tail = NONCE[8..].to_vec();
    tail.push(0);
    let greeting = HandshakePacket::new(
        10,
        &b"8.0.36"[..],
        7,
        NONCE[..8].try_into().unwrap(),
        Some(tail),
        capabilities,
        255,
        StatusFlags::SERVER_STATUS_AUTOCOMMIT,
        Some(plugin.as_bytes()),
    );
    let mut bytes = Vec::new();
    greeting.serialize(&mut bytes);
    stream.send(&bytes).await.unwrap();
    let packet = stream.packet().await.unwrap().to_vec();
    let response = HandshakeResponse::deserialize((), &mut ParseBuf(&packet)).unwrap();
    assert_eq!(response.user(), b"me");
    assert_eq!(response.db_name(), Some(&b"db"[..]));
    let scramble = response.scramble_buf().to_vec();
    for step in script {
        match step {
            Step::Say(bytes) => stream.send(&bytes).await.unwrap(),
            Step::Hear(bytes) => assert_eq!(stream.packet().await.unwrap(), bytes),
            Step::HearEncrypted(key) => {
                let mut clear = decrypted(&key, stream.packet().await.unwrap());
                for (byte, mask) in clear.iter_mut().zip(NONCE.iter().cycle()) {
                    *byte ^= mask;
                }
                assert_eq!(clear, [PASSWORD.as_bytes(), &[0]].concat());
            }
        }
    }
    set_up(&mut stream).await;
    scramble
}

/// Answers the two statements that every session begins with.
async fn set_up(stream: &mut Stream) {
    stream.begin();
    let Ok(packet) = stream.packet().await else {
        return;
    };
    assert_eq!(packet[0], 3, "a query was due");
    stream.send(&[0, 0, 0, 8, 0, 0, 0]).await.unwrap();
    stream.send(&[6]).await.unwrap();
    for _ in 0..6 {
        let column = b"\x03def\0\0\0\x01c\0\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0";
        stream.send(column).await.unwrap();
    }
    stream.send(&[0xfe, 0, 0, 2, 0]).await.unwrap();
    stream
        .send(b"\x0867108864\x010\x00\x02db\x06SYSTEM\x010")
        .await
        .unwrap();
    stream.send(&[0xfe, 0, 0, 2, 0]).await.unwrap();
}

async fn log_in(port: u16, query: &str) -> Result<Connection, Error> {
    let url = format!("jdbc:mysql://127.0.0.1:{port}/db{query}");
    let text = json!({ "url": url, "user": "me", "password": PASSWORD });
    let options = ConnectionOptions::from_config("Jdbc", &ConfigValue::from_json(&text)).unwrap();
    let settings = Settings::parse(&options)?;
    Ok(Connection::open(&settings, Purpose::Source).await?)
}

/// A key pair in a new folder: the private key's file, and the public key.
fn key_pair(folder: &std::path::Path) -> (std::path::PathBuf, Vec<u8>) {
    let private = folder.join("private.pem");
    let public = folder.join("public.pem");
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let (private_text, public_text) = (private.to_str().unwrap(), public.to_str().unwrap());
    openssl(&["genrsa", "-out", private_text, "2048"]);
    openssl(&["rsa", "-in", private_text, "-pubout", "-out", public_text]);
    (private, std::fs::read(public).unwrap())
}

fn decrypted(key: &std::path::Path, bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args([
            "pkeyutl",
            "-decrypt",
            "-pkeyopt",
            "rsa_padding_mode:oaep",
            "-inkey",
        ])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[tokio::test]
async fn a_password_that_the_server_remembers_is_scrambled_only() {
    let script = vec![Step::Say(vec![1, 3]), Step::Say(OK.to_vec())];
    let (port, served) = serve("caching_sha2_password", script).await;
    let connection = log_in(port, "").await.unwrap();
    let server = connection.server();
    assert!(!server.is_mariadb && server.numbers == (8, 0, 36) && !connection.can_bulk());
    assert_eq!(server.max_allowed_packet, 64 << 20);
    let expected = scramble_sha256(NONCE, PASSWORD.as_bytes()).unwrap();
    assert_eq!(served.await.unwrap(), expected);
}

#[tokio::test]
async fn a_password_that_the_server_wants_is_encrypted_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = key_pair(folder.path());
    let script = |ask: bool| {
        let mut steps = vec![Step::Say(vec![1, 4])];
        if ask {
            steps.push(Step::Hear(vec![2]));
            steps.push(Step::Say([&[1], public.as_slice()].concat()));
        }
        steps.push(Step::HearEncrypted(private.clone()));
        steps.push(Step::Say(OK.to_vec()));
        steps
    };
    let (port, served) = serve("caching_sha2_password", script(true)).await;
    log_in(port, "?allowPublicKeyRetrieval=true").await.unwrap();
    served.await.unwrap();
    let (port, served) = serve("caching_sha2_password", script(false)).await;
    let file = folder.path().join("public.pem");
    let query = format!("?serverRSAPublicKeyFile={}", file.display());
    log_in(port, &query).await.unwrap();
    served.await.unwrap();
}

#[tokio::test]
async fn a_password_goes_as_it_is_where_nobody_can_listen() {
    let clear = [PASSWORD.as_bytes(), &[0]].concat();
    let switch = [b"\xfemysql_clear_password\0".as_slice(), NONCE, b"\0"].concat();
    for first in [vec![1, 4], switch] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let script = vec![
            Step::Say(first),
            Step::Hear(clear.clone()),
            Step::Say(OK.to_vec()),
        ];
        let served = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            play(Socket::Unix(socket), "caching_sha2_password", script).await
        });
        let query = format!("?localSocket={}", path.display());
        log_in(1, &query).await.unwrap();
        served.await.unwrap();
    }
}

#[tokio::test]
async fn a_password_never_goes_over_a_connection_that_can_be_listened_to() {
    let (port, _served) = serve("caching_sha2_password", vec![Step::Say(vec![1, 4])]).await;
    let error = log_in(port, "").await.unwrap_err();
    assert_eq!(error.code(), errors::LOGIN_REFUSED);
    assert!(error.help().unwrap().contains("allowPublicKeyRetrieval"));
    for plugin in [
        "mysql_clear_password",
        "dialog",
        "sha256_password",
        "mysql_old_password",
    ] {
        let switch = [b"\xfe", plugin.as_bytes(), b"\0", NONCE, b"\0"].concat();
        let (port, _served) = serve("mysql_native_password", vec![Step::Say(switch)]).await;
        let error = log_in(port, "").await.unwrap_err();
        assert_eq!(error.code(), errors::LOGIN_REFUSED, "{plugin}");
    }
    for plugin in ["mysql_clear_password", "dialog"] {
        let script = vec![Step::Say(b"\xff\x15\x04#28000no".to_vec())];
        let (port, served) = serve(plugin, script).await;
        log_in(port, "").await.unwrap_err();
        assert_eq!(served.await.unwrap(), b"", "{plugin} of the greeting");
    }
}

#[tokio::test]
async fn the_server_may_ask_for_another_plugin() {
    let other = b"tsrqponmlkjihgfedcba";
    let switch = [b"\xfemysql_native_password\0".as_slice(), other, b"\0"].concat();
    let scramble = scramble_native(other, PASSWORD.as_bytes())
        .unwrap()
        .to_vec();
    let script = vec![
        Step::Say(switch),
        Step::Hear(scramble),
        Step::Say(OK.to_vec()),
    ];
    let (port, served) = serve("caching_sha2_password", script).await;
    log_in(port, "").await.unwrap();
    served.await.unwrap();
}

#[tokio::test]
async fn servers_that_break_the_protocol_are_told_and_never_a_panic() {
    let key = |text: &str| [&[1], text.as_bytes()].concat();
    for script in [
        vec![Step::Say(vec![1])],
        vec![Step::Say(vec![1, 9])],
        vec![Step::Say(vec![])],
        vec![Step::Say(vec![0xfe])],
        vec![Step::Say(b"\xfemysql_native_password\0short\0".to_vec())],
        vec![Step::Say(b"\xfeclient_ed25519\0short\0".to_vec())],
        vec![Step::Say(b"\xfeno end".to_vec())],
        vec![Step::Say(vec![0xff])],
        vec![
            Step::Say(vec![1, 4]),
            Step::Hear(vec![2]),
            Step::Say(key(
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            )),
        ],
        vec![
            Step::Say(vec![1, 4]),
            Step::Hear(vec![2]),
            Step::Say(vec![]),
        ],
    ] {
        let (port, _served) = serve("caching_sha2_password", script).await;
        let error = log_in(port, "?allowPublicKeyRetrieval=true")
            .await
            .unwrap_err();
        assert!(
            [errors::PROTOCOL, errors::LOGIN_REFUSED].contains(&error.code()),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_greeting_cut_or_changed_anywhere_is_told() {
    let whole = b"\x0a8.0.36\0\x07\0\0\0abcdefgh\0\xff\xf7\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";
    let mut greetings: Vec<Vec<u8>> = (0..whole.len() - 22)
        .map(|end| whole[..end].to_vec())
        .collect();
    let mut long = whole.to_vec();
    long[28] = 0x85;
    greetings.push(long);
    for greeting in greetings {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = async {
            let (socket, _) = listener.accept().await.unwrap();
            let mut stream = Stream::new(Socket::Tcp(socket.into()), String::new(), None);
            stream.send(&greeting).await.unwrap();
        };
        let (result, ()) = tokio::join!(log_in(port, "?useSSL=false"), served);
        let error = result.unwrap_err();
        assert!(
            [errors::PROTOCOL, errors::CONNECTION_LOST].contains(&error.code()),
            "{error:?}"
        );
    }
}
