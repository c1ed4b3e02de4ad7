//! What came of the checks.

use std::fmt;

use seatunnel_api::Error;

use crate::fixture::FixtureError;

/// Why a check ends early.
pub(crate) enum Stop {
    /// The connector did not do what it must.
    Failed(String),
    /// It can't be checked, for a reason that the report shows.
    LeftOut(String),
}

/// What a check does; further findings are in its [`Findings`].
pub(crate) type Checked<T = ()> = Result<T, Stop>;

pub(crate) fn failed<T>(what: impl Into<String>) -> Checked<T> {
    Err(Stop::Failed(what.into()))
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("unexpected error:\n{}", error.report()))
    }
}

impl From<FixtureError> for Stop {
    fn from(error: FixtureError) -> Self {
        Self::Failed(format!("the fixture failed: {error}"))
    }
}

/// What a check has found so far.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) failures: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) omitted: Vec<String>,
}

impl Findings {
    /// Keeps the failure and goes on.
    pub(crate) fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    /// Says what is not checked, and why.
    pub(crate) fn omit(&mut self, what: impl Into<String>) {
        self.omitted.push(what.into());
    }

    /// Says something about the run; the same only once.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.notes.contains(&what) {
            self.notes.push(what);
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The connector does what it must.
    Passed,
    /// It does not; what was expected and what came.
    Failed(Vec<String>),
    /// It was not checked, for this reason.
    LeftOut(String),
}

/// One check and how it ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The check's name.
    pub check: &'static str,
    /// What the check asks for.
    pub promise: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What it ran on.
    pub notes: Vec<String>,
    /// What the fixture left out of the check, and why.
    pub omitted: Vec<String>,
}

/// What came of the checks of one connector.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was checked: `source FakeSource`.
    pub subject: String,
    /// What the data was made from; set `CONFORMANCE_SEED` to run with the same again.
    pub seed: u64,
    /// One for each check that was asked for.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Names of the checks that failed.
    pub fn failed(&self) -> Vec<&'static str> {
        self.outcomes
            .iter()
            .filter(|o| matches!(o.verdict, Verdict::Failed(_)))
            .map(|o| o.check)
            .collect()
    }

    /// Passes the report on where no check failed.
    ///
    /// # Panics
    /// With the whole report where one did.
    pub fn assert_passed(self) -> Self {
        assert!(self.failed().is_empty(), "\n{self}");
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (CONFORMANCE_SEED={})", self.subject, self.seed)?;
        for outcome in &self.outcomes {
            let (mark, lines) = match &outcome.verdict {
                Verdict::Passed => ("passed", &[][..]),
                Verdict::Failed(lines) => ("FAILED", &lines[..]),
                Verdict::LeftOut(why) => ("left out", std::slice::from_ref(why)),
            };
            writeln!(f, "{mark:>8}  {}: {}", outcome.check, outcome.promise)?;
            for line in lines {
                writeln!(f, "          {}", line.replace('\n', "\n          "))?;
            }
            for note in outcome.omitted.iter().chain(&outcome.notes) {
                writeln!(f, "          ({note})")?;
            }
        }
        Ok(())
    }
}
