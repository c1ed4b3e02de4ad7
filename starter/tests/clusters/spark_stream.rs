//! Streams of Spark's own, from our sources to our sinks, on a cluster of two workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seatunnel_kafka_testkit::Kafka;

use crate::processes::{kill, wait};
use crate::spark::{cluster, executors, sandbox};
use crate::support::{Cluster, Running, Sandbox, alone, package, project, walk};

#[test]
fn a_stream_of_sparks_own_goes_on_where_its_killed_driver_was() {
    let _alone = alone();
    let cluster = cluster();
    let sandbox = sandbox(&cluster);
    let broker = Kafka::shared();
    let topic = broker.topic("stream", 2);
    let produce = |from: usize, to: usize| {
        for partition in 0..2 {
            let lines = (from..to).filter(|n| n % 2 == partition);
            let lines: Vec<String> = lines.map(|n| format!("{{\"id\": {n}}}")).collect();
            broker.produce(&topic, partition as i32, &lines);
        }
    };
    let source = format!(
        r#"
        env {{ checkpoint.interval = 1000 }}
        source {{ Kafka {{
            bootstrap.servers = "{}", topic = "{topic}", start_mode = earliest, format = json
            schema {{ fields {{ id = bigint, other = string }} }}
        }} }}
        "#,
        broker.servers()
    );
    let folder = sandbox.path("");
    let folder = folder.to_str().unwrap();
    let sink = format!(
        r#"sink {{ LocalFile {{ path = "{folder}/sink", file_format_type = text, tmp_path = "{folder}/tmp" }} }}"#
    );
    fs::write(sandbox.path("source.conf"), source).unwrap();
    fs::write(sandbox.path("sink.conf"), sink).unwrap();
    let app = compiled(&cluster, &sandbox);
    let start = || {
        let spark = cluster.variable("SPARK_HOME");
        let mut command = Command::new(format!("{spark}/bin/spark-submit"));
        command
            .args(["--master", cluster.variable("ST_SPARK_MASTER")])
            .args(["--class", "StreamApp", "--jars"])
            .arg(jar())
            .args(["--conf", "spark.ui.enabled=false"])
            .args(["--conf", "spark.executor.memory=512m"])
            .arg(&app)
            .args(["source.conf", "sink.conf", "checkpoints"]);
        sandbox.start_command(command, &[])
    };
    let seen = |rows: usize| {
        let there = sandbox.path("sink").is_dir();
        (there && sandbox.written("sink").len() >= rows).then_some(())
    };
    let kill_driver = |running: &Running| {
        kill(running.pid());
        wait("executors that end", || {
            executors(&cluster).is_empty().then_some(())
        });
    };
    produce(0, 1_000);
    let running = start();
    wait("the first rows", || seen(1_000));
    // In the middle of an epoch that reads rows. Its files are there for a moment only: rows come until some are seen.
    let mut rows = 1_000;
    wait("files that are being written", || {
        produce(rows, rows + 10);
        rows += 10;
        (!walk(&sandbox.path("tmp")).is_empty()).then_some(())
    });
    kill_driver(&running);
    drop(running);
    produce(rows, rows + 500);
    rows += 500;
    let running = start();
    wait("all rows", || seen(rows));
    kill_driver(&running);
    drop(running);
    sandbox.has_all("sink", rows);
    // As if the sink had committed, and Spark did not know of it.
    let commits = fs::read_dir(sandbox.path("checkpoints/commits")).unwrap();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u64>().ok();
    let commits = commits.map(|entry| entry.unwrap().path());
    let last = commits
        .filter_map(|path| Some((number(&path)?, path)))
        .max();
    fs::remove_file(last.unwrap().1).unwrap();
    produce(rows, rows + 100);
    rows += 100;
    let running = start();
    wait("the last rows", || seen(rows));
    kill_driver(&running);
    drop(running);
    sandbox.has_all("sink", rows);
}

/// The jar of the package.
fn jar() -> PathBuf {
    let lib = fs::read_dir(package().join("lib")).unwrap();
    let mut paths = lib.map(|entry| entry.unwrap().path());
    let is_ours = |path: &PathBuf| path.to_str().unwrap().contains("/seatunnel-spark-");
    paths.find(is_ours).unwrap()
}

/// An application with `StreamApp.java` in it.
fn compiled(cluster: &Cluster, sandbox: &Sandbox) -> PathBuf {
    let classes = sandbox.path("classes");
    let source = project().join("starter/tests/clusters/StreamApp.java");
    let jars = format!("{}/jars/*", cluster.variable("SPARK_HOME"));
    let compile = Command::new("javac")
        .args(["-proc:none", "-cp", &jars, "-d"])
        .arg(&classes)
        .arg(source)
        .status();
    assert!(compile.unwrap().success());
    let app = sandbox.path("app.jar");
    let packed = Command::new("jar")
        .args(["--create", "--file"])
        .arg(&app)
        .arg("-C")
        .arg(&classes)
        .arg(".")
        .status();
    assert!(packed.unwrap().success());
    app
}
