//! `aes`: AES in GCM mode, so that a wrong key or a changed text is noticed.
//!
//! The key is 16 or 32 bytes in base64. It is read from the file that `shade.properties.key_file`
//! names, else from the environment variable that `shade.properties.key_env` names
//! (`SEATUNNEL_SHADE_KEY` if none does), else from `shade.properties.key` itself. An encrypted text
//! is the base64 of 12 random bytes, the cipher text and its 16-byte tag.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Generate, KeyInit, Nonce};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use base64::Engine;
use seatunnel_api::Error;

use super::builtin::BASE64;
use super::{ConfigShade, ShadeCodec};
use crate::codes;

const NONCE_BYTES: usize = 12;
const KEY_ENV: &str = "SEATUNNEL_SHADE_KEY";

pub(super) struct Aes;

impl ConfigShade for Aes {
    fn identifier(&self) -> &str {
        "aes"
    }

    fn open(&self, properties: &BTreeMap<String, String>) -> Result<Box<dyn ShadeCodec>, Error> {
        let key = BASE64
            .decode(key_text(properties)?.trim())
            .map_err(|_| bad_key("it is not base64"))?;
        match key.len() {
            16 => Ok(Box::new(Codec::<Aes128Gcm>::new(&key)?)),
            32 => Ok(Box::new(Codec::<Aes256Gcm>::new(&key)?)),
            other => Err(bad_key(&format!("it has {other} bytes, not 16 or 32"))),
        }
    }
}

fn key_text(properties: &BTreeMap<String, String>) -> Result<String, Error> {
    if let Some(file) = properties.get("key_file") {
        return std::fs::read_to_string(file).map_err(|cause| {
            let message = format!("the key file `{file}` of `shade.properties` cannot be read");
            Error::new(codes::SHADE, message).with_cause(cause)
        });
    }
    let named = properties.get("key_env").map(String::as_str);
    let variable = named.unwrap_or(KEY_ENV);
    if !variable.contains(['=', '\0'])
        && !variable.is_empty()
        && let Ok(key) = std::env::var(variable)
    {
        return Ok(key);
    }
    if let Some(key) = properties.get("key") {
        return Ok(key.clone());
    }
    let message = format!("there is no AES key: the environment has no `{variable}`");
    Err(Error::new(codes::SHADE, message).with_help(
        "`openssl rand -base64 32` makes a key; or name a file with `shade.properties { key_file = … }`",
    ))
}

fn bad_key(why: &str) -> Error {
    Error::new(codes::SHADE, format!("the AES key is not valid: {why}"))
        .with_help("`openssl rand -base64 32` makes a key")
}

struct Codec<C>(C);

impl<C: KeyInit> Codec<C> {
    fn new(key: &[u8]) -> Result<Self, Error> {
        let cipher = C::new_from_slice(key).map_err(|_| bad_key("its length is not right"))?;
        Ok(Self(cipher))
    }
}

impl<C: Aead> ShadeCodec for Codec<C> {
    fn encrypt(&self, text: &str) -> Result<String, Error> {
        let nonce = Nonce::<C>::generate();
        let sealed = self
            .0
            .encrypt(&nonce, text.as_bytes())
            .map_err(|_| Error::new(codes::SHADE, "it is too long"))?;
        Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn decrypt(&self, text: &str) -> Result<String, Error> {
        let bytes = BASE64
            .decode(text.trim())
            .map_err(|_| Error::new(codes::SHADE, "it is not base64"))?;
        let (nonce, sealed) = bytes
            .split_at_checked(NONCE_BYTES)
            .ok_or_else(|| Error::new(codes::SHADE, "it is too short for an encrypted text"))?;
        let nonce = Nonce::<C>::try_from(nonce)
            .map_err(|_| Error::new(codes::SHADE, "it is too short for an encrypted text"))?;
        let plain = self.0.decrypt(&nonce, sealed).map_err(|_| {
            Error::new(
                codes::SHADE,
                "the key is another one, or the text was changed",
            )
        })?;
        String::from_utf8(plain).map_err(|_| Error::new(codes::SHADE, "it is not UTF-8 text"))
    }
}
