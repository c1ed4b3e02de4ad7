//! Ways to connect and to log in.

use seatunnel_jdbc_testkit::Postgres;
use serde_json::{Value as Json, json};

use super::support::{error, of, read, source, texts};

const ENCRYPTED: &str = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";

#[tokio::test]
async fn a_wrong_login_is_one_clear_error_without_the_password() {
    let db = Postgres::shared().database("login");
    let mut options = of(&db, json!({"query": "select 1 as a"}));
    options["password"] = json!("not-the-password");
    let refused = error(source(options.clone()).await);
    assert_eq!(refused.code().id, "JDBC-14");
    assert_eq!(refused.sql_state(), Some("28P01"));
    assert!(!refused.report().contains("not-the-password"));
    assert!(!refused.is_retryable());
    options.as_object_mut().unwrap().remove("password");
    let asked = error(source(options.clone()).await);
    assert!(
        asked.to_string().contains("asks for the password"),
        "{asked}"
    );
    let mut options = of(&db, json!({"query": "select 1 as a"}));
    options["url"] = json!(format!("jdbc:postgresql://127.0.0.1:{}/nowhere", db.port));
    let missing = error(source(options).await);
    assert!(
        missing.to_string().contains("\"nowhere\" does not exist"),
        "{missing}"
    );
}

#[tokio::test]
async fn every_way_to_give_a_password_is_understood() {
    let server = Postgres::shared();
    let db = server.database("passwords");
    // The server asks for scram over TCP; what it stores decides nothing else.
    db.sql("create role \"u@1\" login password 'p&/ä'");
    let url = format!(
        "jdbc:postgresql://127.0.0.1:{}/{}?user=u%401&password=p%26%2F%C3%A4",
        db.port,
        db.name()
    );
    let rows = texts(json!({"url": url, "query": "select current_user::text"}), 1)
        .await
        .unwrap();
    assert_eq!(rows, ["\"u@1\""]);
}

#[tokio::test]
async fn unix_sockets_are_connected_to() {
    let db = Postgres::shared().database("socket");
    let folder = db.socket_path().display().to_string().replace('/', "%2F");
    for url in [
        format!("jdbc:postgresql://{folder}:{}/{}", db.port, db.name()),
        format!(
            "jdbc:postgresql:///{}?socket={}/.s.PGSQL.{}",
            db.name(),
            db.socket_path().display(),
            db.port
        ),
    ] {
        let rows = texts(json!({"url": url, "user": db.user, "query": "select inet_client_addr() is null as here"}), 1).await;
        assert_eq!(rows.unwrap(), ["true"], "{url}");
    }
}

#[tokio::test]
async fn the_next_server_is_tried() {
    let db = Postgres::shared().database("hosts");
    let url = format!(
        "jdbc:postgresql://127.0.0.1:1,127.0.0.1:{}/{}",
        db.port,
        db.name()
    );
    let mut options = of(&db, json!({"query": "select 1 as a"}));
    options["url"] = json!(url);
    assert_eq!(texts(options.clone(), 1).await.unwrap(), ["1"]);
    options["url"] = json!("jdbc:postgresql://127.0.0.1:1,127.0.0.1:2/x");
    let nobody = error(source(options.clone()).await);
    assert_eq!(nobody.code().id, "JDBC-02");
    assert!(nobody.is_retryable());
    assert!(
        nobody.to_string().contains("127.0.0.1:1") && nobody.to_string().contains("127.0.0.1:2"),
        "{nobody}"
    );
    let port = db.port;
    options["url"] = json!(format!(
        "jdbc:postgresql://127.0.0.1:{port}/{}?targetServerType=secondary",
        db.name()
    ));
    let refused = error(source(options).await);
    assert!(
        refused.to_string().contains("targetServerType"),
        "{refused}"
    );
}

#[tokio::test]
async fn parameters_of_the_url_reach_the_server() {
    let db = Postgres::shared().database("parameters");
    let mut options = of(
        &db,
        json!({"query": "select current_setting('work_mem') as a, current_setting('application_name') as b, current_setting('TimeZone') as c"}),
    );
    options["url"] = json!(format!(
        "{}?ApplicationName=my%20job&options=-c%20work_mem%3D77MB%20-c%20TimeZone%3DAsia/Tokyo&prepareThreshold=0",
        db.jdbc_url()
    ));
    assert_eq!(
        texts(options.clone(), 1).await.unwrap(),
        ["\"77MB\",\"my job\",\"Asia/Tokyo\""]
    );
    options["url"] = json!(format!("{}?sslmode=sure", db.jdbc_url()));
    let wrong = error(source(options).await);
    assert!(
        wrong.to_string().contains("`sslmode`") && wrong.to_string().contains("verify-full"),
        "{wrong}"
    );
}

#[tokio::test]
async fn connections_are_encrypted_as_far_as_asked() {
    let server = Postgres::with_tls();
    let db = server.database("tls");
    let certificates = server.certificates();
    let with = |host: &str, parameters: &str| -> Json {
        let mut options = of(&db, json!({"query": ENCRYPTED}));
        options["url"] = json!(format!(
            "jdbc:postgresql://{host}:{}/{}?{parameters}",
            db.port,
            db.name()
        ));
        options
    };
    let ca = certificates.ca.display().to_string();
    let wrong_ca = certificates.wrong_ca.display().to_string();
    let fine: [(&str, String, &str); 7] = [
        ("127.0.0.1", "sslmode=disable".into(), "\"false\""),
        ("127.0.0.1", "".into(), "\"true\""),
        ("127.0.0.1", "sslmode=require".into(), "\"true\""),
        (
            "127.0.0.1",
            "sslmode=require&channelBinding=require".into(),
            "\"true\"",
        ),
        (
            "127.0.0.2",
            format!("sslmode=verify-ca&sslrootcert={ca}"),
            "\"true\"",
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ca}"),
            "\"true\"",
        ),
        (
            "localhost",
            format!("ssl=true&sslrootcert={ca}"),
            "\"true\"",
        ),
    ];
    for (host, parameters, expected) in fine {
        let rows = texts(with(host, &parameters), 1)
            .await
            .unwrap_or_else(|e| panic!("{parameters}: {}", e.report()));
        assert_eq!(rows, [expected], "{parameters}");
    }
    for (host, parameters) in [
        ("127.0.0.2", format!("sslmode=verify-full&sslrootcert={ca}")),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={wrong_ca}"),
        ),
        ("127.0.0.1", "ssl=true".to_owned()),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert=/nowhere".to_owned(),
        ),
    ] {
        let refused = error(source(with(host, &parameters)).await);
        assert_eq!(refused.code().id, "JDBC-13", "{parameters}: {refused}");
    }
    let plain = Postgres::shared().database("plain");
    let mut options = of(&plain, json!({"query": "select 1 as a"}));
    options["url"] = json!(format!("{}?sslmode=require", plain.jdbc_url()));
    let refused = error(source(options).await);
    assert!(
        refused.to_string().contains("does not offer encryption"),
        "{refused}"
    );
}

#[tokio::test]
async fn rights_that_are_missing_are_named() {
    let db = Postgres::shared().database("rights");
    db.sql("create role reader_of_little login password 'p'; create table t (id int); create table u (id int, owner text); \
            insert into u values (1, 'reader_of_little'), (2, 'other'); grant select on u to reader_of_little; \
            alter table u enable row level security; create policy p on u using (owner = current_user)");
    let mut options = of(&db, json!({"table_path": "t"}));
    options["user"] = json!("reader_of_little");
    options["password"] = json!("p");
    let refused = error(read(options.clone(), 1).await);
    assert_eq!(refused.code().id, "JDBC-18");
    assert!(
        refused.report().contains("permission denied for table t"),
        "{}",
        refused.report()
    );
    let checked = error(source(options.clone()).await.unwrap().check().await);
    assert_eq!(checked.code().id, "JDBC-18");
    options["table_path"] = json!("u");
    source(options.clone())
        .await
        .unwrap()
        .check()
        .await
        .unwrap();
    for parallelism in [1, 2] {
        assert_eq!(read(options.clone(), parallelism).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn older_ways_to_log_in_work_too() {
    let server = Postgres::start();
    let db = server.admin();
    let lines = [
        ("local", "all", "", "trust"),
        ("host", "by_md5", "127.0.0.1/32", "md5"),
        ("host", "by_password", "127.0.0.1/32", "password"),
        ("host", "by_trust", "127.0.0.1/32", "trust"),
        ("host", "by_peer", "127.0.0.1/32", "ident"),
    ];
    let values: Vec<String> = lines
        .iter()
        .map(|(kind, user, address, way)| format!("('{kind} all {user} {address} {way}')"))
        .collect();
    let file = db.sql("show hba_file");
    db.sql(&format!(
        "set password_encryption = 'md5'; create role by_md5 login password 'm'; \
         create role by_password login password 'p'; create role by_trust login; create role by_peer login; \
         copy (values {}) to '{file}'; select pg_reload_conf()",
        values.join(", ")
    ));
    let login = |user: &str, password: &str| {
        let mut options = of(&db, json!({"query": "select current_user::text"}));
        options["user"] = json!(user);
        options["password"] = json!(password);
        options
    };
    for (user, password) in [("by_md5", "m"), ("by_password", "p"), ("by_trust", "")] {
        let rows = texts(login(user, password), 1).await.unwrap();
        assert_eq!(rows, [format!("\"{user}\"")]);
    }
    for (user, password) in [
        ("by_md5", "p"),
        ("by_password", "m"),
        ("by_peer", "x"),
        ("by_nobody", "x"),
    ] {
        let refused = error(source(login(user, password)).await);
        assert_eq!(refused.code().id, "JDBC-14", "{user}: {refused}");
        assert!(refused.help().is_some(), "{user}");
    }
}

#[tokio::test]
async fn without_a_shared_snapshot_each_table_is_read_by_one() {
    let db = Postgres::shared().database("no_snapshot");
    db.sql(
        "create role not_sharing login password 'p'; create table t (id int, pad text); \
         insert into t select n, repeat('x', 100) from generate_series(1, 20000) n; analyze t; \
         create table u as select * from t; grant select on t, u to not_sharing; \
         revoke execute on function pg_export_snapshot() from public",
    );
    let mut options = of(
        &db,
        json!({"table_list": [{"table_path": "t"}, {"table_path": "u"}]}),
    );
    options["user"] = json!("not_sharing");
    options["password"] = json!("p");
    let found = source(options.clone()).await.unwrap();
    assert_eq!(super::support::splits(&found, 3).await.len(), 2);
    assert_eq!(read(options, 3).await.unwrap().len(), 40_000);
}
