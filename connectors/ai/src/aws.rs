//! Requests to Amazon Web Services, signed as "Signature Version 4" has it.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use seatunnel_api::options::Secret;
use seatunnel_api::time::civil_from_days;
use sha2::{Digest, Sha256};

/// What is signed with, and for which service.
pub(crate) struct AwsKeys {
    pub(crate) key: Secret,
    pub(crate) secret: Secret,
    pub(crate) region: String,
    pub(crate) service: &'static str,
}

impl AwsKeys {
    /// The headers that a request with this body needs, besides its `Content-Type`, which is signed too.
    pub(crate) fn headers(
        &self,
        method: &str,
        url: &Url,
        content_type: &str,
        body: &[u8],
        now: SystemTime,
    ) -> [(&'static str, String); 2] {
        let date = date(now);
        let scope = format!(
            "{}/{}/{}/aws4_request",
            &date[..8],
            self.region,
            self.service
        );
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let names = "content-type;host;x-amz-date";
        // The path is encoded a second time, as all services but S3 want it.
        let path = url.path().replace('%', "%25");
        let mut query: Vec<&str> = url.query().unwrap_or_default().split('&').collect();
        query.sort_unstable();
        let request = format!(
            "{method}\n{path}\n{}\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:{date}\n\n{names}\n{}",
            query.join("&"),
            hex(&Sha256::digest(body)[..]),
        );
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(request.as_bytes())[..])
        );
        let secret = format!("AWS4{}", self.secret.expose().trim());
        let steps = [
            &date[..8],
            &self.region,
            self.service,
            "aws4_request",
            &text,
        ];
        let signature = steps
            .iter()
            .fold(secret.into_bytes(), |key, step| mac(&key, step.as_bytes()));
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.key.expose().trim(),
            hex(&signature)
        );
        [("x-amz-date", date), ("authorization", value)]
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is fine");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20150830T123600Z`
fn date(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (year, month, day) = civil_from_days((seconds / 86_400) as i32);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The worked example of Amazon's documentation.
    #[test]
    fn a_request_is_signed_as_amazon_s_example_has_it() {
        let keys = AwsKeys {
            key: Secret::new("AKIDEXAMPLE"),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1".to_owned(),
            service: "iam",
        };
        let url = Url::parse("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08");
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let content_type = "application/x-www-form-urlencoded; charset=utf-8";
        let [(_, date), (_, value)] = keys.headers("GET", &url.unwrap(), content_type, b"", now);
        assert_eq!(date, "20150830T123600Z");
        assert_eq!(
            value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
