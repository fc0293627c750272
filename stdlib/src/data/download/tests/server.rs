//! A server on this machine that answers as it is told, well or badly.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What was asked for.
pub struct Request {
    pub path: String,
    /// The first byte of the range asked for.
    pub from: Option<usize>,
    /// How many requests came before.
    pub number: usize,
}

/// An answer.
pub struct Reply {
    /// The status and the lines of the head, without those of the length.
    pub head: String,
    pub body: Vec<u8>,
    /// The length that is claimed; none closes the connection at the end instead.
    pub length: Option<usize>,
    /// How long each quarter of the body is held back.
    pub pause: Duration,
}

impl Reply {
    pub fn new(head: &str, body: &[u8]) -> Self {
        let [body, head] = [body.to_vec(), head.as_bytes().to_vec()];
        let length = Some(body.len());
        Self { head: String::from_utf8(head).unwrap(), body, length, pause: Duration::ZERO }
    }

    pub fn ok(body: &[u8]) -> Self {
        Self::new("200 OK", body)
    }

    /// The whole or the range asked for, as a good server does.
    pub fn ranged(request: &Request, body: &[u8]) -> Self {
        match request.from {
            None => Self::ok(body),
            Some(from) if from >= body.len() => Self::new("416 Range Not Satisfiable", b""),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                let head = format!("206 Partial Content\r\nContent-Range: {range}");
                Self::new(&head, &body[from..])
            }
        }
    }

    /// Claims the whole length, but sends no more than so many bytes of it.
    pub fn cut(mut self, n: usize) -> Self {
        self.body.truncate(n);
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        write!(stream, "HTTP/1.1 {}\r\nConnection: close\r\n", self.head)?;
        if let Some(length) = self.length {
            write!(stream, "Content-Length: {length}\r\n")?;
        }
        write!(stream, "\r\n")?;
        for piece in self.body.chunks(self.body.len().div_ceil(4).max(1)) {
            thread::sleep(self.pause);
            stream.write_all(piece)?;
        }
        Ok(())
    }
}

/// The path, and the first byte.
type Asked = (String, Option<usize>);

/// A server that lives until the test's process ends.
pub struct Server {
    pub url: String,
    /// What was asked for so far.
    pub asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, known, count) =
            (Arc::new(answer), asked.clone(), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, known, count) = (answer.clone(), known.clone(), count.clone());
                thread::spawn(move || serve(stream, &*answer, &known, &count));
            }
        });
        Self { url, asked }
    }

    /// The first bytes asked for, in order.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.asked.lock().unwrap().iter().map(|(_, from)| *from).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &dyn Fn(&Request) -> Reply,
    asked: &Mutex<Vec<Asked>>,
    count: &AtomicUsize,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let path = lines.next().and_then(|line| Some(line.split(' ').nth(1)?.to_string()));
    let mut from = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        let range = line.strip_prefix("range: bytes=").and_then(|range| range.split('-').next());
        from = range.map(|from| from.parse().unwrap()).or(from);
    }
    let path = path.unwrap_or_default();
    asked.lock().unwrap().push((path.clone(), from));
    let number = count.fetch_add(1, Ordering::SeqCst);
    // A client that goes away is what some tests are about.
    let _ = answer(&Request { path, from, number }).send(&mut stream);
}
