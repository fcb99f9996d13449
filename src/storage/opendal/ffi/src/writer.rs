// SPDX-License-Identifier: Apache-2.0
//! Objects written piece by piece: multipart uploads where the service has them.

use std::ffi::c_void;
use std::sync::Arc;

use futures::lock::Mutex;
use opendal::options::WriteOptions;
use opendal::{Buffer, Writer};

use crate::call::{BAD_ARGUMENT, Call, Done, Endpoint, Failure, Foreign, Outcome, Report, Text};
use crate::operations::{Lent, Release};
use crate::transport::Recorder;

/// One object in the making. Its calls come one after another.
pub struct Upload {
    endpoint: Endpoint,
    recorder: Arc<Recorder>,
    writer: Arc<Mutex<Option<Writer>>>,
}

const NOT_OPEN: &str = "the upload is not open";

/// # Safety
/// `writer` is set before the callback of a success, and may be used after it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_open(
    endpoint: *const Endpoint,
    path: Text,
    if_not_exists: bool,
    part_bytes: usize,
    concurrency: usize,
    writer: *mut *mut Upload,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let endpoint = unsafe { &*endpoint };
    let path = unsafe { path.read() };
    let recorder = Arc::new(Recorder::of_upload());
    let operator = endpoint.recorded(&recorder);
    let place = Arc::new(Mutex::new(None));
    let upload = Upload { endpoint: endpoint.clone(), recorder: recorder.clone(), writer: place.clone() };
    unsafe { *writer = Box::into_raw(Box::new(upload)) };
    let work = async move {
        let path = path.ok_or_else(|| Failure::new(BAD_ARGUMENT, "the path is not UTF-8"))?;
        let options = WriteOptions {
            if_not_exists,
            concurrent: concurrency,
            chunk: Some(part_bytes),
            ..WriteOptions::default()
        };
        *place.lock().await = Some(operator.writer_options(&path, options).await?);
        Ok(Outcome::default())
    };
    endpoint.start(recorder, timeout_ms, Report { done, user: Foreign(user) }, work)
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
    let place = upload.writer.clone();
    let work = async move {
        let mut place = place.lock().await;
        let writer = place.as_mut().ok_or_else(|| Failure::new(BAD_ARGUMENT, NOT_OPEN))?;
        writer.write(body).await?;
        Ok(Outcome { bytes: length as u64, ..Outcome::default() })
    };
    upload.endpoint.start(upload.recorder.clone(), timeout_ms, Report { done, user: Foreign(user) }, work)
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
    let place = upload.writer.clone();
    let work = async move {
        let mut place = place.lock().await;
        let writer = place.as_mut().ok_or_else(|| Failure::new(BAD_ARGUMENT, NOT_OPEN))?;
        let metadata = writer.close().await?;
        *place = None;
        Ok(Outcome::of(&metadata))
    };
    upload.endpoint.start(upload.recorder.clone(), timeout_ms, Report { done, user: Foreign(user) }, work)
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
    let place = upload.writer.clone();
    let work = async move {
        if let Some(mut writer) = place.lock().await.take() {
            writer.abort().await?;
        }
        Ok(Outcome::default())
    };
    upload.endpoint.start(upload.recorder.clone(), timeout_ms, Report { done, user: Foreign(user) }, work)
}

/// Sends nothing: an upload that was neither closed nor aborted stays where it is.
///
/// # Safety
/// No call of `upload` is in progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_writer_free(upload: *mut Upload) {
    drop(unsafe { Box::from_raw(upload) });
}
