//! What of a server's certificate a login is bound to (RFC 5929, tls-server-end-point).

use sha2::{Digest, Sha256, Sha384, Sha512};

/// The hash of a certificate in DER by the function that it is signed by, SHA-256 in place of MD5 and
/// SHA-1. None for signatures that have no hash function of their own, such as Ed25519.
pub(super) fn hash(der: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { what is signed SEQUENCE, algorithm SEQUENCE { OID, .. }, signature }
    let (certificate, _) = element(der, 0x30)?;
    let (_, rest) = element(certificate, 0x30)?;
    let (algorithm, _) = element(rest, 0x30)?;
    let (oid, parameters) = element(algorithm, 0x06)?;
    let function = if oid == RSA_PSS {
        // The parameters name the function somewhere; without any it is SHA-1.
        let named = |oid: &[u8]| parameters.windows(oid.len()).any(|w| w == oid);
        match () {
            () if named(&[96, 134, 72, 1, 101, 3, 4, 2, 2]) => Function::Sha384,
            () if named(&[96, 134, 72, 1, 101, 3, 4, 2, 3]) => Function::Sha512,
            () => Function::Sha256,
        }
    } else {
        FUNCTIONS.iter().find(|(known, _)| *known == oid)?.1
    };
    Some(match function {
        Function::Sha256 => Sha256::digest(der).to_vec(),
        Function::Sha384 => Sha384::digest(der).to_vec(),
        Function::Sha512 => Sha512::digest(der).to_vec(),
    })
}

#[derive(Clone, Copy)]
enum Function {
    Sha256,
    Sha384,
    Sha512,
}

/// 1.2.840.113549.1.1.10
const RSA_PSS: &[u8] = &[42, 134, 72, 134, 247, 13, 1, 1, 10];

/// Signature algorithms by their object identifiers.
const FUNCTIONS: &[(&[u8], Function)] = &[
    // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512
    (&[42, 134, 72, 134, 247, 13, 1, 1, 4], Function::Sha256),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 5], Function::Sha256),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 11], Function::Sha256),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 12], Function::Sha384),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 13], Function::Sha512),
    // ECDSA with SHA-1, SHA-256, SHA-384, SHA-512
    (&[42, 134, 72, 206, 61, 4, 1], Function::Sha256),
    (&[42, 134, 72, 206, 61, 4, 3, 2], Function::Sha256),
    (&[42, 134, 72, 206, 61, 4, 3, 3], Function::Sha384),
    (&[42, 134, 72, 206, 61, 4, 3, 4], Function::Sha512),
];

/// The content of the first element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=127 => (usize::from(first), rest),
        // The length itself takes more than one byte.
        129..=132 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 128))?;
            let length = bytes.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
