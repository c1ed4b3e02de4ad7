//! AES and DES in CBC mode with PKCS #5 padding, Base64 around it, as SeaTunnel's functions of these
//! names do it. DES is long broken; it is here to read old data. No message shows a key or a text.

use aes::{Aes128, Aes192, Aes256};
use arrow_array::ArrayRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use seatunnel_api::Result;
use sha2::{Digest, Sha256};

use super::Call;
use crate::columnar::{Texts, build_texts};

/// Bytes of an AES block, and of what a chain of blocks starts with.
const BLOCK: usize = 16;

/// A key of one of AES's three lengths.
enum AesKey {
    Short([u8; 16]),
    Middle([u8; 24]),
    Long([u8; 32]),
}

impl AesKey {
    /// `base64:` and the bytes of the key, or a password.
    fn new(call: &Call<'_>, text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(call.refuse("the key is empty"));
        }
        let Some(encoded) = text.strip_prefix("base64:") else {
            let mut key = [0; 16];
            key.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
            return Ok(Self::Short(key));
        };
        let bytes = STANDARD
            .decode(encoded.trim())
            .map_err(|_| call.refuse("what follows `base64:` in the key is not Base64"))?;
        let refused = || call.refuse("the key needs 16, 24 or 32 bytes");
        if let Ok(key) = bytes.as_slice().try_into() {
            return Ok(Self::Short(key));
        }
        if let Ok(key) = bytes.as_slice().try_into() {
            return Ok(Self::Middle(key));
        }
        bytes
            .as_slice()
            .try_into()
            .map(Self::Long)
            .map_err(|_| refused())
    }

    fn encrypt(&self, start: &[u8; BLOCK], text: &[u8]) -> Vec<u8> {
        let start = start.into();
        match self {
            Self::Short(key) => {
                cbc::Encryptor::<Aes128>::new(key.into(), start).encrypt_padded_vec::<Pkcs7>(text)
            }
            Self::Middle(key) => {
                cbc::Encryptor::<Aes192>::new(key.into(), start).encrypt_padded_vec::<Pkcs7>(text)
            }
            Self::Long(key) => {
                cbc::Encryptor::<Aes256>::new(key.into(), start).encrypt_padded_vec::<Pkcs7>(text)
            }
        }
    }

    fn decrypt(&self, start: &[u8; BLOCK], sealed: &[u8]) -> Option<Vec<u8>> {
        let start = start.into();
        match self {
            Self::Short(key) => cbc::Decryptor::<Aes128>::new(key.into(), start)
                .decrypt_padded_vec::<Pkcs7>(sealed)
                .ok(),
            Self::Middle(key) => cbc::Decryptor::<Aes192>::new(key.into(), start)
                .decrypt_padded_vec::<Pkcs7>(sealed)
                .ok(),
            Self::Long(key) => cbc::Decryptor::<Aes256>::new(key.into(), start)
                .decrypt_padded_vec::<Pkcs7>(sealed)
                .ok(),
        }
    }
}

/// Keys and starts of a call's rows.
struct AesArguments<'a> {
    keys: Texts<'a>,
    starts: Option<Texts<'a>>,
    last: Option<(&'a str, AesKey)>,
}

impl<'a> AesArguments<'a> {
    fn new(call: &Call<'a>) -> Result<Self> {
        let mut arguments = Self {
            keys: call.args[1].texts(),
            starts: call.args.get(2).map(|s| s.texts()),
            last: None,
        };
        // A constant that is wrong shows before the first row.
        if let Some(key) = arguments.keys.constant() {
            arguments.last = Some((key, AesKey::new(call, key)?));
        }
        if let Some(start) = arguments.starts.as_ref().and_then(|s| s.constant()) {
            Self::parse_start(call, start)?;
        }
        Ok(arguments)
    }

    fn key(&mut self, call: &Call<'_>, row: usize) -> Result<&AesKey> {
        let Some(text) = self.keys.get(row) else {
            return Err(call.refuse("the key is null"));
        };
        let key = match self.last.take() {
            Some((known, key)) if known == text => key,
            _ => AesKey::new(call, text)?,
        };
        Ok(&self.last.insert((text, key)).1)
    }

    /// What the chain of blocks starts with, where it is given.
    fn start(&self, call: &Call<'_>, row: usize) -> Result<Option<[u8; BLOCK]>> {
        let Some(starts) = &self.starts else {
            return Ok(None);
        };
        match starts.get(row) {
            Some(text) => Self::parse_start(call, text).map(Some),
            None => Err(call.refuse("iv is null; leave it out for a random one")),
        }
    }

    fn parse_start(call: &Call<'_>, text: &str) -> Result<[u8; BLOCK]> {
        let bytes = text.as_bytes().try_into();
        bytes.map_err(|_| call.refuse(format!("iv needs {BLOCK} bytes, not {}", text.len())))
    }
}

pub(super) fn aes_encrypt(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    let mut arguments = AesArguments::new(call)?;
    build_texts(call.rows, |row, out| {
        let Some(text) = texts.get(row) else {
            return Ok(false);
        };
        let given = arguments.start(call, row)?;
        let key = arguments.key(call, row)?;
        let sealed = match given {
            Some(start) => key.encrypt(&start, text.as_bytes()),
            None => {
                let mut start = [0; BLOCK];
                getrandom::fill(&mut start).map_err(|e| {
                    call.refuse("the system has no random numbers")
                        .with_cause(e)
                })?;
                let mut sealed = start.to_vec();
                sealed.extend(key.encrypt(&start, text.as_bytes()));
                sealed
            }
        };
        STANDARD.encode_string(sealed, out);
        Ok(true)
    })
}

pub(super) fn aes_decrypt(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    let mut arguments = AesArguments::new(call)?;
    build_texts(call.rows, |row, out| {
        let Some(text) = texts.get(row) else {
            return Ok(false);
        };
        let refused = || call.refuse("the text was not encrypted with this key");
        let bytes = STANDARD.decode(text).map_err(|_| refused())?;
        let plain = match arguments.start(call, row)? {
            Some(start) => arguments.key(call, row)?.decrypt(&start, &bytes),
            None => {
                let (start, sealed) = bytes.split_first_chunk().ok_or_else(refused)?;
                arguments.key(call, row)?.decrypt(start, sealed)
            }
        };
        let plain = plain.ok_or_else(refused)?;
        out.push_str(std::str::from_utf8(&plain).map_err(|_| refused())?);
        Ok(true)
    })
}

/// SeaTunnel has it fixed.
const START: &[u8; 8] = b"12345678";

fn key(call: &Call<'_>, password: &str) -> Result<[u8; 8]> {
    password
        .as_bytes()
        .first_chunk()
        .copied()
        .ok_or_else(|| call.refuse("the key needs at least 8 bytes"))
}

pub(super) fn des_encrypt(call: &Call<'_>) -> Result<ArrayRef> {
    let (passwords, texts) = (call.args[0].texts(), call.args[1].texts());
    build_texts(call.rows, |row, out| {
        let (Some(password), Some(text)) = (passwords.get(row), texts.get(row)) else {
            return Ok(false);
        };
        let cipher = cbc::Encryptor::<des::Des>::new(&key(call, password)?.into(), START.into());
        let sealed = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
        STANDARD.encode_string(sealed, out);
        Ok(true)
    })
}

pub(super) fn des_decrypt(call: &Call<'_>) -> Result<ArrayRef> {
    let (passwords, texts) = (call.args[0].texts(), call.args[1].texts());
    build_texts(call.rows, |row, out| {
        let (Some(password), Some(text)) = (passwords.get(row), texts.get(row)) else {
            return Ok(false);
        };
        let cipher = cbc::Decryptor::<des::Des>::new(&key(call, password)?.into(), START.into());
        let refused = || call.refuse("the text was not encrypted with this key");
        let sealed = STANDARD.decode(text).map_err(|_| refused())?;
        let plain = cipher
            .decrypt_padded_vec::<Pkcs7>(&sealed)
            .map_err(|_| refused())?;
        out.push_str(std::str::from_utf8(&plain).map_err(|_| refused())?);
        Ok(true)
    })
}
