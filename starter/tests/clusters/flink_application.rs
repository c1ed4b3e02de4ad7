//! Clusters of Flink that are there for one job.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::flink::start_again;
use crate::processes::wait;
use crate::support::{Cluster, Sandbox, alone, copy, walk};

#[test]
fn an_application_has_a_cluster_of_its_own_which_shows_no_passwords() {
    let _alone = alone();
    // Its JobManager is the launcher's child, or is started elsewhere with the settings that the launcher gives it.
    for remote in [false, true] {
        let cluster = Arc::new(Cluster::start_by("configure", "flink.sh", &[], &[]));
        let target = if remote {
            "yarn-application"
        } else {
            "standalone-application"
        };
        let sandbox = Sandbox::new(&cluster, &["--engine", "flink", "--master", target]);
        let rows = sandbox.numbers(&[500]);
        let secret = "sheet_name = topsecretword";
        sandbox.write_job(
            &copy(1_000_000, "checkpoint.interval = 500")
                .replace("tmp_path", &format!("{secret}, tmp_path")),
        );
        let home = elsewhere(&cluster, &sandbox);
        let variables = [("FLINK_HOME", home.to_str().unwrap())];
        let running = match remote {
            true => sandbox.start_with(&["--deploy-mode", "run-application"], &variables),
            false => sandbox.start(&["--deploy-mode", "run-application"]),
        };
        wait("a JobManager", || {
            running
                .output()
                .contains("Starting the resource manager")
                .then_some(())
        });
        start_again(&cluster, "taskmanager");
        let run = running.wait().succeeds();
        sandbox.has_all("sink", rows);
        let run = run.says(&["Job Statistic Information"]);
        let written = format!("Total Write Count         : {rows:>19}");
        let run = run.says(&[&written]);
        let said = walk(&cluster.folder())
            .into_iter()
            .map(|path| fs::read_to_string(path).unwrap_or_default());
        for text in said.chain([run.output]) {
            for secret in ["topsecretword", "eyJ2ZXJzaW9u"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

/// A Flink whose `flink run` starts a JobManager with the settings that it is given, as a cluster's manager does.
fn elsewhere(cluster: &Cluster, sandbox: &Sandbox) -> PathBuf {
    let real = cluster.variable("FLINK_HOME");
    let home = sandbox.path("flink");
    fs::create_dir_all(home.join("bin")).unwrap();
    std::os::unix::fs::symlink(format!("{real}/lib"), home.join("lib")).unwrap();
    let script = format!(
        r#"#!/usr/bin/env bash
        settings=()
        while [ $# -gt 3 ]; do
            case "$1" in -D*) settings+=("$1") ;; esac
            shift
        done
        exec {real}/bin/standalone-job.sh start-foreground --job-classname "$2" --jars "$3" "${{settings[@]}}"
        "#
    );
    let program = home.join("bin/flink");
    fs::write(&program, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, executable).unwrap();
    home
}
