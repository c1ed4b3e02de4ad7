//! One try at writing rows, up to a savepoint.

use seatunnel_api::Error;
use seatunnel_jdbc_core::errors;

use super::fold::SKIP;
use super::given::Given;
use super::kept::Kept;
use super::plan::Plan;
use super::session::Session;
use super::table::{PIECE, Stage};
use crate::copy::encode::{HEADER, Rows, TRAILER};
use crate::wire::Failure;

/// A try that has failed.
pub(crate) struct Attempt {
    pub(crate) failure: Failure,
    /// The row at fault where the server has said it, counted through all.
    pub(crate) row: Option<usize>,
}

impl Attempt {
    /// Whether single rows are at fault, so that others may be written without them.
    pub(crate) fn is_of_row(&self) -> bool {
        is_of_row(&self.failure)
    }
}

/// A value that is not valid, a constraint, a trigger's own refusal, a value too long for an index.
fn is_of_row(failure: &Failure) -> bool {
    failure.as_server().is_some_and(|error| {
        let state = error.sqlstate.as_str();
        ["22", "23", "P0"]
            .iter()
            .any(|class| state.starts_with(class))
            || state == "54000"
    })
}

/// Whether trying again may help.
pub(crate) fn is_retryable(failure: &Failure) -> bool {
    match failure {
        Failure::Server(error) => error.is_retryable(),
        Failure::Other(error) => error.is_retryable(),
    }
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self { row: None, failure }
    }
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

/// Begins a COPY into the server, behind a savepoint.
pub(crate) async fn begin_copy(session: &mut Session, copy: &str) -> Result<(), Failure> {
    let first = !session.in_transaction();
    let begun = match try_begin_copy(session, copy).await {
        Err(failure) if first && is_lost(&failure) => {
            reconnect(session, failure).await?;
            try_begin_copy(session, copy).await
        }
        begun => begun,
    };
    begun?;
    let connection = session.connection().await?;
    connection.copy_buffer().extend_from_slice(HEADER);
    Ok(())
}

async fn try_begin_copy(session: &mut Session, copy: &str) -> Result<(), Failure> {
    session.connection().await?;
    let sql = session.prefix() + copy;
    session.connection().await?.copy_in(&sql).await
}

/// Whether the connection is gone, perhaps since it was idle for long.
fn is_lost(failure: &Failure) -> bool {
    match failure {
        Failure::Server(error) => error.sqlstate.starts_with("57P"),
        Failure::Other(error) => error.code() == errors::CONNECTION_LOST,
    }
}

/// Gives up a connection on which nothing has been done, so that the next call opens another.
async fn reconnect(session: &mut Session, failure: Failure) -> Result<(), Failure> {
    tracing::warn!("{failure}; connecting again");
    // Those that nobody uses have been idle for as long.
    session.server.close();
    Ok(session.abort().await?)
}

/// Sends the rows of a batch.
pub(crate) async fn send(
    session: &mut Session,
    rows: &Rows<'_>,
    count: usize,
) -> Result<(), Failure> {
    send_range(session, rows, 0..count, &[]).await
}

async fn send_range(
    session: &mut Session,
    rows: &Rows<'_>,
    mut range: std::ops::Range<usize>,
    tail: &[u8],
) -> Result<(), Failure> {
    let connection = session.connection().await?;
    while !range.is_empty() {
        range.start += rows.write(range.clone(), tail, connection.copy_buffer(), PIECE);
        if connection.copy_buffered() >= PIECE - 64 {
            connection.copy_send().await?;
        }
    }
    Ok(())
}

/// Ends a COPY.
pub(crate) async fn finish_copy(session: &mut Session) -> Result<(), Failure> {
    let connection = session.connection().await?;
    connection.copy_buffer().extend_from_slice(TRAILER);
    connection.copy_finish().await.map(drop)
}

/// Copies rows straight into the table.
pub(crate) async fn direct(
    session: &mut Session,
    plan: &Plan,
    all: &[Kept],
) -> Result<(), Attempt> {
    let located = |failure| Attempt {
        row: line_of(&failure),
        failure,
    };
    begin_copy(session, &plan.copy).await?;
    for kept in all {
        let rows = Rows::new(kept.batch.records(), &plan.fields, &mut Vec::new());
        send(session, &rows, kept.batch.num_rows())
            .await
            .map_err(located)?;
    }
    finish_copy(session).await.map_err(located)
}

/// Copies rows into a stage, and applies them unless they are to wait there.
pub(crate) async fn stage(
    session: &mut Session,
    plan: &Plan,
    stage: &mut Stage,
    last_wins: bool,
    all: &[Kept],
) -> Result<(), Attempt> {
    let batches: Vec<_> = all.iter().map(|kept| kept.batch.clone()).collect();
    let steps = plan.fold.steps(&batches)?;
    let deletes = steps.of.iter().flatten().any(|s| *s != SKIP && s % 2 == 0);
    let (name, create, first_step) = match stage {
        Stage::Temporary(name) => (
            format!("pg_temp.{name}"),
            format!("CREATE TEMPORARY TABLE IF NOT EXISTS {name}"),
            0,
        ),
        Stage::OfTransaction(name) => (
            name.clone(),
            format!("CREATE UNLOGGED TABLE IF NOT EXISTS {name}"),
            0,
        ),
        Stage::Waiting {
            name,
            steps: so_far,
            ..
        } => (
            name.clone(),
            format!("CREATE TABLE IF NOT EXISTS {name}"),
            // Rows that are only put can share the last step.
            if deletes {
                *so_far
            } else {
                (*so_far - 2).max(0)
            },
        ),
    };
    let copy = format!(
        "{create} {}; {}",
        plan.stage_columns(),
        plan.stage_copy(&name)
    );
    let located = |failure| Attempt {
        row: line_of(&failure).and_then(|line| nth_sent(&steps.of, line)),
        failure,
    };
    begin_copy(session, &copy).await?;
    let mut used = vec![false; steps.count as usize];
    for (kept, of) in all.iter().zip(&steps.of) {
        let rows = Rows::new(kept.batch.records(), &plan.fields, &mut Vec::new());
        let mut start = 0;
        for run in of.chunk_by(|a, b| a == b) {
            let range = start..start + run.len();
            start = range.end;
            let step = run[0];
            if step == SKIP {
                continue;
            }
            used[step as usize] = true;
            send_range(session, &rows, range, &tail(first_step + step))
                .await
                .map_err(located)?;
        }
    }
    finish_copy(session).await.map_err(located)?;
    if let Stage::Waiting {
        steps: so_far,
        null_keys,
        ..
    } = stage
    {
        *so_far = first_step + steps.count;
        *null_keys |= steps.deletes_null;
        return Ok(());
    }
    let mut statements: Vec<String> = (0..steps.count)
        .filter(|step| used[*step as usize])
        .flat_map(|step| plan.apply(&name, step, last_wins, steps.deletes_null))
        .collect();
    statements.push(format!("TRUNCATE {name}"));
    let connection = session.connection().await?;
    connection.simple(&statements.join(";\n")).await?;
    Ok(())
}

/// The field `step` of a stage.
fn tail(step: i32) -> [u8; 8] {
    let mut tail = [0, 0, 0, 4, 0, 0, 0, 0];
    tail[4..].copy_from_slice(&step.to_be_bytes());
    tail
}

/// The row that was sent as this one, counted from 0 through all.
fn nth_sent(steps: &[Vec<i32>], line: usize) -> Option<usize> {
    let all = steps.iter().flatten().enumerate();
    let mut sent = all.filter(|(_, step)| **step != SKIP);
    sent.nth(line).map(|(row, _)| row)
}

/// Runs a given statement for each row.
pub(crate) async fn given(
    session: &mut Session,
    given: &Given,
    index: usize,
    all: &[Kept],
) -> Result<(), Attempt> {
    let name = format!("seatunnel_{index}");
    let first = !session.in_transaction();
    let begun = match begin_given(session, given, index, &name).await {
        Err(failure) if first && is_lost(&failure) => {
            reconnect(session, failure).await?;
            begin_given(session, given, index, &name).await
        }
        begun => begun,
    };
    begun?;
    let connection = session.connection().await?;
    let mut parameters = Vec::new();
    for kept in all {
        let rows = Rows::new(kept.batch.records(), &given.fields, &mut Vec::new());
        for row in 0..kept.batch.num_rows() {
            parameters.clear();
            for field in 0..given.fields.len() {
                rows.write_field(field, row, &mut parameters);
            }
            connection.queue_execute(&name, &given.formats, given.fields.len(), &parameters);
            if connection.queued_bytes() >= PIECE {
                connection.flush_queue().await?;
            }
        }
    }
    match connection.sync().await {
        Ok(_) => Ok(()),
        Err(failed) => Err(Attempt {
            row: failed.failure.as_server().map(|_| failed.index),
            failure: failed.failure,
        }),
    }
}

async fn begin_given(
    session: &mut Session,
    given: &Given,
    index: usize,
    name: &str,
) -> Result<(), Failure> {
    session.connection().await?;
    if !session.prepared.contains(&index) {
        let connection = session.connection().await?;
        connection.prepare(name, &given.sql, &[]).await?;
        session.prepared.insert(index);
    }
    let begin = session.prefix();
    session.connection().await?.simple(&begin).await.map(drop)
}

/// The row that the server names, counted from 0: `COPY t, line 17, column a`, in any language.
pub(crate) fn line_of(failure: &Failure) -> Option<usize> {
    let context = failure.as_server()?.context.as_deref()?;
    let place = context
        .lines()
        .find_map(|line| line.strip_prefix("COPY "))?;
    // The table's name comes first, and may have anything in it but is not likely to.
    let (_, rest) = place.split_once(", ")?;
    let start = rest.find(|c: char| c.is_ascii_digit())?;
    let digits = &rest[start..];
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse::<usize>().ok()?.checked_sub(1)
}

/// A failure in the user's terms.
pub(crate) fn told(failure: Failure, table: &str, row: Option<u64>) -> Error {
    let state = failure.as_server().map(|error| error.sqlstate.clone());
    let of_row = is_of_row(&failure);
    let mut error = Error::from(failure);
    if !table.is_empty() && !error.context().iter().any(|(what, _)| *what == "table") {
        error = error.with_context("table", table);
    }
    if let Some(row) = row {
        error = error.with_context("row", row);
    }
    if let Some(state) = state.filter(|_| error.sql_state().is_none()) {
        error = error.with_sql_state(state);
    }
    if of_row { error.of_row() } else { error }
}
