// SPDX-License-Identifier: Apache-2.0
//! Objects written piece by piece: multipart uploads where the service has them.

use std::ffi::c_void;
use std::future::Future;
use std::sync::Arc;

use futures::lock::{Mutex, OwnedMutexGuard};
use opendal::options::WriteOptions;
use opendal::{Buffer, Operator, Writer};

use crate::call::{BAD_ARGUMENT, Call, Done, Endpoint, Failure, Foreign, Outcome, Report, Text};
use crate::operations::{Lent, Release};
use crate::transport::Recorder;

/// One object in the making. Its calls come one after another.
pub struct Upload {
    endpoint: Endpoint,
    recorder: Arc<Recorder>,
    writer: Arc<Mutex<Option<Writer>>>,
}

impl Upload {
    /// What the calls share: `work` gets the writer, alone.
    fn run<Work, Running>(&self, timeout_ms: u64, report: Report, work: Work) -> *mut Call
    where
        Work: FnOnce(OwnedMutexGuard<Option<Writer>>) -> Running + Send + 'static,
        Running: Future<Output = Result<Outcome, Failure>> + Send,
    {
        let place = self.writer.clone();
        let work = async move { work(place.lock_owned().await).await };
        self.endpoint.start(self.recorder.clone(), timeout_ms, report, work)
    }
}

fn not_open() -> Failure {
    Failure::new(BAD_ARGUMENT, "the upload is not open")
}

/// Whether something may be done, as `owner` sees it.
type May = extern "C" fn(owner: *mut c_void) -> bool;

#[repr(C)]
pub struct OpenOptions {
    path: Text,
    if_not_exists: bool,
    concurrency: usize,
    retries: u32,
    may_retry: May,
    owner: *mut c_void,
    release: Release,
}

/// The other side's leave to send a request again; released with the last who may ask.
struct Leave {
    may_retry: May,
    owner: Foreign,
    release: Release,
}

impl Drop for Leave {
    fn drop(&mut self) {
        (self.release)(self.owner.0);
    }
}

/// # Safety
/// `writer` is set before the callback of a success, and may be used after it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_open(
    endpoint: *const Endpoint,
    options: *const OpenOptions,
    writer: *mut *mut Upload,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let endpoint = unsafe { &*endpoint };
    let options = unsafe { &*options };
    let leave = Leave { may_retry: options.may_retry, owner: Foreign(options.owner), release: options.release };
    let may_retry = move || {
        let leave = &leave;
        (leave.may_retry)(leave.owner.0)
    };
    let recorder = Arc::new(Recorder::of_upload(options.retries, Box::new(may_retry)));
    let (if_not_exists, concurrent) = (options.if_not_exists, options.concurrency);
    let place = Arc::new(Mutex::new(None));
    let upload = Upload { endpoint: endpoint.clone(), recorder: recorder.clone(), writer: place.clone() };
    unsafe { *writer = Box::into_raw(Box::new(upload)) };
    let work = move |operator: Operator, path: String| async move {
        let options = WriteOptions {
            if_not_exists,
            concurrent,
            ..WriteOptions::default()
        };
        *place.lock().await = Some(operator.writer_options(&path, options).await?);
        Ok(Outcome::default())
    };
    unsafe { endpoint.run(options.path, recorder, timeout_ms, Report::new(done, user), work) }
}

/// # Safety
/// As for `vod_write`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_write(
    upload: *const Upload,
    data: *const u8,
    length: usize,
    owner: *mut c_void,
    release: Release,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let upload = unsafe { &*upload };
    let body = Buffer::from(Lent::into_bytes(data, length, owner, release));
    let work = move |mut place: OwnedMutexGuard<Option<Writer>>| async move {
        let writer = place.as_mut().ok_or_else(not_open)?;
        writer.write(body).await?;
        Ok(Outcome { bytes: length as u64, ..Outcome::default() })
    };
    upload.run(timeout_ms, Report::new(done, user), work)
}

/// Makes the object visible, whole.
///
/// # Safety
/// As for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_close(
    upload: *const Upload,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let upload = unsafe { &*upload };
    let work = move |mut place: OwnedMutexGuard<Option<Writer>>| async move {
        let writer = place.as_mut().ok_or_else(not_open)?;
        let metadata = writer.close().await?;
        *place = None;
        Ok(Outcome::of(&metadata))
    };
    upload.run(timeout_ms, Report::new(done, user), work)
}

/// Gives up what was sent; harmless after a close that succeeded.
///
/// # Safety
/// As for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_abort(
    upload: *const Upload,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let upload = unsafe { &*upload };
    let work = move |mut place: OwnedMutexGuard<Option<Writer>>| async move {
        if let Some(mut writer) = place.take() {
            writer.abort().await?;
        }
        Ok(Outcome::default())
    };
    upload.run(timeout_ms, Report::new(done, user), work)
}

/// Sends nothing: an upload that was neither closed nor aborted stays where it is.
///
/// # Safety
/// No call of `upload` is in progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_free(upload: *mut Upload) {
    drop(unsafe { Box::from_raw(upload) });
}
