//! `default` and `base64`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use seatunnel_api::Error;

use super::{ConfigShade, ShadeCodec};
use crate::codes;

/// As Java's decoder, which needs no padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `default`: secrets stand as they are.
pub(super) struct Plain;

impl ConfigShade for Plain {
    fn identifier(&self) -> &str {
        "default"
    }

    fn open(&self, _: &BTreeMap<String, String>) -> Result<Box<dyn ShadeCodec>, Error> {
        Ok(Box::new(Self))
    }
}

impl ShadeCodec for Plain {
    fn encrypt(&self, text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }

    fn decrypt(&self, text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }
}

/// `base64`: hides a secret from a glance, not from a reader.
pub(super) struct Base64;

impl ConfigShade for Base64 {
    fn identifier(&self) -> &str {
        "base64"
    }

    fn caution(&self) -> Option<&str> {
        Some("base64 hides secrets from a glance only: who reads the job file can decode them")
    }

    fn open(&self, _: &BTreeMap<String, String>) -> Result<Box<dyn ShadeCodec>, Error> {
        Ok(Box::new(Self))
    }
}

impl ShadeCodec for Base64 {
    fn encrypt(&self, text: &str) -> Result<String, Error> {
        Ok(BASE64.encode(text))
    }

    fn decrypt(&self, text: &str) -> Result<String, Error> {
        let bytes = BASE64
            .decode(text)
            .map_err(|_| Error::new(codes::SHADE, "it is not base64"))?;
        String::from_utf8(bytes)
            .map_err(|_| Error::new(codes::SHADE, "what it decodes to is not UTF-8 text"))
    }
}
