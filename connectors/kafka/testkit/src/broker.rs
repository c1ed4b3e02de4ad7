//! The broker: started, stopped, killed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use seatunnel_jdbc_testkit::Certificates;
use seatunnel_jdbc_testkit::parts::{
    Folder, Launch, Server, certificates, command, find, run, signal,
};

/// Who may log in at a broker with logins, by PLAIN and by both SCRAM mechanisms.
pub const USER: &str = "me";
/// The password of [`USER`].
pub const PASSWORD: &str = "it's secret";

const READY_LIMIT: Duration = Duration::from_secs(90);

/// Small and quick: topics of the broker's own with few partitions, little memory, two threads of each kind.
const SETTINGS: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.num.partitions", "2"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "2"),
    (
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "500",
    ),
    ("group.initial.rebalance.delay.ms", "0"),
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    // Messages stay, whatever time they have, but in topics that say otherwise.
    ("log.retention.ms", "-1"),
    ("log.retention.check.interval.ms", "1000"),
    ("num.network.threads", "2"),
    ("num.io.threads", "2"),
    ("background.threads", "2"),
];

/// Starts quickly rather than running fast.
const JAVA: &[&str] = &[
    "-Xmx320m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];

/// A private broker. It ends, and its folder goes, when this is dropped or the process ends.
pub struct Kafka {
    pub(crate) server: Server,
    port: u16,
    pub(crate) topics: AtomicU32,
    certificates: Option<Certificates>,
}

impl Kafka {
    /// Starts a broker.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a broker with settings as in `server.properties`.
    #[track_caller]
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::launch(settings, false)
    }

    /// Starts a broker that also listens with TLS, with logins, and with both: see [`Kafka::servers_of`]. Its
    /// certificate is for `localhost` and 127.0.0.1.
    #[track_caller]
    pub fn secured() -> Self {
        Self::launch(&[], true)
    }

    /// The one broker of this process, started at the first call. Don't stop or kill it.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    #[track_caller]
    fn launch(settings: &[(&str, &str)], secured: bool) -> Self {
        let folder = Folder::new("kafka", "KILL");
        let tls = secured.then(|| tls(folder.path()));
        let (server, port) = Server::start(folder, |folder, port| {
            configure(folder, port, settings, tls.is_some());
            Launch {
                server: line(folder),
                ping: listens(port),
                stop: "TERM",
                pid_file: folder.join("pid"),
            }
        });
        let broker = Self {
            server,
            port,
            topics: AtomicU32::new(0),
            certificates: tls,
        };
        broker.wait_until_it_serves();
        broker
    }

    /// `host:port` for `bootstrap.servers`, without TLS and login.
    pub fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `host:port` of a listener: `PLAINTEXT`, and at a secured broker `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.
    #[track_caller]
    pub fn servers_of(&self, protocol: &str) -> String {
        let listeners = [
            "PLAINTEXT",
            "CONTROLLER",
            "SSL",
            "SASL_PLAINTEXT",
            "SASL_SSL",
        ];
        let at = listeners.iter().position(|name| *name == protocol);
        let at = at.unwrap_or_else(|| panic!("there is no listener {protocol}"));
        format!("127.0.0.1:{}", self.port + at as u16)
    }

    /// The certificates of a secured broker.
    #[track_caller]
    pub fn certificates(&self) -> &Certificates {
        self.certificates.as_ref().expect("the broker is secured")
    }

    /// Kills the broker with SIGKILL and waits until it is gone.
    #[track_caller]
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Stops the broker in an orderly way and waits until it is gone.
    #[track_caller]
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts the broker again, on the same ports, and waits until it serves. Stops it first if it runs.
    #[track_caller]
    pub fn restart(&self) {
        self.server.restart();
        self.wait_until_it_serves();
    }

    /// Stops the broker's process where it stands, with SIGSTOP.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen broker go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// The end of what the broker has written to its log.
    pub fn log(&self) -> String {
        self.server.log()
    }

    fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.server.folder().join("pid")).unwrap_or_default();
        signal(name, &[pid.trim().to_owned()]);
    }

    /// A client's settings: where the broker is, and nothing else.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.servers());
        // What the client has to say about a broker that is away is no news to tests.
        config.set("log_level", "2");
        config
    }

    #[track_caller]
    fn wait_until_it_serves(&self) {
        let client: BaseConsumer = self.config().create().expect("the settings are fine");
        let start = Instant::now();
        loop {
            let known = client.fetch_metadata(None, Duration::from_secs(2));
            if known.is_ok_and(|m| !m.brokers().is_empty()) {
                return;
            }
            assert!(
                start.elapsed() < READY_LIMIT,
                "the broker does not serve:\n{}",
                self.log()
            );
        }
    }
}

/// The settings file and the data folder, which Kafka wants to have made before the first start.
fn configure(folder: &Path, port: u16, more: &[(&str, &str)], secured: bool) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| lines.push((name.to_owned(), value));
    for (name, value) in SETTINGS {
        put(name, (*value).to_owned());
    }
    let own = |name: &str, at: u16| format!("{name}://127.0.0.1:{}", port + at);
    let mut listeners = vec![own("PLAINTEXT", 0)];
    if secured {
        listeners.extend([own("SSL", 2), own("SASL_PLAINTEXT", 3), own("SASL_SSL", 4)]);
        let file = |name: &str| folder.join("tls").join(name).display().to_string();
        put("ssl.keystore.type", "PEM".to_owned());
        put("ssl.keystore.location", file("server.both"));
        put("ssl.truststore.type", "PEM".to_owned());
        put("ssl.truststore.location", file("ca.crt"));
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let plain = format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"broker\" password=\"broker\" user_{USER}=\"{PASSWORD}\";"
        );
        put(
            "sasl.enabled.mechanisms",
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
        );
        for listener in ["sasl_plaintext", "sasl_ssl"] {
            let name =
                |mechanism: &str| format!("listener.name.{listener}.{mechanism}.sasl.jaas.config");
            put(&name("plain"), plain.clone());
            put(&name("scram-sha-256"), scram.to_owned());
            put(&name("scram-sha-512"), scram.to_owned());
        }
    }
    put("advertised.listeners", listeners.join(","));
    listeners.push(own("CONTROLLER", 1));
    put("listeners", listeners.join(","));
    put(
        "listener.security.protocol.map",
        "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL".to_owned(),
    );
    put(
        "controller.quorum.voters",
        format!("1@127.0.0.1:{}", port + 1),
    );
    let data = folder.join("data");
    put("log.dirs", data.display().to_string());
    for (name, value) in more {
        put(name, (*value).to_owned());
    }
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let properties = folder.join("server.properties");
    fs::write(&properties, text).expect("the folder is ours");
    if data.join("meta.properties").exists() {
        return;
    }
    let mut arguments = vec![
        "format".to_owned(),
        "-t".to_owned(),
        "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ];
    arguments.extend(["-c".to_owned(), properties.display().to_string()]);
    if secured {
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            arguments.push("--add-scram".to_owned());
            arguments.push(format!(
                "{mechanism}=[name=\"{USER}\",password=\"{PASSWORD}\"]"
            ));
        }
    }
    let mut format = java("kafka.tools.StorageTool");
    format.extend(arguments.into_iter().map(OsString::from));
    if let Err(error) = run(&mut command(&format), "") {
        panic!("the broker's folder can't be made: {error}");
    }
}

/// Certificates, and the file with key and certificate that the broker reads.
#[track_caller]
fn tls(folder: &Path) -> Certificates {
    let made = certificates(&folder.join("tls"));
    let read = |path: &PathBuf| fs::read_to_string(path).expect("the file was just made");
    let both = read(&made.server_key) + &read(&made.server);
    fs::write(folder.join("tls/server.both"), both).expect("the folder is ours");
    made
}

/// The broker's command line: a shell that writes its process id down and becomes the broker.
fn line(folder: &Path) -> Vec<OsString> {
    let mut line: Vec<OsString> = ["sh", "-c", "echo $$ >../pid; exec \"$@\"", "sh"]
        .map(Into::into)
        .into();
    line.extend(java("kafka.Kafka"));
    line.push(folder.join("server.properties").into());
    line
}

fn java(class: &str) -> Vec<OsString> {
    static JARS: OnceLock<String> = OnceLock::new();
    let jars = JARS.get_or_init(jars);
    let mut line: Vec<OsString> = vec![find("java", "openjdk-17-jre-headless").into()];
    line.extend(JAVA.iter().map(OsString::from));
    line.extend(["-cp".into(), format!("{jars}/*").into(), class.into()]);
    line
}

/// The folder with the broker's jars, which are fetched if this is the first time.
#[track_caller]
fn jars() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../scripts/kafka.sh");
    match run(Command::new("bash").arg(&script).arg("jars"), "") {
        Ok(folder) => folder,
        Err(error) => panic!("the jars of the broker can't be had: {error}"),
    }
}

/// A command that succeeds once something listens.
fn listens(port: u16) -> Vec<OsString> {
    ["bash", "-c", "exec 3<>\"/dev/tcp/127.0.0.1/$1\"", "bash"]
        .map(Into::into)
        .into_iter()
        .chain([port.to_string().into()])
        .collect()
}
