//! DES_ENCRYPT and DES_DECRYPT: DES in CBC mode with PKCS #5 padding, Base64 around it, as
//! SeaTunnel's functions of these names do it. DES is long broken; they are here to read old data.

use arrow_array::ArrayRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use seatunnel_api::Result;

use super::Call;
use crate::columnar::build_texts;

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
