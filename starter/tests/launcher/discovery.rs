use serde_json::Value;

use crate::support::{Sandbox, run, workspace};

#[test]
fn connectors_lists_all_that_is_built_in() {
    for line in ["connectors", "connectors list"] {
        Sandbox::new().seatunnel(line).succeeds().prints(&[
            "FakeSource",
            "Console",
            "Assert",
            "LocalFile",
            "Jdbc",
            "FieldMapper",
            "Sql",
        ]);
    }
}

#[test]
fn show_has_all_that_is_declared_of_an_option() {
    let run = Sandbox::new()
        .seatunnel("connectors show localfile")
        .succeeds();
    run.prints(&[
        "LocalFile (source)",
        "LocalFile (sink)",
        "OPTION",
        "file_format_type",
        "required",
        "Older names: delimiter",
        "OF EVERY SINK",
        "plugin_input",
        "Guarantee: exactly once",
    ]);
    let jdbc = Sandbox::new().seatunnel("connectors show Jdbc").succeeds();
    jdbc.prints(&["Secret: never printed.", "Guarantee: exactly once"]);
}

#[test]
fn a_misspelt_connector_gets_the_nearest_name() {
    let run = Sandbox::new()
        .seatunnel("connectors show LocalFiel")
        .fails(1);
    run.says(&[
        "no connector or transform called \"LocalFiel\"",
        "did you mean LocalFile?",
    ]);
}

fn schema() -> Value {
    let run = Sandbox::new().seatunnel("schema").succeeds();
    serde_json::from_str(&run.stdout).unwrap()
}

fn tree(file: &str) -> Value {
    let mut command = crate::support::binary(&workspace());
    command.args(["config", "tree", file]);
    let run = run(command).succeeds();
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn schema_accepts_the_examples() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for file in [
        "quickstart",
        "fake_to_console",
        "csv_to_json",
        "join_to_csv",
        "multi_table_to_assert",
    ] {
        let tree = tree(&format!("examples/{file}.conf"));
        let errors: Vec<String> = validator
            .iter_errors(&tree)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
    }
}

#[test]
fn schema_refuses_what_is_no_job() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let fake = |extra: &str| -> Value {
        let text = format!(
            r#"{{ "source": {{ "FakeSource": {{ {extra} "schema": {{ "fields": {{ "id": "int" }} }} }} }},
                 "sink": [{{ "plugin_name": "console" }}] }}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    assert!(validator.is_valid(&fake("")));
    assert!(
        validator.is_valid(&fake(r#""row.num": 7,"#)),
        "a dotted key"
    );
    assert!(
        validator.is_valid(&fake(r#""row": { "num": "7" },"#)),
        "the same key in a block"
    );
    assert!(
        !validator.is_valid(&fake(r#""row.num": "many","#)),
        "a wrong type"
    );
    assert!(
        !validator.is_valid(&fake(r#""row.nmu": 7,"#)),
        "an unknown option"
    );
    let mut no_sink = fake("");
    no_sink.as_object_mut().unwrap().remove("sink");
    assert!(!validator.is_valid(&no_sink));
    let mut unknown = fake("");
    unknown["sink"][0]["plugin_name"] = "Konsole".into();
    assert!(!validator.is_valid(&unknown));
}

#[test]
fn config_tree_leaves_variables_and_unknown_plugins_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "job.conf",
        r#"env { job.mode = BATCH }
           source { NoSuchThing { table = "${t}", n = 1 }
             NoSuchThing { n = 2 } }
           sink { Neither {} }"#,
    );
    let run = sandbox.seatunnel("config tree job.conf").succeeds();
    let tree: Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = serde_json::json!({
        "env": { "job.mode": "BATCH" },
        "source": [
            { "plugin_name": "NoSuchThing", "table": "${t}", "n": 1 },
            { "plugin_name": "NoSuchThing", "n": 2 },
        ],
        "sink": [{ "plugin_name": "Neither" }],
    });
    assert_eq!(tree, expected);
}

#[test]
fn config_tree_of_a_broken_file_points_at_the_place() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", "env { a = 1\nsource {\n");
    sandbox
        .seatunnel("config tree job.conf")
        .fails(1)
        .says(&["job.conf:"]);
}
