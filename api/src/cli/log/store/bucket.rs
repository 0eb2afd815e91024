//! A bucket, or a part of one: signed calls, each tried a few times.

use super::StoreArgs;
use crate::cli::Failure;
use crate::outbound::{self, Answer, Call, Outbound};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, RANGE};
use hyper::{Method, Uri};
use rusty_s3::actions::{ListObjectsV2, S3Action};
use rusty_s3::{Credentials, UrlStyle};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::time::Duration;

/// Validity of a signature, and longest time of one call.
const CALL_MAX: Duration = Duration::from_mins(10);
/// Tries of a call, and the pause before the second.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(300);
/// Bytes that are fetched at once.
const PART_BYTES: u64 = 512 << 10;
/// Names that are listed at once.
const NAMES_PER_PAGE: usize = 500;

/// A bucket of an S3 store.
pub(super) struct Bucket {
    inner: rusty_s3::Bucket,
    /// Ends with `/`, or is empty.
    prefix: String,
    credentials: Credentials,
    http: Outbound,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.inner.name(), self.prefix)
    }
}

impl Bucket {
    /// Finds out how to reach `s3://BUCKET/PREFIX`, without a call.
    pub(super) fn open(address: &str, args: &StoreArgs) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::Usage(what);
        let rest = address.strip_prefix("s3://").ok_or_else(|| {
            wrong(format!("`{address}` is no address of a bucket: s3://BUCKET/PREFIX"))
        })?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let region = args.region.clone();
        let endpoint = args.endpoint.clone();
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        outbound::address(&endpoint).map_err(wrong)?;
        let url = endpoint.parse().map_err(|_| wrong(format!("`{endpoint}` is no address")))?;
        let bucket = rusty_s3::Bucket::new(url, UrlStyle::Path, name.to_owned(), region);
        let bucket = bucket.map_err(|error| wrong(format!("`{address}`: {error}")))?;
        let credentials = Credentials::from_env().ok_or_else(|| {
            Failure::Refused(
                "the key of the store is missing: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            )
        })?;
        let http = Outbound::new().map_err(Failure::Refused)?;
        Ok(Self { inner: bucket, prefix, credentials, http })
    }

    /// Bytes of a file; nothing if it is not there.
    pub(super) async fn bytes_of(&self, name: &str) -> Result<Option<u64>, Failure> {
        let key = self.key(name);
        let action = self.inner.head_object(Some(&self.credentials), &key);
        let answer = self.call(Method::HEAD, name, &action, Vec::new(), Bytes::new()).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = self.good(name, answer)?;
        let length =
            answer.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
        length.map(Some).ok_or_else(|| self.refused(name, "its answer has no length"))
    }

    /// Puts a file there.
    pub(super) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), Failure> {
        let key = self.key(name);
        let sum = STANDARD.encode(Sha256::digest(&bytes));
        let mut action = self.inner.put_object(Some(&self.credentials), &key);
        // The store refuses what did not arrive as it was sent; one that does not know this looks
        // past it.
        action.headers_mut().insert("x-amz-checksum-sha256", sum.clone());
        let sum = HeaderValue::from_str(&sum).expect("base64 is ASCII");
        let headers = vec![(HeaderName::from_static("x-amz-checksum-sha256"), sum)];
        let answer = self.call(Method::PUT, name, &action, headers, bytes).await?;
        self.good(name, answer).map(|_| ())
    }

    /// A file of a few bytes, whole; nothing if it is not there.
    pub(super) async fn get_small(&self, name: &str) -> Result<Option<Bytes>, Failure> {
        let key = self.key(name);
        let action = self.inner.get_object(Some(&self.credentials), &key);
        let answer = self.call(Method::GET, name, &action, Vec::new(), Bytes::new()).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(Some(self.good(name, answer)?.body))
    }

    /// Hands over a file of so many bytes, part by part.
    pub(super) async fn get(
        &self,
        name: &str,
        bytes: u64,
        take: &mut (dyn FnMut(&[u8]) -> Result<(), Failure> + Send),
    ) -> Result<(), Failure> {
        let key = self.key(name);
        let action = self.inner.get_object(Some(&self.credentials), &key);
        let mut at = 0;
        while at < bytes {
            let end = bytes.min(at + PART_BYTES);
            let range = HeaderValue::from_str(&format!("bytes={at}-{}", end - 1));
            let headers = vec![(RANGE, range.expect("digits"))];
            let answer = self.call(Method::GET, name, &action, headers, Bytes::new()).await?;
            let answer = self.good(name, answer)?;
            if answer.body.len() as u64 != end - at {
                return Err(self.refused(name, "it has another length than it was listed with"));
            }
            take(&answer.body)?;
            at = end;
        }
        Ok(())
    }

    /// The files in a folder, by name, with their bytes.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, Failure> {
        let prefix = format!("{}{folder}/", self.prefix);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let mut action = self.inner.list_objects_v2(Some(&self.credentials));
            action.with_prefix(prefix.clone());
            action.with_max_keys(NAMES_PER_PAGE);
            if let Some(after) = after.take() {
                action.with_continuation_token(after);
            }
            let answer = self.call(Method::GET, folder, &action, Vec::new(), Bytes::new()).await?;
            let answer = self.good(folder, answer)?;
            let text = String::from_utf8_lossy(&answer.body);
            let page = ListObjectsV2::parse_response(&text);
            let page = page.map_err(|_| self.refused(folder, "its list cannot be read"))?;
            found.extend(page.contents.into_iter().filter_map(|object| {
                let name = object.key.strip_prefix(&prefix)?.to_owned();
                Some((name, object.size?))
            }));
            after = page.next_continuation_token;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Calls until there is an answer other than that the store is busy or out of order.
    async fn call<'a>(
        &self,
        method: Method,
        name: &str,
        action: &impl S3Action<'a>,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let url = action.sign(CALL_MAX);
        let uri: Uri = outbound::address(url.as_str()).map_err(Failure::Refused)?;
        let (mut tries, mut pause) = (0, PAUSE);
        loop {
            let call = Call {
                method: method.clone(),
                uri: uri.clone(),
                headers: headers.clone(),
                body: body.clone(),
                timeout: CALL_MAX,
                pinned: None,
            };
            tries += 1;
            let why = match self.http.call(call).await {
                Ok(answer) if answer.status != 429 && answer.status < 500 => return Ok(answer),
                Ok(answer) => format!("the store answers {}", answer.status),
                Err(error) => error.to_string(),
            };
            if tries == TRIES_MAX {
                return Err(self.refused(name, &why));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    fn good(&self, name: &str, answer: Answer) -> Result<Answer, Failure> {
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let why = match answer.status {
            403 => "the store does not let this key do that".to_owned(),
            404 => "there is no such bucket or file".to_owned(),
            status => format!("the store answers {status}"),
        };
        Err(self.refused(name, &why))
    }

    fn refused(&self, name: &str, why: &str) -> Failure {
        Failure::Refused(format!("{self}{name}: {why}"))
    }
}
