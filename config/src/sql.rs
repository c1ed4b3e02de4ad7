//! SQL job files.

use std::path::Path;
use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Report, SourceText, Span};

use crate::codes;
use crate::hocon::{Names, Unresolved};

pub(crate) fn read(
    source: &Arc<SourceText>,
    _: Option<&Path>,
    _: &Names<'_>,
    _: Unresolved,
    report: &mut Report,
) -> Option<ConfigValue> {
    let span = Span::new(source, 0, 0);
    report.error(codes::SQL, "SQL job files are not supported yet", &span);
    None
}
