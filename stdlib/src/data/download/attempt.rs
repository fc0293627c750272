//! One request, whose answer goes on with the part or begins it anew.

use std::io::{Read, Write};

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::Options;
use super::part::Part;
use crate::data::bar::Gauge;
use crate::data::error::{self, Error};

/// Most redirects that are followed.
const REDIRECTS: u32 = 5;

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Why a try did not bring the right file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The part that it went on with may be wrong, and is gone.
    #[error("what had come before was wrong")]
    Anew,
    /// The next try may.
    #[error("{0}")]
    Again(String),
    /// This mirror will not.
    #[error("{0}")]
    Mirror(String),
    /// No mirror will: a file cannot be written.
    #[error(transparent)]
    Stop(Error),
}

type Result<T> = std::result::Result<T, Failure>;

/// What asks the servers. One on this machine is not asked through a proxy.
pub(super) fn agent(url: &str, options: &Options) -> Agent {
    let timeout = Some(options.timeout);
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(REDIRECTS)
        .user_agent(concat!("snn/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(timeout)
        .timeout_connect(timeout)
        .timeout_recv_response(timeout)
        .timeout_per_read(timeout)
        .timeout_per_write(timeout);
    if ["http://127.0.0.1", "http://localhost"].iter().any(|own| url.starts_with(own)) {
        config = config.proxy(None);
    }
    config.build().into()
}

/// Asks for what the part lacks. `Ok` says that the server has no more to give, not that the file is right.
pub(super) fn run(
    agent: &Agent,
    url: &str,
    part: &Part,
    limit: u64,
    gauge: &mut Gauge<'_>,
) -> Result<()> {
    if part.length() > limit {
        part.remove();
    }
    let have = part.length();
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let mut response = request.call().map_err(refused)?;
    let Some(from) = begin(&response, part, have)? else { return Ok(()) };
    let size = response.body().content_length().map(|n| n.saturating_add(from));
    if let Some(size) = size.filter(|size| *size > limit) {
        return Err(Failure::Mirror(format!("it has {size} bytes, more than the {limit} allowed")));
    }
    take(&mut response, part, from, (limit, size), gauge)
}

/// From which byte on the answer goes; none where the part has all that there is.
fn begin(response: &Response<Body>, part: &Part, have: u64) -> Result<Option<u64>> {
    match response.status() {
        StatusCode::OK => Ok(Some(0)),
        StatusCode::PARTIAL_CONTENT if have > 0 && start(response) == Some(have) => Ok(Some(have)),
        StatusCode::PARTIAL_CONTENT => {
            part.remove();
            Err(Failure::Again("it sent another range of bytes than was asked for".into()))
        }
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => Ok(None),
        status => {
            let why = format!("the server said {status}");
            let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
            match status.is_server_error() || passing.contains(&status) {
                true => Err(Failure::Again(why)),
                false => Err(Failure::Mirror(why)),
            }
        }
    }
}

/// The first byte of a range, from `Content-Range: bytes FIRST-LAST/SIZE`.
fn start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("content-range")?.to_str().ok()?;
    range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// Writes the body to the part from a byte on.
fn take(
    response: &mut Response<Body>,
    part: &Part,
    from: u64,
    (limit, size): (u64, Option<u64>),
    gauge: &mut Gauge<'_>,
) -> Result<()> {
    let mut file = part.open(from).map_err(Failure::Stop)?;
    let failed = |e| Failure::Stop(error::io("write", part.path())(e));
    let mut body = response.body_mut().as_reader();
    let mut at = from;
    let mut buffer = vec![0; CHUNK];
    while let Some(bytes) = read(&mut body, &mut buffer).map_err(|e| broken(at, &e.to_string()))? {
        at += bytes.len() as u64;
        if at > limit {
            part.remove();
            return Err(Failure::Mirror(format!("it has more than the {limit} bytes allowed")));
        }
        file.write_all(bytes).map_err(failed)?;
        gauge.set(at, size);
    }
    if size.is_some_and(|size| at < size) {
        return Err(broken(at, "the server closed the connection"));
    }
    file.sync_all().map_err(failed)
}

/// The next bytes; none at the end.
fn read<'a>(body: &mut impl Read, buffer: &'a mut [u8]) -> std::io::Result<Option<&'a [u8]>> {
    let n = body.read(buffer)?;
    Ok(Some(&buffer[..n]).filter(|bytes| !bytes.is_empty()))
}

fn broken(at: u64, why: &str) -> Failure {
    Failure::Again(format!("it broke off after {at} bytes: {why}"))
}

/// Why there was no answer, and whether to ask again.
fn refused(error: ureq::Error) -> Failure {
    use ureq::Error::{BadUri, HostNotFound, RedirectFailed, TooManyRedirects};
    let why = error.to_string();
    match error {
        TooManyRedirects => Failure::Mirror(format!("more than {REDIRECTS} redirects")),
        BadUri(_) | HostNotFound | RedirectFailed => Failure::Mirror(why),
        _ => Failure::Again(why),
    }
}
