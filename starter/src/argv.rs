//! Brings a command line of SeaTunnel's scripts into the form that the parser reads.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// SeaTunnel's short flags of more than one letter, and the long ones that mean the same. A parser
/// that follows the usual rules would read `-cn` as `-c n`.
const MANY_LETTER_FLAGS: [(&str, &str); 4] = [
    ("-can", "--cancel-job"),
    ("-cj", "--close-job"),
    ("-cn", "--cluster"),
    ("-fcan", "--force-cancel-job"),
];

/// A command line in the usual form.
pub(crate) struct Normalised {
    /// The arguments, the program's name first.
    pub(crate) args: Vec<OsString>,
    /// `-D…` arguments, which were taken out: settings for a Java machine, and there is none.
    pub(crate) jvm_options: Vec<String>,
}

/// Takes out what is for a Java machine and spells out short flags of more than one letter.
pub(crate) fn normalise(args: impl IntoIterator<Item = OsString>) -> Normalised {
    let mut normalised = Normalised {
        args: Vec::new(),
        jvm_options: Vec::new(),
    };
    for (position, arg) in args.into_iter().enumerate() {
        if position == 0 {
            let engine = engine_of(&arg);
            normalised.args.push(arg);
            if let Some(engine) = engine {
                normalised.args.extend(["--engine".into(), engine.into()]);
            }
            continue;
        }
        let text = arg.to_str().unwrap_or_default();
        if text.starts_with("-D") && text.len() > 2 {
            normalised.jvm_options.push(text.to_owned());
            continue;
        }
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (text, None),
        };
        let long = MANY_LETTER_FLAGS.iter().find(|(short, _)| *short == flag);
        normalised.args.push(match (long, value) {
            (Some((_, long)), Some(value)) => format!("{long}={value}").into(),
            (Some((_, long)), None) => (*long).into(),
            (None, _) => arg,
        });
    }
    normalised
}

/// The engine that SeaTunnel's script of this name runs jobs on: the scripts are this program under
/// other names (`start-seatunnel-spark-3-connector-v2.sh`).
fn engine_of(program: &OsStr) -> Option<&'static str> {
    let name = Path::new(program).file_name()?.to_str()?;
    ["spark", "flink"]
        .into_iter()
        .find(|engine| name.starts_with(&format!("start-seatunnel-{engine}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(line: &str) -> (String, String) {
        let Normalised { args, jvm_options } = normalise(line.split(' ').map(OsString::from));
        let args: Vec<String> = args
            .into_iter()
            .filter_map(|a| a.into_string().ok())
            .collect();
        (args.join(" "), jvm_options.join(" "))
    }

    #[test]
    fn short_flags_of_many_letters_are_spelt_out() {
        let (args, _) = normalised("seatunnel -cn prod -can 1 2 -cj -c job.conf");
        assert_eq!(
            args,
            "seatunnel --cluster prod --cancel-job 1 2 --close-job -c job.conf"
        );
        assert_eq!(
            normalised("seatunnel -cn=prod").0,
            "seatunnel --cluster=prod"
        );
    }

    #[test]
    fn names_of_scripts_choose_the_engine() {
        let line = "/opt/bin/start-seatunnel-flink-15-connector-v2.sh -c job.conf";
        let script = "/opt/bin/start-seatunnel-flink-15-connector-v2.sh";
        assert_eq!(
            normalised(line).0,
            format!("{script} --engine flink -c job.conf")
        );
        assert_eq!(normalised("seatunnel.sh -c a").0, "seatunnel.sh -c a");
    }

    #[test]
    fn settings_of_a_java_machine_are_taken_out() {
        let (args, jvm) = normalised("seatunnel -DJvmOption=-Xmx4G -c job.conf -Dlog.level=info");
        assert_eq!(args, "seatunnel -c job.conf");
        assert_eq!(jvm, "-DJvmOption=-Xmx4G -Dlog.level=info");
    }
}
