//! What the program can be asked to do: one file each.

mod completions;
mod connectors;
mod dry_run;
mod job;
mod runs;
mod schema;
mod shade;
mod submit;
mod tree;
mod verify;

use std::process::ExitCode;

use seatunnel_config::LoadOptions;

use crate::args::{Cli, Command, ConfigCommand, ConnectorsCommand, Engine};
use crate::exit;
use crate::terminal;

/// Does what the command line asks for.
pub(crate) fn run(cli: Cli, jvm_options: &[String], unknown: Vec<String>) -> ExitCode {
    if let Err(error) = cli.check_flags() {
        return exit::usage(&error);
    }
    let done = match &cli.command {
        Some(Command::Completions { shell }) => {
            completions::print(*shell);
            Ok(())
        }
        Some(Command::Connectors { command }) => match command {
            None | Some(ConnectorsCommand::List) => {
                connectors::list();
                Ok(())
            }
            Some(ConnectorsCommand::Show { name }) => connectors::show(name),
            Some(ConnectorsCommand::Docs { folder }) => connectors::docs(folder),
        },
        Some(Command::Schema) => {
            schema::print();
            Ok(())
        }
        Some(Command::Config { command }) => match command {
            ConfigCommand::Tree { file } => tree::print(file),
        },
        Some(Command::Verify(args)) => return verify::run(args),
        None if cli.runs.is_asked() => runs::run(&cli),
        None => {
            let Some(file) = &cli.job.config else {
                return exit::usage(&crate::args::usage_error(
                    "no job file: give one with --config FILE",
                ));
            };
            if cli.job.encrypt || cli.job.decrypt {
                shade::print(file, &cli.job)
            } else if cli.job.engine != Engine::Local {
                return submit::run(file, &cli, jvm_options, unknown);
            } else {
                return job::run(file, &cli, jvm_options);
            }
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::print_error(&error);
            ExitCode::from(exit::FAILED)
        }
    }
}

/// What the command line says of reading the job file.
fn load_options(variables: &[String]) -> LoadOptions {
    LoadOptions {
        variables: variables.to_vec(),
        ..LoadOptions::default()
    }
}
