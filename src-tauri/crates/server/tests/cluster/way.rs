//! A way between a node and its Redis on which what Redis says is read, in RESP, and what was published can be
//! changed or swallowed.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

use super::redis_rig::url_of;

/// The way of one node.
pub(super) struct Way {
    port: u16,
}

impl Way {
    /// `change` gets every value that Redis says, and gives back what goes on.
    pub(super) async fn open(
        redis_port: u16,
        change: impl Fn(Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let change = Arc::new(change);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let change = Arc::clone(&change);
                tokio::spawn(async move {
                    let far = TcpStream::connect(("127.0.0.1", redis_port)).await;
                    pass(near, far.expect("Redis listens"), &*change).await;
                });
            }
        });
        Self { port }
    }

    pub(super) fn url(&self) -> String {
        url_of(self.port)
    }
}

async fn pass(near: TcpStream, far: TcpStream, change: &impl Fn(Vec<u8>) -> Option<Vec<u8>>) {
    let (mut said, mut to_node) = near.into_split();
    let (answers, mut to_redis) = far.into_split();
    let mut answers = BufReader::new(answers);
    let listening = async {
        loop {
            let mut value = Vec::new();
            read_value(&mut answers, &mut value).await?;
            if let Some(value) = change(value) {
                to_node.write_all(&value).await?;
            }
        }
        #[expect(unreachable_code, reason = "says what the loop fails with")]
        std::io::Result::Ok(())
    };
    tokio::select! {
        _ = tokio::io::copy(&mut said, &mut to_redis) => {}
        _ = listening => {}
    }
}

/// Whether a value is what somebody published on a channel.
pub(super) fn is_published(value: &[u8]) -> bool {
    value.starts_with(b"*3\r\n$7\r\nmessage\r\n") || value.starts_with(b">3\r\n$7\r\nmessage\r\n")
}

/// The channel and the datagram of such a value.
pub(super) fn published(value: &[u8]) -> Option<(String, Vec<u8>)> {
    if !is_published(value) {
        return None;
    }
    let rest = value.get(b"*3\r\n$7\r\nmessage\r\n".len()..)?;
    let (channel, rest) = bulk(rest)?;
    let (datagram, _) = bulk(rest)?;
    Some((String::from_utf8(channel.to_vec()).ok()?, datagram.to_vec()))
}

/// The same value with another datagram.
pub(super) fn publishing(channel: &str, datagram: &[u8]) -> Vec<u8> {
    let head = format!(
        "*3\r\n$7\r\nmessage\r\n${}\r\n{channel}\r\n${}\r\n",
        channel.len(),
        datagram.len()
    );
    [head.as_bytes(), datagram, b"\r\n"].concat()
}

/// A bulk string of RESP, and what follows.
fn bulk(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = from.windows(2).position(|bytes| bytes == b"\r\n")?;
    let bytes = std::str::from_utf8(from.get(1..end)?).ok()?;
    let (text, rest) = from.get(end + 2..)?.split_at_checked(bytes.parse().ok()?)?;
    Some((text, rest.get(2..)?))
}

/// One value of RESP, with everything in it.
async fn read_value(
    from: &mut BufReader<OwnedReadHalf>,
    value: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut open = 1;
    while open > 0 {
        open -= 1;
        let start = value.len();
        if from.read_until(b'\n', value).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let count = || {
            let line = std::str::from_utf8(&value[start + 1..]).ok()?;
            line.trim().parse::<usize>().ok()
        };
        match value[start] {
            b'*' | b'>' | b'~' => open += count().unwrap_or(0),
            b'%' => open += 2 * count().unwrap_or(0),
            b'$' => {
                // "-1" is nothing at all.
                if let Some(bytes) = count() {
                    let at = value.len();
                    value.resize(at + bytes + 2, 0);
                    from.read_exact(&mut value[at..]).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
