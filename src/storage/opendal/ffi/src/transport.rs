// SPDX-License-Identifier: Apache-2.0
//! The transport every request goes through: it demands the bytes that were asked for, talks to the
//! configured hosts only, bounds what is kept of an answer, and notes what OpenDAL does not tell.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use http::header::{CONTENT_RANGE, DATE, ETAG, IF_NONE_MATCH, RANGE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use opendal::raw::oio::ReadStream;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport, HttpTransporter, Result};
use opendal_http_transport_reqwest::ReqwestTransport;

/// What is kept of an error's body.
const ERROR_BYTES: usize = 64 << 10;
/// The most that an answer may hold that is no object: a page of a listing, mostly.
const ANSWER_BYTES: usize = 32 << 20;

pub type MayRetry = Box<dyn Fn() -> bool + Send + Sync>;

/// What the requests of one call met. `-1` and `0` say that there was nothing.
pub struct Recorder {
    /// Answers are objects, handed on as they come.
    reads_objects: bool,
    /// Requests run side by side: what the others meet does not hide a failure.
    is_upload: bool,
    /// So many requests of an upload, of all its parts together, may be sent again.
    retries_left: AtomicU32,
    /// Asked before each of them.
    may_retry: MayRetry,
    pub requests: AtomicU32,
    pub status: AtomicU16,
    pub retry_after_ms: AtomicI64,
    pub server_date_ms: AtomicI64,
    pub certificate_refused: AtomicBool,
    /// The last answer named what it holds, as every service does for an object.
    pub names_entity: AtomicBool,
    /// As S3 names it, with most of its answers.
    region: Mutex<String>,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder {
            reads_objects: false,
            is_upload: false,
            retries_left: AtomicU32::new(0),
            may_retry: Box::new(|| false),
            requests: AtomicU32::new(0),
            status: AtomicU16::new(0),
            retry_after_ms: AtomicI64::new(-1),
            server_date_ms: AtomicI64::new(-1),
            certificate_refused: AtomicBool::new(false),
            names_entity: AtomicBool::new(false),
            region: Mutex::default(),
        }
    }
}

impl Recorder {
    pub fn of_reads() -> Recorder {
        Recorder { reads_objects: true, ..Recorder::default() }
    }

    pub fn of_upload(retries: u32, may_retry: MayRetry) -> Recorder {
        Recorder { is_upload: true, retries_left: AtomicU32::new(retries), may_retry, ..Recorder::default() }
    }

    fn take_retry(&self) -> bool {
        let left = self.retries_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        left.is_ok() && (self.may_retry)()
    }

    /// What a request met that is not sent again.
    fn note_last(&self, attempt: &Recorder) {
        if attempt.certificate_refused.load(Relaxed) {
            self.certificate_refused.store(true, Relaxed);
        }
        if self.note_status(attempt.status.load(Relaxed)) {
            self.retry_after_ms.store(attempt.retry_after_ms.load(Relaxed), Relaxed);
            self.server_date_ms.store(attempt.server_date_ms.load(Relaxed), Relaxed);
        }
    }

    /// False: what was noted before is to stay.
    fn note_status(&self, status: u16) -> bool {
        let next = |noted| (!self.is_upload || noted < 300).then_some(status);
        self.status.fetch_update(Relaxed, Relaxed, next).is_ok()
    }

    pub fn bucket_region(&self) -> String {
        self.region.lock().map(|region| region.clone()).unwrap_or_default()
    }

    fn note_headers(&self, headers: &HeaderMap) {
        self.names_entity.store(headers.contains_key(ETAG), Relaxed);
        if let Some(region) = text(headers, &HeaderName::from_static("x-amz-bucket-region"))
            && let Ok(mut noted) = self.region.lock()
        {
            region.clone_into(&mut noted);
        }
        let date = text(headers, &DATE).and_then(http_date_ms);
        self.server_date_ms.store(date.unwrap_or(-1), Relaxed);
        // Seconds, or the time when to come again.
        let patience = text(headers, &RETRY_AFTER).and_then(|value| match value.parse::<i64>() {
            Ok(seconds) => seconds.checked_mul(1000),
            Err(_) => Some((http_date_ms(value)? - date?).max(0)),
        });
        self.retry_after_ms.store(patience.unwrap_or(-1), Relaxed);
    }
}

/// Shared by all calls of one operator.
pub struct Wire {
    pub client: ReqwestTransport,
    /// Host names that may be asked; empty: any.
    pub hosts: BTreeSet<String>,
    /// Host and port of an endpoint whose port OpenDAL forgets, as it does with OBS's.
    pub port: Option<(String, u16)>,
}

impl Wire {
    /// `request`, at the port that its host has.
    fn with_port(&self, mut request: Request<Buffer>) -> Request<Buffer> {
        let uri = request.uri();
        if let Some((host, port)) = &self.port
            && uri.port().is_none()
            && uri.host() == Some(host)
        {
            let mut parts = uri.clone().into_parts();
            parts.authority = format!("{host}:{port}").parse().ok();
            if let Ok(uri) = http::Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
        request
    }
}

/// One call's view of the wire.
pub struct CheckedTransport {
    wire: Arc<Wire>,
    recorder: Arc<Recorder>,
}

impl CheckedTransport {
    pub fn transporter(wire: Arc<Wire>, recorder: Arc<Recorder>) -> HttpTransporter {
        HttpTransporter::new(CheckedTransport { wire, recorder })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// First and last byte of `bytes=a-b`; the last is open in `bytes=a-`.
fn asked(range: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
    Some((first.parse().ok()?, last))
}

/// First and last byte of `bytes a-b/n`.
fn answered(range: &str) -> Option<(u64, u64)> {
    let (first, rest) = range.strip_prefix("bytes ")?.split_once('-')?;
    let (last, _) = rest.split_once('/')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Whether a successful answer to a request for `range` holds bytes of that range and no others.
fn check_range(range: &str, status: StatusCode, headers: &HeaderMap) -> std::result::Result<(), String> {
    let Some((first, last)) = asked(range) else { return Ok(()) };
    if status != StatusCode::PARTIAL_CONTENT {
        return Err(format!("asked for {range}, the answer is {} and not 206", status.as_u16()));
    }
    let found = text(headers, &CONTENT_RANGE).unwrap_or("");
    match answered(found) {
        Some((from, to)) if from == first && to >= from && last.is_none_or(|last| to <= last) => Ok(()),
        _ => Err(format!("asked for {range}, the answer holds {found:?}")),
    }
}

/// The first pieces of a body, more than `limit` bytes or all of them; and whether it is all.
async fn beginning(body: &mut HttpBody, limit: usize) -> (Buffer, Result<bool>) {
    let mut pieces = Vec::new();
    let mut total = 0;
    let end = loop {
        match body.read().await {
            Ok(piece) if piece.is_empty() => break Ok(true),
            Ok(piece) => {
                total += piece.len();
                pieces.extend(piece);
            }
            Err(error) => break Err(error),
        }
        if total > limit {
            break Ok(false);
        }
    };
    (Buffer::from_iter(pieces), end)
}

fn body_of(bytes: Buffer) -> HttpBody {
    let size = bytes.len() as u64;
    HttpBody::new(futures::stream::iter([Ok(bytes)]), Some(size))
}

/// Whether an answer that calls itself a success says otherwise: S3 may do so after a while, and
/// what stands before a service does it with a page for people. OpenDAL would see an empty listing.
pub fn is_error_page(body: &Buffer) -> bool {
    const LOOKED_AT: usize = 512;
    let start = body.slice(..body.len().min(LOOKED_AT)).to_bytes();
    let text = String::from_utf8_lossy(&start).to_ascii_lowercase();
    let mut text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.starts_with("<?xml") {
        text = text.split_once("?>").map_or("", |(_, rest)| rest).trim_start();
    }
    ["<error", "<html", "<!doctype"].iter().any(|root| text.starts_with(root))
}

/// Milliseconds since 1970 of an HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT").
fn http_date_ms(date: &str) -> Option<i64> {
    let mut parts = date.split(' ').skip(1);
    let day: i64 = parts.next()?.parse().ok()?;
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let clock: Vec<i64> = parts.next()?.split(':').map_while(|part| part.parse().ok()).collect();
    let [hour, minute, second] = clock[..] else { return None };
    // Days of the civil calendar, counted in years that start in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 719_469;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// A refused certificate looks like a lost connection everywhere but in the chain of sources.
fn is_certificate_error(error: &Error) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        if matches!(source.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // What an I/O error wraps, often another one, is not its source: that is the wrapped one's.
        next = match source.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => source.source(),
        };
    }
    false
}

/// Whether a request does the same when it comes twice. Parts do; what depends on a condition that
/// it may itself have made false does not.
fn may_repeat(request: &Request<Buffer>) -> bool {
    let conditional = |name: &HeaderName| name == IF_NONE_MATCH || name.as_str().ends_with("forbid-overwrite");
    request.method() == http::Method::PUT && !request.headers().keys().any(conditional)
}

fn may_help(answer: &Result<Response<HttpBody>>) -> bool {
    match answer {
        Err(error) => error.is_temporary(),
        Ok(response) => {
            let status = response.status();
            status == StatusCode::TOO_MANY_REQUESTS
                || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        }
    }
}

/// Full jitter, on top of what the service asks for.
fn pause_before(retry: u32, asked_ms: i64) -> Duration {
    const FIRST_MS: u64 = 50;
    const MOST_MS: u64 = 5_000;
    let most = MOST_MS.min(FIRST_MS << retry.min(10));
    let drawn = RandomState::new().build_hasher().finish() % (most + 1);
    Duration::from_millis(MOST_MS.min(asked_ms.max(0) as u64) + drawn)
}

fn copy_of(request: &Request<Buffer>) -> Request<Buffer> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

impl HttpTransport for CheckedTransport {
    /// A part of an upload that failed is sent again from here: OpenDAL's writer cannot be asked to,
    /// since it forgets what it could not send.
    async fn fetch(&self, request: Request<Buffer>) -> Result<Response<HttpBody>> {
        if !self.recorder.is_upload {
            return self.fetch_once(request, &self.recorder).await;
        }
        for retry in 0.. {
            let attempt = Recorder::default();
            let answer = self.fetch_once(copy_of(&request), &attempt).await;
            self.recorder.requests.fetch_add(attempt.requests.load(Relaxed), Relaxed);
            if !may_help(&answer) || !may_repeat(&request) || !self.recorder.take_retry() {
                self.recorder.note_last(&attempt);
                return answer;
            }
            tokio::time::sleep(pause_before(retry, attempt.retry_after_ms.load(Relaxed))).await;
        }
        unreachable!("retries end")
    }
}

impl CheckedTransport {
    async fn fetch_once(&self, request: Request<Buffer>, recorder: &Recorder) -> Result<Response<HttpBody>> {
        let host = request.uri().host().unwrap_or("").to_ascii_lowercase();
        if !self.wire.hosts.is_empty() && !self.wire.hosts.contains(&host) {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                format!("host '{host}' is not one that was configured"),
            ));
        }
        let range = text(request.headers(), &RANGE).map(str::to_owned);
        let has_body = request.method() != http::Method::HEAD;
        recorder.requests.fetch_add(1, Relaxed);
        recorder.note_status(0);
        let response = match self.wire.client.fetch(self.wire.with_port(request)).await {
            Ok(response) => response,
            Err(error) => {
                if is_certificate_error(&error) {
                    recorder.certificate_refused.store(true, Relaxed);
                    return Err(error.set_permanent());
                }
                return Err(error);
            }
        };
        let (status, headers) = (response.status(), response.headers());
        if recorder.note_status(status.as_u16()) {
            recorder.note_headers(headers);
        }
        if let Some(range) = range
            && status.is_success()
            && let Err(what) = check_range(&range, status, headers)
        {
            return Err(Error::new(ErrorKind::RangeNotSatisfied, what));
        }
        if !has_body || (status.is_success() && recorder.reads_objects) {
            return Ok(response);
        }
        let (parts, mut body) = response.into_parts();
        if !status.is_success() {
            // The status says most; the rest may be long, or break off.
            let (bytes, _) = beginning(&mut body, ERROR_BYTES).await;
            let bytes = bytes.slice(..bytes.len().min(ERROR_BYTES));
            return Ok(Response::from_parts(parts, body_of(bytes)));
        }
        let (bytes, end) = beginning(&mut body, ANSWER_BYTES).await;
        if !end? {
            return Err(Error::new(ErrorKind::RangeNotSatisfied, "the answer does not end"));
        }
        if is_error_page(&bytes) {
            let what = format!("an error under status {}", status.as_u16());
            return Err(Error::new(ErrorKind::Unexpected, what).set_temporary());
        }
        Ok(Response::from_parts(parts, body_of(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(range: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_RANGE, range.parse().unwrap())])
    }

    #[test]
    fn only_the_bytes_asked_for_pass() {
        let partial = StatusCode::PARTIAL_CONTENT;
        assert!(check_range("bytes=5-9", partial, &headers("bytes 5-9/20")).is_ok());
        assert!(check_range("bytes=5-9", partial, &headers("bytes 5-7/8")).is_ok());
        assert!(check_range("bytes=5-", partial, &headers("bytes 5-19/20")).is_ok());
        assert!(check_range("bytes=5-9", partial, &headers("bytes 6-9/20")).is_err());
        assert!(check_range("bytes=5-9", partial, &headers("bytes 5-10/20")).is_err());
        assert!(check_range("bytes=5-9", partial, &HeaderMap::new()).is_err());
        assert!(check_range("bytes=5-9", StatusCode::OK, &HeaderMap::new()).is_err());
        assert!(check_range("bytes=-8", partial, &headers("bytes 12-19/20")).is_ok());
    }

    #[test]
    fn only_what_does_the_same_twice_is_repeated() {
        let request = |method: &str, header: &str| {
            let request = Request::builder().method(method).header(header, "*");
            may_repeat(&request.body(Buffer::new()).unwrap())
        };
        assert!(request("PUT", "content-type"));
        assert!(!request("POST", "content-type"));
        assert!(!request("PUT", "if-none-match"));
        assert!(!request("PUT", "x-oss-forbid-overwrite"));
        let upload = Recorder::of_upload(2, Box::new(|| true));
        assert_eq!([upload.take_retry(), upload.take_retry(), upload.take_retry()], [true, true, false]);
        assert!(!Recorder::of_upload(2, Box::new(|| false)).take_retry());
        assert!(pause_before(40, i64::MAX) <= Duration::from_secs(10));
    }

    #[test]
    fn errors_under_success_are_seen() {
        let page = |text: &str| is_error_page(&Buffer::from(text.to_owned()));
        assert!(page("<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>"));
        assert!(page("\u{feff} <html>"));
        assert!(page("<!DOCTYPE html>"));
        assert!(!page("<?xml version=\"1.0\"?><ListBucketResult></ListBucketResult>"));
        assert!(!page("{\"kind\":\"storage#objects\"}"));
        assert!(!page(""));
    }

    #[test]
    fn dates_are_read() {
        assert_eq!(http_date_ms("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(http_date_ms("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date_ms("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000_000));
        assert_eq!(http_date_ms("soon"), None);
    }
}
