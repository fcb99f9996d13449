// SPDX-License-Identifier: Apache-2.0
//! Reads, writes, look-ups, removals and listings.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use opendal::options::{ListOptions, WriteOptions};
use opendal::{Buffer, Operator};

use crate::call::{Call, Done, Endpoint, Failure, Foreign, Outcome, Report, TOO_LONG, Text, not_utf8};
use crate::transport::{Recorder, is_error_page};

/// Memory of the other side's that is released when nobody needs it any more.
pub type Release = extern "C" fn(owner: *mut c_void);

pub struct Lent {
    data: *const u8,
    length: usize,
    owner: *mut c_void,
    release: Release,
}
unsafe impl Send for Lent {}
unsafe impl Sync for Lent {}

impl Lent {
    pub fn into_bytes(data: *const u8, length: usize, owner: *mut c_void, release: Release) -> Bytes {
        Bytes::from_owner(Lent { data, length, owner, release })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        (self.release)(self.owner);
    }
}

/// Bytes [offset, offset + length) to `out`.
///
/// # Safety
/// `out` may be written until the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_read(
    endpoint: *const Endpoint,
    path: Text,
    offset: u64,
    length: u64,
    out: *mut u8,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let recorder = Arc::new(Recorder::of_reads());
    let out = Foreign(out.cast());
    let work = move |operator: Operator, path: String| async move {
        let reader = operator.reader(&path).await?;
        let mut stream = reader.into_stream(offset..offset + length).await?;
        let mut filled = 0u64;
        while let Some(buffer) = stream.try_next().await? {
            for chunk in buffer {
                if chunk.len() as u64 > length - filled {
                    return Err(Failure {
                        kind: 1,
                        temporary: false,
                        message: format!("asked for {length} bytes, the answer is longer"),
                    });
                }
                let out = out;
                unsafe {
                    let next = out.0.cast::<u8>().add(filled as usize);
                    std::ptr::copy_nonoverlapping(chunk.as_ptr(), next, chunk.len());
                }
                filled += chunk.len() as u64;
            }
        }
        if filled != length {
            return Err(Failure {
                kind: 1,
                temporary: false,
                message: format!("asked for {length} bytes, the answer has {filled}"),
            });
        }
        Ok(Outcome { bytes: filled, ..Outcome::default() })
    };
    unsafe { (*endpoint).run(path, recorder, timeout_ms, Report::new(done, user), work) }
}

/// A whole object of at most `limit` bytes; they are told with the result.
///
/// # Safety
/// As for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_read_whole(
    endpoint: *const Endpoint,
    path: Text,
    limit: u64,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let recorder = Arc::new(Recorder::of_reads());
    let met = recorder.clone();
    let work = move |operator: Operator, path: String| async move {
        let mut stream = operator.reader(&path).await?.into_stream(..).await?;
        let mut parts = Vec::new();
        let mut total = 0u64;
        while let Some(buffer) = stream.try_next().await? {
            total += buffer.len() as u64;
            if total > limit {
                return Err(Failure::new(TOO_LONG, &format!("the object is longer than {limit} bytes")));
            }
            parts.extend(buffer);
        }
        let data = Buffer::from_iter(parts);
        if !met.names_entity.load(Relaxed) && is_error_page(&data) {
            return Err(Failure { kind: 1, temporary: true, message: "an error under a success".to_owned() });
        }
        Ok(Outcome { bytes: total, size: total, data: data.to_bytes(), ..Outcome::default() })
    };
    unsafe { (*endpoint).run(path, recorder, timeout_ms, Report::new(done, user), work) }
}

/// One object in one request (two on GCS under a condition).
///
/// # Safety
/// `data` can be read until `release`, which is called once, maybe after the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_write(
    endpoint: *const Endpoint,
    path: Text,
    data: *const u8,
    length: usize,
    owner: *mut c_void,
    release: Release,
    if_not_exists: bool,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let body = Buffer::from(Lent::into_bytes(data, length, owner, release));
    let recorder = Arc::new(Recorder::default());
    let work = move |operator: Operator, path: String| async move {
        let options = WriteOptions { if_not_exists, ..WriteOptions::default() };
        let metadata = operator.write_options(&path, body, options).await?;
        Ok(Outcome { bytes: length as u64, ..Outcome::of(&metadata) })
    };
    unsafe { (*endpoint).run(path, recorder, timeout_ms, Report::new(done, user), work) }
}

/// # Safety
/// As for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_stat(
    endpoint: *const Endpoint,
    path: Text,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let recorder = Arc::new(Recorder::default());
    let work = move |operator: Operator, path: String| async move {
        Ok(Outcome::of(&operator.stat(&path).await?))
    };
    unsafe { (*endpoint).run(path, recorder, timeout_ms, Report::new(done, user), work) }
}

/// An object that does not exist is removed already.
///
/// # Safety
/// As for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_delete(
    endpoint: *const Endpoint,
    path: Text,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let recorder = Arc::new(Recorder::default());
    let work = move |operator: Operator, path: String| async move {
        operator.delete(&path).await?;
        Ok(Outcome::default())
    };
    unsafe { (*endpoint).run(path, recorder, timeout_ms, Report::new(done, user), work) }
}

#[repr(C)]
pub struct Entry {
    pub path: Text,
    pub is_directory: bool,
    pub size: u64,
    pub last_modified_ms: i64,
}

/// False: no more.
pub type OnEntry = extern "C" fn(user: *mut c_void, entry: *const Entry) -> bool;

/// What lies under `prefix`, told one by one on a thread of the runtime before the callback.
///
/// # Safety
/// As for the others; `on_entry` gets the same `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_list(
    endpoint: *const Endpoint,
    prefix: Text,
    start_after: Text,
    recursive: bool,
    page: usize,
    on_entry: OnEntry,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let start_after = unsafe { start_after.read() };
    let recorder = Arc::new(Recorder::default());
    let caller = Foreign(user);
    let work = move |operator: Operator, prefix: String| async move {
        let start_after = start_after.ok_or_else(not_utf8)?;
        let options = ListOptions {
            recursive,
            limit: (page > 0).then_some(page),
            start_after: (!start_after.is_empty()).then_some(start_after),
            ..ListOptions::default()
        };
        let mut lister = operator.lister_options(&prefix, options).await?;
        while let Some(found) = lister.next().await {
            let found = found?;
            let metadata = found.metadata();
            let entry = Entry {
                path: Text::of(found.path()),
                is_directory: metadata.is_dir(),
                size: metadata.content_length(),
                last_modified_ms: Outcome::of(metadata).last_modified_ms,
            };
            let caller = caller;
            if !on_entry(caller.0, &entry) {
                break;
            }
        }
        Ok(Outcome::default())
    };
    unsafe { (*endpoint).run(prefix, recorder, timeout_ms, Report::new(done, user), work) }
}
