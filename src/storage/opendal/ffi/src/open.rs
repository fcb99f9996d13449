// SPDX-License-Identifier: Apache-2.0
//! The runtime, and operators by scheme and options.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};
use std::time::Duration;

use opendal::Operator;
use opendal_http_transport_reqwest::ReqwestTransport;
use tokio::runtime::{Builder, Runtime};

use crate::call::{BAD_ARGUMENT, Endpoint, Failure, Outcome, PANICKED, Report};
use crate::s3::S3;
use crate::transport::{CheckedTransport, Recorder, Wire};

#[repr(C)]
pub struct OpenOptions {
    pub scheme: crate::call::Text,
    /// Key, value, key, value, …
    pub options: *const crate::call::Text,
    pub num_options: usize,
    /// Hosts that may be asked; none: any.
    pub hosts: *const crate::call::Text,
    pub num_hosts: usize,
    /// Certificates to trust beside the system's, in PEM; may be empty.
    pub certificates: crate::call::Text,
    pub connect_timeout_ms: u64,
    pub idle_timeout_ms: u64,
    pub idle_connections: usize,
}

fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        opendal::init_default_registry();
        // Fails only where the host program has installed one: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Threads that all calls share; null if there are none to be had.
#[unsafe(no_mangle)]
pub extern "C" fn vod_runtime_new(threads: usize) -> *mut Runtime {
    catch_unwind(|| {
        prepare();
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("varve-store")
            .enable_io()
            .enable_time()
            .build();
        runtime.map_or(std::ptr::null_mut(), |runtime| Box::into_raw(Box::new(runtime)))
    })
    .unwrap_or(std::ptr::null_mut())
}

/// # Safety
/// `runtime` comes from `vod_runtime_new`; no call is in progress, and this is no thread of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_runtime_free(runtime: *mut Runtime) {
    let runtime = unsafe { Box::from_raw(runtime) };
    let _ = catch_unwind(AssertUnwindSafe(|| runtime.shutdown_timeout(Duration::from_secs(5))));
}

/// # Safety
/// `texts` points at `count` of them.
unsafe fn read_all(texts: *const crate::call::Text, count: usize) -> Option<Vec<String>> {
    if count == 0 {
        return Some(Vec::new());
    }
    unsafe { std::slice::from_raw_parts(texts, count) }
        .iter()
        .map(|text| unsafe { text.read() })
        .collect()
}

unsafe fn open(runtime: &Runtime, options: &OpenOptions) -> Result<Endpoint, Failure> {
    let not_utf8 = || Failure::new(BAD_ARGUMENT, "an option is not UTF-8");
    let scheme = unsafe { options.scheme.read() }.ok_or_else(not_utf8)?;
    let words = unsafe { read_all(options.options, options.num_options * 2) }.ok_or_else(not_utf8)?;
    let hosts = unsafe { read_all(options.hosts, options.num_hosts) }.ok_or_else(not_utf8)?;
    let pem = unsafe { options.certificates.read() }.ok_or_else(not_utf8)?;
    let pairs = words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    let mut client = reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(options.connect_timeout_ms))
        .read_timeout(Duration::from_millis(options.idle_timeout_ms))
        .pool_max_idle_per_host(options.idle_connections)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .http1_only()
        .no_proxy();
    if !pem.is_empty() {
        let bad = || Failure::new(BAD_ARGUMENT, "the certificates are not PEM");
        let found = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| bad())?;
        if found.is_empty() {
            return Err(bad());
        }
        client = client.tls_certs_merge(found);
    }
    let client = client.build().map_err(|_| Failure::new(BAD_ARGUMENT, "the HTTP client could not be set up"))?;
    let endpoint = pairs.clone().find(|(name, _)| scheme == "obs" && name == "endpoint");
    let endpoint = endpoint.and_then(|(_, value)| value.parse::<http::Uri>().ok());
    let port = endpoint.and_then(|uri| Some((uri.host()?.to_owned(), uri.port_u16()?)));
    let wire = Arc::new(Wire {
        client: ReqwestTransport::new(client),
        hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect::<BTreeSet<_>>(),
        port,
    });
    let s3 = if scheme == "s3" { S3::new(pairs.clone())? } else { None };
    let operator = match &s3 {
        // What it asks others for, for credentials, goes the same way as everything else.
        Some(s3) => s3.operator(&CheckedTransport::transporter(wire.clone(), Arc::new(Recorder::default())))?,
        None if scheme == "azblob" => crate::azure::operator(pairs)?,
        None => Operator::via_iter(&scheme, pairs)?,
    };
    Ok(Endpoint { operator, wire, s3: s3.map(Arc::new), runtime: runtime.handle().clone() })
}

/// Null after a failure, which is told to `report` before this returns.
///
/// # Safety
/// Everything in `options` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_open(
    runtime: *const Runtime,
    options: *const OpenOptions,
    done: crate::call::Done,
    user: *mut std::ffi::c_void,
) -> *mut Endpoint {
    let report = Report::new(done, user);
    let opened = catch_unwind(AssertUnwindSafe(|| unsafe { open(&*runtime, &*options) }))
        .unwrap_or_else(|_| Err(Failure::new(PANICKED, "panic in the storage library")));
    match opened {
        Ok(endpoint) => Box::into_raw(Box::new(endpoint)),
        Err(failure) => {
            report.tell(&Recorder::default(), Err::<Outcome, _>(failure));
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `endpoint` comes from `vod_open`. Calls in progress go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_close(endpoint: *mut Endpoint) {
    drop(unsafe { Box::from_raw(endpoint) });
}
