//! The command that hands a job over.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A program and its arguments, as the system takes them: no shell is between, so nothing needs quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables of its environment, besides those of this process.
    pub environment: Vec<(&'static str, OsString)>,
    /// Whether its exit code says only that the job was handed over, and a line that it logs, how the job ended.
    pub logs_the_end: bool,
}

impl SubmitCommand {
    /// A command without arguments.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            args: Vec::new(),
            environment: Vec::new(),
            logs_the_end: false,
        }
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl Into<OsString>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Adds a flag and its value.
    pub fn flag(&mut self, flag: &str, value: impl Into<OsString>) -> &mut Self {
        self.arg(flag).arg(value)
    }
}

/// As one could type it into a shell.
impl fmt::Display for SubmitCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", quoted(&value.to_string_lossy()))?;
        }
        f.write_str(&quoted(&self.program.to_string_lossy()))?;
        for arg in &self.args {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+*[]".contains(c);
    match !text.is_empty() && text.chars().all(plain) && !text.contains(['*', '[']) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_would_read_the_same_arguments() {
        let mut command = SubmitCommand::new("/opt/spark/bin/spark-submit".into());
        command
            .flag("--master", "local[*]")
            .flag("--name", "it's a job; rm -rf $HOME")
            .arg("");
        let shown = command.to_string();
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("printf '%s\\n' {shown}"))
            .output()
            .unwrap();
        let words = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = words.lines().collect();
        assert_eq!(
            words,
            [
                "/opt/spark/bin/spark-submit",
                "--master",
                "local[*]",
                "--name",
                "it's a job; rm -rf $HOME",
                ""
            ]
        );
    }
}
