// SPDX-License-Identifier: Apache-2.0
//! The transport every request goes through: it demands the bytes that were asked for, talks to the
//! configured hosts only, and notes what OpenDAL does not tell.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicU32, Ordering::Relaxed};

use http::header::{CONTENT_RANGE, DATE, RANGE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport, HttpTransporter, Result};
use opendal_http_transport_reqwest::ReqwestTransport;

/// What the requests of one call met. `-1` and `0` say that there was nothing.
pub struct Recorder {
    pub requests: AtomicU32,
    pub status: AtomicU16,
    pub retry_after_ms: AtomicI64,
    pub server_date_ms: AtomicI64,
    pub certificate_refused: AtomicBool,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder {
            requests: AtomicU32::new(0),
            status: AtomicU16::new(0),
            retry_after_ms: AtomicI64::new(-1),
            server_date_ms: AtomicI64::new(-1),
            certificate_refused: AtomicBool::new(false),
        }
    }
}

/// Shared by all calls of one operator.
pub struct Wire {
    pub client: ReqwestTransport,
    /// Host names that may be asked; empty: any.
    pub hosts: BTreeSet<String>,
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
        if let Some(io) = source.downcast_ref::<std::io::Error>()
            && let Some(inner) = io.get_ref()
            && matches!(inner.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
        {
            return true;
        }
        next = source.source();
    }
    false
}

impl HttpTransport for CheckedTransport {
    async fn fetch(&self, request: Request<Buffer>) -> Result<Response<HttpBody>> {
        let host = request.uri().host().unwrap_or("").to_ascii_lowercase();
        if !self.wire.hosts.is_empty() && !self.wire.hosts.contains(&host) {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                format!("host '{host}' is not one that was configured"),
            ));
        }
        let range = text(request.headers(), &RANGE).map(str::to_owned);
        let recorder = &self.recorder;
        recorder.requests.fetch_add(1, Relaxed);
        recorder.status.store(0, Relaxed);
        let response = match self.wire.client.fetch(request).await {
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
        recorder.status.store(status.as_u16(), Relaxed);
        let date = text(headers, &DATE).and_then(http_date_ms);
        recorder.server_date_ms.store(date.unwrap_or(-1), Relaxed);
        // Seconds, or the time when to come again.
        let patience = text(headers, &RETRY_AFTER).and_then(|value| match value.parse::<i64>() {
            Ok(seconds) => seconds.checked_mul(1000),
            Err(_) => Some((http_date_ms(value)? - date?).max(0)),
        });
        recorder.retry_after_ms.store(patience.unwrap_or(-1), Relaxed);
        if let Some(range) = range
            && status.is_success()
            && let Err(what) = check_range(&range, status, headers)
        {
            return Err(Error::new(ErrorKind::Unexpected, what).set_temporary());
        }
        Ok(response)
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
    fn dates_are_read() {
        assert_eq!(http_date_ms("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(http_date_ms("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date_ms("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000_000));
        assert_eq!(http_date_ms("soon"), None);
    }
}
