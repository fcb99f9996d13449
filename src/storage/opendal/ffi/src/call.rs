// SPDX-License-Identifier: Apache-2.0
//! Calls in progress, and what is told at their end.

use std::ffi::c_void;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{AbortHandle, Abortable};
use opendal::{Error, ErrorKind, HttpTransporter, Metadata, Operator};
use tokio::runtime::Handle;

use crate::s3::S3;
use crate::transport::{CheckedTransport, Recorder, Wire};

/// Bytes of text that the other side owns, or that live until a callback returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const u8,
    pub length: usize,
}

impl Text {
    pub fn of(text: &str) -> Text {
        Text { data: text.as_ptr(), length: text.len() }
    }

    /// # Safety
    /// `data` points at `length` bytes.
    pub unsafe fn read(&self) -> Option<String> {
        if self.length == 0 {
            return Some(String::new());
        }
        let bytes = unsafe { std::slice::from_raw_parts(self.data, self.length) };
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

pub const OK: i32 = 0;
pub const TIMED_OUT: i32 = 100;
pub const CANCELLED: i32 = 101;
pub const PANICKED: i32 = 102;
pub const BAD_ARGUMENT: i32 = 103;
pub const TOO_LONG: i32 = 104;

#[repr(C)]
pub struct CallResult {
    pub kind: i32,
    pub http_status: i32,
    pub requests: u32,
    pub temporary: bool,
    pub certificate_refused: bool,
    pub bytes: u64,
    pub size: u64,
    pub last_modified_ms: i64,
    pub retry_after_ms: i64,
    pub server_date_ms: i64,
    pub etag: Text,
    pub version: Text,
    pub message: Text,
    pub data: Text,
    pub bucket_region: Text,
}

pub type Done = extern "C" fn(user: *mut c_void, result: *const CallResult);

/// A pointer of the other side's, which promises that it may be used from any thread.
#[derive(Clone, Copy)]
pub struct Foreign(pub *mut c_void);
unsafe impl Send for Foreign {}
unsafe impl Sync for Foreign {}

/// Where a call reports to.
#[derive(Clone, Copy)]
pub struct Report {
    pub done: Done,
    pub user: Foreign,
}

/// What an operation found out; the rest of the result comes from the recorder.
#[derive(Default)]
pub struct Outcome {
    pub bytes: u64,
    pub size: u64,
    pub last_modified_ms: i64,
    pub etag: String,
    pub version: String,
    pub data: Bytes,
}

impl Outcome {
    pub fn of(metadata: &Metadata) -> Outcome {
        Outcome {
            bytes: 0,
            size: metadata.content_length(),
            last_modified_ms: metadata
                .last_modified()
                .map_or(-1, |time| time.into_inner().as_millisecond()),
            etag: metadata.etag().unwrap_or("").to_owned(),
            version: metadata.version().unwrap_or("").to_owned(),
            data: Bytes::new(),
        }
    }
}

fn code_of(kind: ErrorKind) -> i32 {
    match kind {
        ErrorKind::Unsupported => 2,
        ErrorKind::ConfigInvalid => 3,
        ErrorKind::NotFound => 4,
        ErrorKind::PermissionDenied => 5,
        ErrorKind::IsADirectory => 6,
        ErrorKind::NotADirectory => 7,
        ErrorKind::AlreadyExists => 8,
        ErrorKind::RateLimited => 9,
        ErrorKind::ConditionNotMatch => 10,
        ErrorKind::RangeNotSatisfied => 11,
        ErrorKind::Conflict => 12,
        _ => 1,
    }
}

impl Report {
    pub fn new(done: Done, user: *mut c_void) -> Report {
        Report { done, user: Foreign(user) }
    }

    pub fn tell(&self, recorder: &Recorder, outcome: Result<Outcome, Failure>) {
        let (kind, temporary, message, outcome) = match outcome {
            Ok(outcome) => (OK, false, String::new(), outcome),
            Err(failure) => (failure.kind, failure.temporary, failure.message, Outcome::default()),
        };
        let region = recorder.bucket_region();
        let result = CallResult {
            kind,
            http_status: i32::from(recorder.status.load(Relaxed)),
            requests: recorder.requests.load(Relaxed),
            temporary,
            certificate_refused: recorder.certificate_refused.load(Relaxed),
            bytes: outcome.bytes,
            size: outcome.size,
            last_modified_ms: outcome.last_modified_ms,
            retry_after_ms: recorder.retry_after_ms.load(Relaxed),
            server_date_ms: recorder.server_date_ms.load(Relaxed),
            etag: Text::of(&outcome.etag),
            version: Text::of(&outcome.version),
            message: Text::of(&message),
            data: Text { data: outcome.data.as_ptr(), length: outcome.data.len() },
            bucket_region: Text::of(&region),
        };
        (self.done)(self.user.0, &result);
    }
}

pub struct Failure {
    pub kind: i32,
    pub temporary: bool,
    pub message: String,
}

impl Failure {
    pub fn new(kind: i32, message: &str) -> Failure {
        Failure { kind, temporary: false, message: message.to_owned() }
    }
}

pub fn not_utf8() -> Failure {
    Failure::new(BAD_ARGUMENT, "a text is not UTF-8")
}

impl From<Error> for Failure {
    // The message alone: an error's other texts may hold a signed address.
    fn from(error: Error) -> Failure {
        Failure {
            kind: code_of(error.kind()),
            temporary: error.is_temporary(),
            message: error.message().to_owned(),
        }
    }
}

pub struct Call {
    abort: AbortHandle,
}

/// An operator and what its calls need.
#[derive(Clone)]
pub struct Endpoint {
    pub operator: Operator,
    pub wire: Arc<Wire>,
    /// Where multipart uploads can be told apart.
    pub s3: Option<Arc<S3>>,
    pub runtime: Handle,
}

impl Endpoint {
    /// A transport that reports to `recorder`.
    pub fn transport(&self, recorder: &Arc<Recorder>) -> HttpTransporter {
        CheckedTransport::transporter(self.wire.clone(), recorder.clone())
    }

    /// The operator with such a transport.
    pub fn recorded(&self, recorder: &Arc<Recorder>) -> Operator {
        let context = self.operator.base_context().with_http_transport(self.transport(recorder));
        self.operator.clone().with_context(context)
    }

    /// What the operations share: `work` gets the path, and an operator that reports to `recorder`.
    ///
    /// # Safety
    /// `path` can be read until this returns.
    pub unsafe fn run<Work, Running>(
        &self,
        path: Text,
        recorder: Arc<Recorder>,
        timeout_ms: u64,
        report: Report,
        work: Work,
    ) -> *mut Call
    where
        Work: FnOnce(Operator, String) -> Running + Send + 'static,
        Running: Future<Output = Result<Outcome, Failure>> + Send,
    {
        let path = unsafe { path.read() };
        let operator = self.recorded(&recorder);
        self.start(recorder, timeout_ms, report, async move {
            work(operator, path.ok_or_else(not_utf8)?).await
        })
    }

    /// Starts `work`; its end, its time-out or its cancellation is told once.
    pub fn start<Work>(&self, recorder: Arc<Recorder>, timeout_ms: u64, report: Report, work: Work) -> *mut Call
    where
        Work: Future<Output = Result<Outcome, Failure>> + Send + 'static,
    {
        let (abort, registration) = AbortHandle::new_pair();
        let timed = async move {
            if timeout_ms == 0 {
                return work.await;
            }
            match tokio::time::timeout(Duration::from_millis(timeout_ms), work).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failure::new(TIMED_OUT, "the deadline passed")),
            }
        };
        self.runtime.spawn(async move {
            // The operation's future is gone when this line has run.
            let outcome = match Abortable::new(AssertUnwindSafe(timed).catch_unwind(), registration).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(Failure::new(PANICKED, "panic in the storage library")),
                Err(_) => Err(Failure::new(CANCELLED, "cancelled")),
            };
            report.tell(&recorder, outcome);
        });
        Box::into_raw(Box::new(Call { abort }))
    }
}

/// # Safety
/// `call` comes from an operation and has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_call_cancel(call: *mut Call) {
    unsafe { &*call }.abort.abort();
}

/// # Safety
/// As above. The call goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_call_free(call: *mut Call) {
    drop(unsafe { Box::from_raw(call) });
}
