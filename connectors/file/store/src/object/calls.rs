//! Calls of S3 that the client at hand doesn't have: listing uploads that nobody completed, and making the
//! empty object that stands for a folder without files.

use std::io;

use http::{Method, Request};
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpRequest, HttpRequestBody};
use object_store::gcp::GcpCredentialProvider;
use object_store::path::Path as Key;
use serde::Deserialize;
use url::Url;

use super::explain;
use crate::Trouble;

/// Whether a store knows the calls.
pub(super) enum Calls {
    /// It speaks the language of S3.
    Known {
        client: HttpClient,
        /// Of the bucket.
        url: Url,
        access: Access,
    },
    /// It doesn't: Azure. What is not completed goes by itself there, after a week.
    Unknown,
}

/// How the call is signed.
pub(super) enum Access {
    Aws {
        credentials: AwsCredentialProvider,
        region: String,
    },
    Google(GcpCredentialProvider),
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_key_marker: Option<String>,
    #[serde(default)]
    next_upload_id_marker: Option<String>,
    #[serde(default, rename = "Upload")]
    uploads: Vec<Found>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    key: String,
    upload_id: String,
}

impl Calls {
    /// Whether a file must have a part. Of Azure's blocks, none may be empty.
    pub(super) fn wants_a_part(&self) -> bool {
        matches!(self, Self::Known { .. })
    }

    /// Keys and ids of the uploads to a folder of the store called `name`; none where they can't be told.
    pub(super) async fn unfinished(
        &self,
        name: &str,
        folder: &Key,
    ) -> io::Result<Option<Vec<(Key, String)>>> {
        let Self::Known {
            client,
            url,
            access,
        } = self
        else {
            return Ok(None);
        };
        let mut found = Vec::new();
        let mut markers: Option<(String, String)> = None;
        loop {
            let mut url = url.clone();
            {
                let mut query = url.query_pairs_mut();
                if let Some((key, upload)) = &markers {
                    query.append_pair("key-marker", key);
                    query.append_pair("upload-id-marker", upload);
                }
                if !folder.as_ref().is_empty() {
                    query.append_pair("prefix", &format!("{folder}/"));
                }
                query.append_pair("uploads", "");
            }
            let text = send(client, access, Method::GET, &url, name).await?;
            let not_listed =
                || Trouble::new(format!("unfinished uploads to {name} can't be listed"));
            let page: Page = quick_xml::de::from_str(&text)
                .map_err(|e| not_listed().cause(e).io(io::ErrorKind::InvalidData))?;
            for upload in page.uploads {
                // Keys that can't be ours are none of ours.
                if let Ok(key) = Key::parse(&upload.key) {
                    found.push((key, upload.upload_id));
                }
            }
            markers = match (page.is_truncated, page.next_key_marker) {
                (true, Some(key)) => Some((key, page.next_upload_id_marker.unwrap_or_default())),
                _ => return Ok(Some(found)),
            };
        }
    }

    /// Makes a folder without files be there.
    pub(super) async fn mark(&self, name: &str, folder: &Key) -> io::Result<()> {
        let Self::Known {
            client,
            url,
            access,
        } = self
        else {
            return Ok(());
        };
        let mut url = url.clone();
        url.path_segments_mut()
            .map_err(|()| io::ErrorKind::InvalidInput)?
            .pop_if_empty()
            .extend(folder.parts())
            .push("");
        send(client, access, Method::PUT, &url, name)
            .await
            .map(|_| ())
    }
}

/// Sends a request without content; gives the content of the answer.
async fn send(
    client: &HttpClient,
    access: &Access,
    method: Method,
    url: &Url,
    name: &str,
) -> io::Result<String> {
    let request = Request::builder().method(method).uri(url.as_str());
    let mut request = request
        .body(HttpRequestBody::empty())
        .map_err(io::Error::other)?;
    access.sign(name, &mut request).await?;
    let failed = || Trouble::new(format!("{name} does not do what it is asked to"));
    let answer = client.execute(request).await;
    let answer = answer.map_err(|e| explain::not_reached(name, e))?;
    let status = answer.status();
    let body = answer.into_body().bytes().await;
    let body = body.map_err(|e| explain::not_reached(name, e))?;
    let text = String::from_utf8_lossy(&body);
    if status.is_success() {
        return Ok(text.into_owned());
    }
    let kind = match status.as_u16() {
        404 => io::ErrorKind::NotFound,
        401 | 403 => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    let said = format!("{status}: {}", text.chars().take(500).collect::<String>());
    Err(failed()
        .help("the credentials must allow to write, and to list multipart uploads (s3:ListBucketMultipartUploads)")
        .cause(said)
        .io(kind))
}

impl Access {
    async fn sign(&self, name: &str, request: &mut HttpRequest) -> io::Result<()> {
        let failed = |error| explain::explain(name, error);
        match self {
            Self::Aws {
                credentials,
                region,
            } => {
                let credential = credentials.get_credential().await.map_err(failed)?;
                AwsAuthorizer::new(&credential, "s3", region).authorize(request, None);
            }
            Self::Google(credentials) => {
                let credential = credentials.get_credential().await.map_err(failed)?;
                let bearer = format!("Bearer {}", credential.bearer);
                let bearer = bearer.parse().map_err(io::Error::other)?;
                request.headers_mut().insert("authorization", bearer);
            }
            Self::Nothing => {}
        }
        Ok(())
    }
}
