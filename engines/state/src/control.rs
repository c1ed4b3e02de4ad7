//! Talking to the process that works on a job: a socket in the job's folder, a line of JSON each way.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatunnel_api::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream as TokioStream};

use crate::codes;

/// What a running job can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// How far it is.
    Status,
    /// To stop at a savepoint.
    Savepoint,
    /// To stop, and to throw away what is not committed.
    Cancel,
}

/// The longest question that is read, in bytes.
const LONGEST: u64 = 4096;
/// How long an asker waits for an answer, and an answerer for a question.
const PATIENCE: Duration = Duration::from_secs(10);
/// The system takes no longer names of sockets, in bytes.
const LONGEST_NAME: usize = 100;

/// Answers whoever asks, until dropped.
///
/// # Errors
/// If the socket can't be made.
pub async fn serve(socket: &Path, answer: impl Fn(Request) -> Value) -> io::Result<()> {
    // One that a killed process has left; who holds the job's lock may take its place.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let name = Name::of(socket)?;
    let listener = UnixListener::bind(&name.path)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // An asker that goes away or says nothing is no trouble of the job.
        let _ = tokio::time::timeout(PATIENCE, reply(stream, &answer)).await;
    }
}

async fn reply(mut stream: TokioStream, answer: &impl Fn(Request) -> Value) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(LONGEST))
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => answer(request),
        Err(error) => serde_json::json!({"error": format!("not understood: {error}")}),
    };
    write.write_all(format!("{answer}\n").as_bytes()).await
}

/// Asks the process that listens there.
///
/// # Errors
/// [`codes::UNREACHABLE`] if there is none or it does not answer.
pub fn ask(socket: &Path, request: Request) -> Result<Value> {
    let asked = || -> io::Result<Value> {
        let name = Name::of(socket)?;
        let mut stream = UnixStream::connect(&name.path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let question = serde_json::to_string(&request)?;
        stream.write_all(format!("{question}\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    };
    asked().map_err(|error| {
        Error::new(codes::UNREACHABLE, "the process of the job does not answer")
            .with_cause(error)
            .with_context("socket", socket.display())
    })
}

/// A name of a socket that the system takes, however deep its folder is.
struct Name {
    path: PathBuf,
    /// Open as long as the name is used.
    _folder: Option<File>,
}

impl Name {
    fn of(socket: &Path) -> io::Result<Self> {
        let (Some(folder), Some(file)) = (socket.parent(), socket.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if socket.as_os_str().len() <= LONGEST_NAME {
            return Ok(Self {
                path: socket.to_owned(),
                _folder: None,
            });
        }
        let folder = File::open(folder)?;
        let through = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        Ok(Self {
            path: through.join(file),
            _folder: Some(folder),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_running_job_answers_in_a_deep_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep".repeat(50));
        fs::create_dir(&deep).unwrap();
        for folder in [folder.path(), deep.as_path()] {
            let socket = folder.join("control.sock");
            // What a killed process has left.
            fs::write(&socket, "").unwrap();
            let asked = socket.clone();
            let answer = tokio::task::spawn_blocking(move || {
                loop {
                    match ask(&asked, Request::Status) {
                        Ok(answer) => return answer,
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
            let answer = tokio::select! {
                served = serve(&socket, |request| serde_json::json!({"asked": request})) => {
                    panic!("{served:?}")
                }
                answer = answer => answer.unwrap(),
            };
            assert_eq!(answer["asked"], "status");
        }
    }

    #[test]
    fn nobody_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = ask(&folder.path().join("control.sock"), Request::Cancel).unwrap_err();
        assert_eq!(error.code(), codes::UNREACHABLE);
    }
}
