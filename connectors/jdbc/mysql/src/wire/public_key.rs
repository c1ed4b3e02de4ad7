//! Passwords encrypted by the server's public key, where a connection can be listened to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes that the padding takes of what a key can encrypt (OAEP with SHA-1).
const PADDING: usize = 42;

/// Encrypts a password for the key's owner; none if the key is none that can be used.
pub(crate) fn encrypt(password: &str, nonce: &[u8], pem: &[u8]) -> Option<Vec<u8>> {
    let size = modulus_size(pem)?;
    let mut secret = [password.as_bytes(), &[0]].concat();
    if nonce.is_empty() || secret.len() + PADDING > size {
        return None;
    }
    for (byte, mask) in secret.iter_mut().zip(nonce.iter().cycle()) {
        *byte ^= mask;
    }
    Some(mysql_common::crypto::encrypt(&secret, pem))
}

/// How many bytes the modulus of a public key (PEM) has. mysql_common takes a key's form for granted:
/// what this lets through is a key.
fn modulus_size(pem: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(pem).ok()?;
    let between = |begin: &str, end: &str| {
        let (_, rest) = text.split_once(begin)?;
        let (body, _) = rest.split_once(end)?;
        let body: String = body
            .chars()
            .filter(|c| !matches!(c, ' ' | '\n' | '\t' | '\r' | '\x0b' | '\x0c'))
            .collect();
        STANDARD.decode(body).ok()
    };
    let short = (
        "-----BEGIN RSA PUBLIC KEY-----",
        "-----END RSA PUBLIC KEY-----",
    );
    let (key, has_algorithm) = match between(short.0, short.1) {
        Some(key) => (key, false),
        None => {
            let key = between("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")?;
            (key, true)
        }
    };
    let mut numbers = key.as_slice();
    if has_algorithm {
        let (info, _) = element(0x30, &key)?;
        let (_, rest) = element(0x30, info)?;
        let (bits, _) = element(0x03, rest)?;
        let (unused, bits) = bits.split_first()?;
        if *unused != 0 {
            return None;
        }
        numbers = bits;
    }
    let (numbers, _) = element(0x30, numbers)?;
    let (modulus, rest) = element(0x02, numbers)?;
    let (exponent, _) = element(0x02, rest)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let size = modulus.len() - zeros;
    (size > 0 && exponent.iter().any(|byte| *byte != 0)).then_some(size)
}

/// An element of DER with this tag: its content, and what follows.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            if length.len() > 4 {
                return None;
            }
            let length = length
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxSKOcxiet8lLMn8ImyUE
bGGKob5EdRz/4wdiw12ED0GfKKTKhVnodFCfm1mdy7bKOX5QxL9skrvYodpW43eR
R5bfOzIgy1qIB8RYb6qOXRBw1oA4snBDqtUjDv/lbHLJN+IbzM4oU+e3Lt9rXyLX
VY289ewONPweXHqSCnTL91w+wkU1peIFV2QhZ+upUCdCtwOn5hnJPNgxtbklFoya
C8W3Z7Xx7He2QDJsEWAqX197efw0L6j8X8Tyd8Uwb7zUB1tfMGhHfm9EwejPAtzx
4GztQNtNMtGS2oGZLQBLV9hib4dDL92iiZeckg2LAf4GsJofLLR8mcHCRoqVbQJ1
YQIDAQAB
-----END PUBLIC KEY-----";

    #[test]
    fn a_password_fits_into_what_the_key_takes() {
        let nonce = [7; 20];
        assert_eq!(
            encrypt("secret", &nonce, KEY.as_bytes()).unwrap().len(),
            256
        );
        assert!(encrypt(&"x".repeat(213), &nonce, KEY.as_bytes()).is_some());
        assert!(encrypt(&"x".repeat(214), &nonce, KEY.as_bytes()).is_none());
        assert!(encrypt("secret", &[], KEY.as_bytes()).is_none());
    }

    #[test]
    fn keys_cut_or_changed_anywhere_are_refused_or_used_but_never_a_panic() {
        for end in 0..KEY.len() {
            let _ = encrypt("secret", &[1; 20], &KEY.as_bytes()[..end]);
        }
        for place in (0..KEY.len()).step_by(5) {
            for with in [b'A', b'-', 0xff] {
                let mut key = KEY.as_bytes().to_vec();
                key[place] = with;
                let _ = encrypt("secret", &[1; 20], &key);
            }
        }
    }
}
