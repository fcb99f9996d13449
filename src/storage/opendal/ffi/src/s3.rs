// SPDX-License-Identifier: Apache-2.0
//! Requests to S3 that OpenDAL has no call for, signed as its own are.

use std::sync::OnceLock;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use opendal::raw::{build_abs_path, percent_encode_path};
use opendal::services::S3Config;
use opendal::{Buffer, Configurator, HttpTransporter, Operator};
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{Context, OsEnv, ProvideCredentialChain, Signer};
use reqsign_file_read_tokio::TokioFileRead;
use serde::Deserialize;

use crate::call::{BAD_ARGUMENT, Failure};

/// What a bucket's requests need beyond an operator.
pub struct S3 {
    config: S3Config,
    region: String,
    /// None: requests go unsigned.
    signer: OnceLock<Option<Signer<Credential>>>,
    /// Address of the bucket, found out with the first request.
    address: OnceLock<String>,
}

/// One request; the transport carries it.
pub struct S3Request<'a> {
    pub method: Method,
    /// In the bucket; empty: the bucket itself.
    pub key: &'a str,
    /// Names and values, not yet encoded.
    pub query: &'a [(&'a str, &'a str)],
    pub headers: HeaderMap,
    pub body: Buffer,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct ErrorAnswer {
    code: String,
    message: String,
}

fn bad_header<E>(_: E) -> Failure {
    Failure::new(BAD_ARGUMENT, "an option does not fit into a header")
}

/// Every character but those that never need it.
fn encode(text: &str) -> String {
    percent_encode_path(text).replace('/', "%2F")
}

fn context(transport: &HttpTransporter) -> Context {
    Context::new().with_file_read(TokioFileRead).with_env(OsEnv).with_http_send(transport.clone())
}

impl S3 {
    /// None for directory buckets, whose sessions are OpenDAL's own.
    pub fn new(options: impl IntoIterator<Item = (String, String)>) -> Result<Option<S3>, Failure> {
        let config = S3Config::from_iter(options)?;
        if config.bucket.ends_with("--x-s3") {
            return Ok(None);
        }
        let variable = |name| std::env::var(name).ok();
        let region = config.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.unwrap_or_default();
        Ok(Some(S3 { config, region, signer: OnceLock::new(), address: OnceLock::new() }))
    }

    /// The chain of providers that OpenDAL would use for the same options; only that a role is asked
    /// for through `transport`.
    fn providers(&self, transport: &HttpTransporter) -> ProvideCredentialChain<Credential> {
        let config = &self.config;
        let mut defaults = DefaultCredentialProvider::builder();
        if config.disable_config_load {
            defaults = defaults.no_env().no_profile();
        } else if let Some(profile) = config.profile.as_deref().filter(|profile| !profile.is_empty()) {
            defaults = defaults.with_profile(profile);
        }
        if config.disable_ec2_metadata {
            defaults = defaults.no_imds();
        }
        let mut providers = ProvideCredentialChain::new().push(defaults.build());
        if let (Some(key), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
            let given = StaticCredentialProvider::new(key, secret);
            providers = providers.push_front(match config.session_token.as_deref() {
                Some(token) => given.with_session_token(token),
                None => given,
            });
        }
        if let Some(role) = &config.role_arn {
            let sts = Signer::new(context(transport), providers, RequestSigner::new("sts", &self.region));
            let mut assumed = AssumeRoleCredentialProvider::new(role.clone(), sts)
                .with_region(self.region.clone())
                .with_regional_sts_endpoint();
            if let Some(id) = &config.external_id {
                assumed = assumed.with_external_id(id.clone());
            }
            if let Some(name) = &config.role_session_name {
                assumed = assumed.with_role_session_name(name.clone());
            }
            providers = ProvideCredentialChain::new().push(assumed);
        }
        providers
    }

    fn make_signer(&self, transport: &HttpTransporter) -> Option<Signer<Credential>> {
        let signer = RequestSigner::new("s3", &self.region);
        (!self.config.skip_signature).then(|| Signer::new(context(transport), self.providers(transport), signer))
    }

    pub fn operator(&self, transport: &HttpTransporter) -> Result<Operator, Failure> {
        let builder = self.config.clone().into_builder().credential_provider_chain(self.providers(transport));
        Ok(Operator::new(builder)?)
    }

    /// The bucket's address as OpenDAL has put it together: that of an object, less the object.
    async fn address(&self, operator: &Operator) -> Result<&str, Failure> {
        const PROBE: &str = "x";
        if self.address.get().is_none() {
            let signed = operator.presign_stat(PROBE, Duration::from_secs(1)).await?;
            let whole = signed.uri().to_string();
            let object = whole.split('?').next().unwrap_or_default();
            let key = build_abs_path(&operator.info().root(), PROBE);
            let address = object.strip_suffix(&percent_encode_path(&key)).and_then(|rest| rest.strip_suffix('/'));
            let address = address.ok_or_else(|| Failure::new(BAD_ARGUMENT, "the bucket has no address"))?;
            let _ = self.address.set(address.to_owned());
        }
        Ok(self.address.get().map_or("", String::as_str))
    }

    /// Headers of what begins an object.
    pub fn headers_of_objects(&self) -> Result<HeaderMap, Failure> {
        let named = [
            ("x-amz-storage-class", &self.config.default_storage_class),
            ("x-amz-server-side-encryption", &self.config.server_side_encryption),
            ("x-amz-server-side-encryption-aws-kms-key-id", &self.config.server_side_encryption_aws_kms_key_id),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(bad_header)?);
            }
        }
        Ok(headers)
    }

    /// A successful answer, or the failure that it is.
    pub async fn send(
        &self,
        operator: &Operator,
        transport: &HttpTransporter,
        request: S3Request<'_>,
    ) -> Result<Response<Buffer>, Failure> {
        let mut address = format!("{}/{}", self.address(operator).await?, percent_encode_path(request.key));
        for (index, (name, value)) in request.query.iter().enumerate() {
            address.push(if index == 0 { '?' } else { '&' });
            address.push_str(name);
            if !value.is_empty() {
                address.push('=');
                address.push_str(&encode(value));
            }
        }
        let length = request.body.len();
        let mut http = Request::builder().method(request.method).uri(address).body(request.body).map_err(bad_header)?;
        *http.headers_mut() = request.headers;
        if length > 0 {
            http.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if self.config.enable_request_payer {
            let name = HeaderName::from_static("x-amz-request-payer");
            http.headers_mut().insert(name, HeaderValue::from_static("requester"));
        }
        if let Some(signer) = self.signer.get_or_init(|| self.make_signer(transport)) {
            let (mut head, body) = http.into_parts();
            let signer = signer.clone().with_context(context(transport));
            // Its words may hold what it read.
            let refused = |_| Failure::new(5, "no credentials to sign the request with");
            signer.sign(&mut head, None).await.map_err(refused)?;
            head.headers.remove(HOST);
            http = Request::from_parts(head, body);
        }
        let response = transport.send(http).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(failure_of(response))
    }
}

fn failure_of(response: Response<Buffer>) -> Failure {
    let status = response.status();
    let kind = match status {
        StatusCode::NOT_FOUND => 4,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => 5,
        StatusCode::PRECONDITION_FAILED => 10,
        StatusCode::CONFLICT => 12,
        StatusCode::TOO_MANY_REQUESTS => 9,
        _ => 1,
    };
    let text = response.into_body().to_bytes();
    let told: ErrorAnswer = quick_xml::de::from_reader(text.as_ref()).unwrap_or_default();
    let kind = if told.code == "SlowDown" { 9 } else { kind };
    let message = match told.code.as_str() {
        "" => status.as_str().to_owned(),
        code => format!("{code}: {}", told.message),
    };
    Failure { kind, temporary: status.is_server_error(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encode("a/b c+d=e&f~"), "a%2Fb%20c%2Bd%3De%26f~");
    }

    #[test]
    fn what_the_service_says_is_told() {
        let answer = |status: u16, body: &str| {
            failure_of(Response::builder().status(status).body(Buffer::from(body.to_owned())).unwrap())
        };
        let gone = "<?xml version=\"1.0\"?><Error><Code>NoSuchUpload</Code><Message>gone</Message><X>1</X></Error>";
        assert_eq!((answer(404, gone).kind, answer(404, gone).message), (4, "NoSuchUpload: gone".to_owned()));
        assert_eq!((answer(412, "").kind, answer(412, "").message), (10, "412".to_owned()));
        assert_eq!(answer(503, "<Error><Code>SlowDown</Code></Error>").kind, 9);
        assert_eq!((answer(500, "<html>").kind, answer(500, "").temporary), (1, true));
    }
}
