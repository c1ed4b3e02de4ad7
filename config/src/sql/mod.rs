//! SQL job files.
//!
//! ```sql
//! /* config
//! env { job.mode = BATCH }
//! */
//! CREATE TABLE src WITH ('connector' = 'FakeSource', 'type' = 'source', 'schema' = '{ fields { id = int } }');
//! CREATE TABLE dst WITH ('connector' = 'Console', 'type' = 'sink');
//! CREATE TABLE big AS SELECT * FROM src WHERE id > 100;
//! INSERT INTO dst SELECT id FROM big;
//! ```
//!
//! The result is the tree that the same job has in HOCON: a source or sink for each table `WITH`
//! options, a `Sql` transform for each query. As in SeaTunnel, an option's value that is enclosed in
//! braces or brackets is HOCON, any other is a text. Unlike SeaTunnel, a missing comma in `WITH`, a
//! table without `type` and a last statement without `;` are not passed over in silence, and
//! `INSERT INTO t SELECT * FROM s` needs no transform.

mod build;
mod options;
mod statements;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use seatunnel_api::config::{ConfigValue, Report, SourceText, Span};

use crate::hocon::lexer::Cursor;
use crate::hocon::{self, Context, Names, Parser, Raw, RawObject, Unresolved};

/// Reads an SQL job file; `None` if it is not valid, with the reasons in the report.
pub(crate) fn read(
    source: &Arc<SourceText>,
    file: Option<&Path>,
    names: &Names<'_>,
    unresolved: Unresolved,
    report: &mut Report,
) -> Option<ConfigValue> {
    let parts = statements::split(source, report);
    let mut root = RawObject::new();
    for (start, end) in parts.config.iter().copied() {
        let mut context = Context::new(report);
        let cursor = Cursor::part(source, start, end);
        let part = Parser::at(cursor, file, &mut context).document();
        hocon::merge_into(&mut root, part);
    }
    build::job(source, &parts, &mut root, report);
    if report.has_errors() {
        return None;
    }
    let root = hocon::resolved(
        Raw::object_at(root, Span::new(source, 0, source.text().len())),
        names,
        report,
    )?;
    Some(hocon::finish(root, unresolved, report))
}
