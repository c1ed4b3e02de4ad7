//! DynamicCompile: refused, with what can be used instead.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::{ConfigValue, Diagnostic};
use seatunnel_api::options::{OptionReader, OptionType, OptionValue, Options};
use seatunnel_api::{Error, PluginInfo, Result, Transform, TransformContext, TransformFactory};

use crate::codes;

const NAME: &str = "DynamicCompile";
const HELP: &str = "the Sql transform has expressions, CASE and some hundred functions; code of your own runs in the Wasm transform: compiled from Rust, C, Go or AssemblyScript, in a sandbox";

/// A language whose code can't be compiled here: reading it is the error, so that it is found without
/// running the job.
#[derive(Clone, Debug)]
struct CompileLanguage;

impl OptionValue for CompileLanguage {
    fn option_type() -> OptionType {
        OptionType::Enum(&["GROOVY", "JAVA", "SCALA"])
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let language = value.scalar_text().unwrap_or_default();
        let diagnostic = Diagnostic::error(codes::NOT_HERE, message(&language), value.span.clone());
        reader.report().push(diagnostic.with_help(HELP));
        None
    }

    fn render(&self) -> String {
        String::new()
    }
}

fn message(language: &str) -> String {
    format!("{NAME}: code in {language} needs a Java virtual machine, which this program has not")
}

/// Compiles and runs code of the job file in SeaTunnel; here it is refused. Use Sql or Wasm instead.
#[derive(Clone, Debug, Options)]
#[allow(dead_code)]
pub struct DynamicCompileOptions {
    /// The language of the code: GROOVY, JAVA or SCALA.
    compile_language: CompileLanguage,
    /// Where the code is: SOURCE_CODE or ABSOLUTE_PATH.
    compile_pattern: Option<String>,
    /// The code.
    source_code: Option<String>,
    /// A file with the code.
    absolute_path: Option<String>,
}

/// Says why there is no DynamicCompile.
pub struct DynamicCompileFactory;

#[async_trait]
impl TransformFactory for DynamicCompileFactory {
    type Options = DynamicCompileOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Not possible here, since it needs a Java virtual machine: use Sql or Wasm.",
        }
    }

    async fn create(
        &self,
        _options: DynamicCompileOptions,
        _context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        Err(Error::new(codes::NOT_HERE, message("Java or Groovy")).with_help(HELP))
    }
}
