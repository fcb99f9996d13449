// SPDX-License-Identifier: Apache-2.0
//! Multipart uploads of S3, request by request: OpenDAL's writer keeps the id of an upload to itself,
//! so that nobody can come back to it.

use std::ffi::c_void;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method};
use md5::{Digest, Md5};
use opendal::raw::{Timestamp, build_abs_path, build_rel_path};
use opendal::{Buffer, HttpTransporter, Operator};
use quick_xml::escape::escape;
use serde::Deserialize;

use crate::call::{Call, Done, Endpoint, Failure, Foreign, Outcome, Report, Text, not_utf8};
use crate::operations::{Lent, Release};
use crate::s3::{S3, S3Request};
use crate::transport::Recorder;

const BEGIN: i32 = 0;
const PART: i32 = 1;
const COMPLETE: i32 = 2;
const ABORT: i32 = 3;
const LIST_PARTS: i32 = 4;
const LIST_UPLOADS: i32 = 5;

/// The most parts that an upload has anywhere, and the most uploads that are told.
const MOST_ENTRIES: usize = 10_000;

/// A part of an upload, or an upload.
#[repr(C)]
pub struct Part {
    pub number: u32,
    pub size: u64,
    pub etag: Text,
    pub path: Text,
    pub upload: Text,
    pub begun_ms: i64,
}

pub type OnPart = extern "C" fn(user: *mut c_void, part: *const Part);

#[repr(C)]
pub struct Multipart {
    pub action: i32,
    pub path: Text,
    pub upload: Text,
    pub number: u32,
    pub data: *const u8,
    pub length: usize,
    pub owner: *mut c_void,
    pub release: Option<Release>,
    pub known_etag: Text,
    pub parts: *const Part,
    pub num_parts: usize,
    pub if_not_exists: bool,
    pub on_part: Option<OnPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    upload_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Completed {
    #[serde(rename = "ETag")]
    etag: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Parts {
    is_truncated: bool,
    next_part_number_marker: String,
    part: Vec<ListedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    part_number: u32,
    #[serde(rename = "ETag", default)]
    etag: String,
    size: u64,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Uploads {
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
    upload: Vec<ListedUpload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedUpload {
    key: String,
    upload_id: String,
    #[serde(default)]
    initiated: String,
}

/// What the actions have in common.
struct Session {
    s3: Arc<S3>,
    operator: Operator,
    transport: HttpTransporter,
    key: String,
    upload: String,
}

fn bad_answer<E>(_: E) -> Failure {
    Failure { kind: 1, temporary: true, message: "the answer is not to be understood".to_owned() }
}

fn read_xml<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(body).map_err(bad_answer)?;
    quick_xml::de::from_str(text).map_err(bad_answer)
}

fn completion(parts: &[(u32, String)]) -> String {
    let mut text = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, etag) in parts {
        let etag = escape(etag.as_str());
        text.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    }
    text.push_str("</CompleteMultipartUpload>");
    text
}

impl Session {
    async fn send(
        &self,
        method: Method,
        query: &[(&str, &str)],
        headers: HeaderMap,
        body: Buffer,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        // A listing of uploads is the bucket's, all else the object's.
        let key = if query.first().is_some_and(|(name, _)| *name == "uploads") && method == Method::GET { "" } else { &self.key };
        let request = S3Request { method, key, query, headers, body };
        let (head, body) = self.s3.send(&self.operator, &self.transport, request).await?.into_parts();
        Ok((head.headers, body.to_bytes()))
    }

    async fn begin(&self) -> Result<Outcome, Failure> {
        let headers = self.s3.headers_of_objects()?;
        let (_, answer) = self.send(Method::POST, &[("uploads", "")], headers, Buffer::new()).await?;
        let begun: Begun = read_xml(&answer)?;
        Ok(Outcome { data: Bytes::from(begun.upload_id), ..Outcome::default() })
    }

    async fn part(&self, number: u32, body: Bytes, known_etag: &str) -> Result<Outcome, Failure> {
        let bytes = body.len() as u64;
        if !known_etag.is_empty() {
            let digest: String = Md5::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
            if known_etag.trim_matches('"') == digest {
                return Ok(Outcome { bytes, etag: known_etag.to_owned(), ..Outcome::default() });
            }
        }
        let query = [("partNumber", &*number.to_string()), ("uploadId", &self.upload)];
        let (headers, _) = self.send(Method::PUT, &query, HeaderMap::new(), Buffer::from(body)).await?;
        let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or("").to_owned();
        Ok(Outcome { bytes, etag, ..Outcome::default() })
    }

    async fn complete(&self, parts: Vec<(u32, String)>, if_not_exists: bool) -> Result<Outcome, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        if if_not_exists {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        let query = [("uploadId", &*self.upload)];
        let (_, answer) = self.send(Method::POST, &query, headers, Buffer::from(completion(&parts))).await?;
        let completed: Completed = read_xml(&answer)?;
        Ok(Outcome { etag: completed.etag, ..Outcome::default() })
    }

    async fn abort(&self) -> Result<Outcome, Failure> {
        self.send(Method::DELETE, &[("uploadId", &self.upload)], HeaderMap::new(), Buffer::new()).await?;
        Ok(Outcome::default())
    }

    async fn list_parts(&self, mut tell: impl FnMut(&Part)) -> Result<Outcome, Failure> {
        let mut marker = String::from("0");
        let mut told = 0;
        loop {
            let query = [("uploadId", &*self.upload), ("part-number-marker", &*marker)];
            let (_, answer) = self.send(Method::GET, &query, HeaderMap::new(), Buffer::new()).await?;
            let page: Parts = read_xml(&answer)?;
            told += page.part.len();
            for part in &page.part {
                let (etag, none) = (Text::of(&part.etag), Text::of(""));
                tell(&Part { number: part.part_number, size: part.size, etag, path: none, upload: none, begun_ms: -1 });
            }
            if !page.is_truncated {
                return Ok(Outcome::default());
            }
            if page.next_part_number_marker == marker || told > MOST_ENTRIES {
                return Err(bad_answer(()));
            }
            marker = page.next_part_number_marker;
        }
    }

    async fn list_uploads(&self, mut tell: impl FnMut(&Part)) -> Result<Outcome, Failure> {
        let root = self.operator.info().root();
        let (mut key, mut upload) = (String::new(), String::new());
        let mut told = 0;
        loop {
            let mut query = vec![("uploads", ""), ("prefix", self.key.as_str())];
            if !key.is_empty() {
                query.extend([("key-marker", &*key), ("upload-id-marker", &*upload)]);
            }
            let (_, answer) = self.send(Method::GET, &query, HeaderMap::new(), Buffer::new()).await?;
            let page: Uploads = read_xml(&answer)?;
            told += page.upload.len();
            for found in page.upload.iter().filter(|found| found.key.starts_with(&self.key)) {
                let path = build_rel_path(&root, &found.key);
                let begun = found.initiated.parse::<Timestamp>();
                tell(&Part {
                    number: 0,
                    size: 0,
                    etag: Text::of(""),
                    path: Text::of(&path),
                    upload: Text::of(&found.upload_id),
                    begun_ms: begun.map_or(-1, |time| time.into_inner().as_millisecond()),
                });
            }
            if !page.is_truncated {
                return Ok(Outcome::default());
            }
            let next = (page.next_key_marker, page.next_upload_id_marker);
            if next == (key, upload) || told > MOST_ENTRIES {
                return Err(bad_answer(()));
            }
            (key, upload) = next;
        }
    }
}

/// # Safety
/// `request` and what it points at can be read until this returns, its data until `release`; `on_part`
/// is called before the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vod_multipart(
    endpoint: *const Endpoint,
    request: *const Multipart,
    timeout_ms: u64,
    done: Done,
    user: *mut c_void,
) -> *mut Call {
    let (endpoint, request) = unsafe { (&*endpoint, &*request) };
    let body = match request.release {
        Some(release) => Lent::into_bytes(request.data, request.length, request.owner, release),
        None => Bytes::new(),
    };
    let (upload, known_etag) = unsafe { (request.upload.read(), request.known_etag.read()) };
    let listed = if request.num_parts == 0 {
        &[]
    } else {
        unsafe { std::slice::from_raw_parts(request.parts, request.num_parts) }
    };
    let parts: Option<Vec<(u32, String)>> =
        listed.iter().map(|part| Some((part.number, unsafe { part.etag.read() }?))).collect();
    let (action, number, if_not_exists) = (request.action, request.number, request.if_not_exists);
    let on_part = request.on_part;
    let recorder = Arc::new(Recorder::default());
    let transport = endpoint.transport(&recorder);
    let s3 = endpoint.s3.clone();
    let caller = Foreign(user);
    let work = move |operator: Operator, path: String| async move {
        let s3 = s3.ok_or_else(|| Failure::new(2, "uploads of this service cannot be told apart"))?;
        let key = build_abs_path(&operator.info().root(), &path);
        let upload = upload.ok_or_else(not_utf8)?;
        let session = Session { s3, operator, transport, key, upload };
        let tell = |part: &Part| {
            let caller = caller;
            if let Some(on_part) = on_part {
                on_part(caller.0, part);
            }
        };
        match action {
            BEGIN => session.begin().await,
            PART => session.part(number, body, &known_etag.ok_or_else(not_utf8)?).await,
            COMPLETE => session.complete(parts.ok_or_else(not_utf8)?, if_not_exists).await,
            ABORT => session.abort().await,
            LIST_PARTS => session.list_parts(tell).await,
            LIST_UPLOADS => session.list_uploads(tell).await,
            _ => Err(Failure::new(2, "there is no such action")),
        }
    };
    unsafe { endpoint.run(request.path, recorder, timeout_ms, Report::new(done, user), work) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_name_every_part() {
        let parts = [(1, "\"a&b\"".to_owned()), (7, "c".to_owned())];
        assert_eq!(
            completion(&parts),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Part><PartNumber>1</PartNumber><ETag>&quot;a&amp;b&quot;</ETag></Part>\
             <Part><PartNumber>7</PartNumber><ETag>c</ETag></Part></CompleteMultipartUpload>"
        );
    }

    #[test]
    fn listings_are_read() {
        let page = b"<?xml version=\"1.0\"?><ListPartsResult xmlns=\"x\"><Bucket>b</Bucket><IsTruncated>true</IsTruncated>\
            <Part><PartNumber>1</PartNumber><ETag>&#34;e&#34;</ETag><Size>5</Size></Part><Owner><ID>o</ID></Owner>\
            <Part><PartNumber>2</PartNumber><Size>6</Size></Part><NextPartNumberMarker>2</NextPartNumberMarker></ListPartsResult>";
        let parts: Parts = read_xml(page).unwrap_or_default();
        assert!(parts.is_truncated);
        assert_eq!(parts.next_part_number_marker, "2");
        let found: Vec<_> = parts.part.iter().map(|part| (part.part_number, part.etag.as_str(), part.size)).collect();
        assert_eq!(found, [(1, "\"e\"", 5), (2, "", 6)]);
        let none: Uploads = read_xml(b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
            .unwrap_or_default();
        assert!(none.upload.is_empty() && !none.is_truncated);
        assert!(read_xml::<Uploads>(b"<ListMultipartUploadsResult><Upload>").is_err());
    }
}
