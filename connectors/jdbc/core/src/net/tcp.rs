//! A TCP connection whose reader is woken for plenty, rather than for each piece that a server sends.
//!
//! Servers send the rows of a table in pieces of 8 or 16 KiB. A reader that is as quick as the server waits for each of them,
//! and waking it is the server's work: a seventh of the CPU that PostgreSQL needs to give a table away. Linux can be told to wake
//! a reader for no less than a certain number of bytes (`SO_RCVLOWAT`, socket(7)). What comes last of an answer may be less:
//! then nothing more comes within [`PATIENCE`], and the reader takes what is there. Whoever asks for many answers of a few MiB
//! each had better not wait for the end of each: see [`Socket::take_pieces`](super::Socket::take_pieces).

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Bytes of one answer after which it counts as long.
const LONG: usize = 512 * 1024;
/// Bytes of a long answer that are awaited together.
const PLENTY: i32 = 256 * 1024;
/// How long they are awaited before the reader takes what there is.
const PATIENCE: Duration = Duration::from_millis(5);

/// A TCP connection to a server that answers when it is asked.
pub struct Tcp {
    stream: TcpStream,
    /// Bytes that came since something was last sent, or since less than plenty came.
    came: usize,
    /// While plenty is awaited: when that ends.
    patience: Option<Pin<Box<Sleep>>>,
    /// Whether `patience` runs.
    waits: bool,
    /// Whether something may lie there that was less than plenty, and that nothing tells of.
    looks: bool,
    /// Whether plenty is never awaited.
    takes_pieces: bool,
}

impl Tcp {
    /// Opens a connection to a host, with what long-lived connections need.
    pub(super) async fn connect(host: &str, port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
        // A peer that vanished without a word is noticed even while nothing is sent.
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        Ok(stream.into())
    }

    fn took(&mut self, count: usize) {
        self.waits = false;
        self.came = self.came.saturating_add(count);
        let is_long = self.came >= LONG && !self.takes_pieces;
        if is_long && self.patience.is_none() && system::wake_for(&self.stream, PLENTY) {
            self.patience = Some(Box::pin(sleep(PATIENCE)));
        }
    }

    pub(super) fn take_pieces(&mut self, pieces: bool) {
        self.takes_pieces = pieces;
    }

    /// To be woken for any byte again.
    fn calm(&mut self) {
        self.came = 0;
        self.waits = false;
        if self.patience.take().is_some() {
            system::wake_for(&self.stream, 1);
            self.looks = true;
        }
    }

    /// Takes what lies there, whether or not it was told of: Linux tells when the mark is lowered, but not since ever (4.18).
    fn look(&mut self, buf: &mut ReadBuf<'_>) -> io::Result<bool> {
        let room = buf.remaining().min(PLENTY as usize);
        match (&*SockRef::from(&self.stream)).read(buf.initialize_unfilled_to(room)) {
            Ok(count) => {
                buf.advance(count);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.looks = false;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl From<TcpStream> for Tcp {
    fn from(stream: TcpStream) -> Self {
        Self {
            stream,
            came: 0,
            patience: None,
            waits: false,
            looks: false,
            takes_pieces: false,
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        loop {
            let this = &mut *self;
            let read = if this.looks && this.look(buf)? {
                Poll::Ready(Ok(()))
            } else {
                Pin::new(&mut this.stream).poll_read(cx, buf)
            };
            if let Poll::Ready(result) = read {
                this.took(buf.filled().len() - before);
                return Poll::Ready(result);
            }
            let Some(patience) = &mut this.patience else {
                return Poll::Pending;
            };
            if !this.waits {
                patience.as_mut().reset(Instant::now() + PATIENCE);
                this.waits = true;
            }
            ready!(patience.as_mut().poll(cx));
            this.calm();
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Another answer is awaited, which may be short.
        self.calm();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.calm();
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use nix::sys::socket::setsockopt;
    use nix::sys::socket::sockopt::SetStruct;
    use tokio::net::TcpStream;

    #[derive(Clone)]
    struct LowWaterMark;

    nix::setsockopt_impl!(
        LowWaterMark,
        libc::SOL_SOCKET,
        libc::SO_RCVLOWAT,
        i32,
        SetStruct<i32>
    );

    /// From now on a reader is woken for so many bytes. Gives whether the system can.
    pub(super) fn wake_for(stream: &TcpStream, bytes: i32) -> bool {
        setsockopt(stream, LowWaterMark, &bytes).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// Other systems wake a reader for what the mark of TCP is there.
    pub(super) fn wake_for(_: &tokio::net::TcpStream, _: i32) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What a server sends at once.
    const PIECE: usize = 8 * 1024;

    async fn pair() -> (Tcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ours, theirs) = tokio::join!(Tcp::connect("127.0.0.1", port), listener.accept());
        (ours.unwrap(), theirs.unwrap().0)
    }

    async fn read_once(tcp: &mut Tcp, room: usize) -> usize {
        let mut bytes = vec![0; room];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|cx| Pin::new(&mut *tcp).poll_read(cx, &mut buffer))
            .await
            .unwrap();
        buffer.filled().len()
    }

    #[tokio::test]
    async fn all_of_a_long_answer_comes_and_its_last_bytes_too() {
        let (mut ours, mut theirs) = pair().await;
        let answer: Vec<u8> = (0..LONG * 5 + 17).map(|n| (n % 251) as u8).collect();
        let sent = answer.clone();
        let server = tokio::spawn(async move {
            for piece in sent.chunks(PIECE) {
                theirs.write_all(piece).await.unwrap();
            }
            theirs
        });
        let mut found = vec![0; answer.len()];
        ours.read_exact(&mut found).await.unwrap();
        assert_eq!(found, answer);

        // A short answer to another question.
        let mut theirs = server.await.unwrap();
        ours.write_all(b"?").await.unwrap();
        assert!(ours.patience.is_none());
        theirs.write_all(b"!").await.unwrap();
        assert_eq!(read_once(&mut ours, 8).await, 1);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_long_answer_comes_in_large_pieces() {
        // A machine that lets the server rest for longer than the reader is patient shows nothing.
        for _ in 0..20 {
            if large_piece().await >= 8 * PIECE {
                return;
            }
        }
        panic!("the reader is woken for each piece");
    }

    /// What a reader gets at once in the midst of a long answer.
    #[cfg(target_os = "linux")]
    async fn large_piece() -> usize {
        let (mut ours, mut theirs) = pair().await;
        let mut first = vec![0; LONG];
        let begin = async { theirs.write_all(&[7; LONG]).await.unwrap() };
        tokio::join!(begin, async { ours.read_exact(&mut first).await.unwrap() });
        assert!(ours.patience.is_some());

        let go_on = async {
            for _ in 0..PLENTY / PIECE as i32 {
                theirs.write_all(&[7; PIECE]).await.unwrap();
                // The reader runs now, if it is woken.
                tokio::task::yield_now().await;
            }
        };
        let (second, ()) = tokio::join!(read_once(&mut ours, 2 * LONG), go_on);
        drop(theirs);
        let mut rest = Vec::new();
        ours.read_to_end(&mut rest).await.unwrap();
        assert_eq!(second + rest.len(), PLENTY as usize);
        second
    }

    #[tokio::test]
    async fn a_slow_server_is_waited_for() {
        let (mut ours, mut theirs) = pair().await;
        tokio::spawn(async move {
            theirs.write_all(&vec![1; LONG]).await.unwrap();
            for _ in 0..3 {
                tokio::time::sleep(PATIENCE * 3).await;
                theirs.write_all(b"row").await.unwrap();
            }
        });
        let mut found = Vec::new();
        ours.read_to_end(&mut found).await.unwrap();
        assert_eq!(found.len(), LONG + 9);
        assert!(found.ends_with(b"rowrowrow"));
    }

    #[tokio::test]
    async fn who_takes_pieces_does_not_wait_for_plenty() {
        let (mut ours, mut theirs) = pair().await;
        ours.take_pieces(true);
        let mut first = vec![0; LONG];
        let begin = async { theirs.write_all(&[7; LONG]).await.unwrap() };
        tokio::join!(begin, async { ours.read_exact(&mut first).await.unwrap() });
        assert!(ours.patience.is_none());
    }
}
