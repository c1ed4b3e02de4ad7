//! Logging in to a broker: PLAIN (RFC 4616) and SCRAM (RFC 5802, 7677).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

/// Most rounds of hashing that a server may ask for: Kafka's own highest is 16,384.
const MAX_ITERATIONS: u32 = 1 << 20;

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// The password as it is.
    Plain,
    /// Proof of the password.
    ScramSha256,
    /// Proof of the password.
    ScramSha512,
}

impl Mechanism {
    /// By its name in `sasl.mechanism`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Plain, Self::ScramSha256, Self::ScramSha512]
            .into_iter()
            .find(|m| m.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Who logs in and how. Has no `Debug`: it holds the password.
#[derive(Clone)]
pub(super) struct Login {
    /// How.
    pub(super) mechanism: Mechanism,
    /// Who.
    pub(super) user: String,
    /// With what.
    pub(super) password: String,
}

impl Login {
    /// Begins to log in.
    pub(super) fn begin(&self) -> Exchange<'_> {
        self.begin_with(uuid::Uuid::new_v4().simple().to_string())
    }

    fn begin_with(&self, nonce: String) -> Exchange<'_> {
        Exchange {
            login: self,
            nonce,
            expected: None,
        }
    }
}

/// One attempt to log in.
pub(super) struct Exchange<'a> {
    login: &'a Login,
    nonce: String,
    /// The server's proof that it knows the password too, once ours is sent.
    expected: Option<String>,
}

impl Exchange<'_> {
    /// The mechanism's name on the wire.
    pub(super) fn mechanism(&self) -> &'static str {
        self.login.mechanism.name()
    }

    /// What is sent first.
    pub(super) fn first(&self) -> Vec<u8> {
        match self.login.mechanism {
            Mechanism::Plain => {
                format!("\0{}\0{}", self.login.user, self.login.password).into_bytes()
            }
            _ => format!("n,,{}", self.first_bare()).into_bytes(),
        }
    }

    /// What is sent next; nothing if we are in.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn next(&mut self, answer: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match self.login.mechanism {
            Mechanism::Plain => return Ok(None),
            Mechanism::ScramSha256 | Mechanism::ScramSha512 => {}
        }
        let answer = std::str::from_utf8(answer).map_err(|_| "the answer is no text".to_owned())?;
        if let Some(error) = attribute(answer, "e=") {
            return Err(error.to_owned());
        }
        match self.expected.take() {
            None => self.prove(answer).map(Some),
            Some(expected) if attribute(answer, "v=") == Some(&expected) => Ok(None),
            Some(_) => Err("the server can't prove that it knows the password".to_owned()),
        }
    }

    /// `n=user,r=nonce`
    fn first_bare(&self) -> String {
        let user = self.login.user.replace('=', "=3D").replace(',', "=2C");
        format!("n={user},r={}", self.nonce)
    }

    fn prove(&mut self, server_first: &str) -> Result<Vec<u8>, String> {
        let part = |name| {
            attribute(server_first, name).ok_or_else(|| format!("{name} is missing in the answer"))
        };
        let nonce = part("r=")?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the answer belongs to another login".to_owned());
        }
        let salt = STANDARD
            .decode(part("s=")?)
            .map_err(|_| "the salt is not Base64".to_owned())?;
        let iterations: u32 = part("i=")?
            .parse()
            .map_err(|_| "the number of rounds is none".to_owned())?;
        if !(1..=MAX_ITERATIONS).contains(&iterations) {
            return Err(format!("{iterations} rounds are asked for"));
        }
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.first_bare());
        let password = self.login.password.as_bytes();
        let (proof, expected) = match self.login.mechanism {
            Mechanism::ScramSha512 => {
                proofs::<Hmac<Sha512>, Sha512>(password, &salt, iterations, &signed)
            }
            _ => proofs::<Hmac<Sha256>, Sha256>(password, &salt, iterations, &signed),
        };
        self.expected = Some(STANDARD.encode(expected));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }
}

/// The client's proof and the server's (RFC 5802, section 3).
fn proofs<M: Mac + KeyInit, H: Digest>(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    signed: &str,
) -> (Vec<u8>, Vec<u8>) {
    let salted = salted::<M>(password, salt, iterations);
    let client_key = keyed::<M>(&salted, &[b"Client Key"]);
    let stored_key = H::digest(&client_key);
    let signature = keyed::<M>(&stored_key, &[signed.as_bytes()]);
    let proof = client_key
        .iter()
        .zip(&signature)
        .map(|(a, b)| a ^ b)
        .collect();
    let server_key = keyed::<M>(&salted, &[b"Server Key"]);
    (proof, keyed::<M>(&server_key, &[signed.as_bytes()]))
}

/// `Hi` of RFC 5802: PBKDF2 with one block.
fn salted<M: Mac + KeyInit>(password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
    let mut last = keyed::<M>(password, &[salt, &1u32.to_be_bytes()]);
    let mut all = last.clone();
    for _ in 1..iterations {
        last = keyed::<M>(password, &[&last]);
        for (a, b) in all.iter_mut().zip(&last) {
            *a ^= b;
        }
    }
    all
}

fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|part| part.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    #[test]
    fn proves_and_checks_as_the_example_of_the_standard() {
        let login = Login {
            mechanism: Mechanism::ScramSha256,
            user: "user".to_owned(),
            password: "pencil".to_owned(),
        };
        let mut exchange = login.begin_with("rOprNGfwEbeRWgbNEkqO".to_owned());
        assert_eq!(exchange.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = exchange.next(first.as_bytes()).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(last).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        let proof = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(exchange.next(proof).unwrap(), None);
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_refused() {
        let login = Login {
            mechanism: Mechanism::ScramSha512,
            user: "a,b=c".to_owned(),
            password: "secret".to_owned(),
        };
        let mut exchange = login.begin_with("abc".to_owned());
        assert_eq!(exchange.first(), b"n,,n=a=2Cb=3Dc,r=abc");
        assert!(exchange.next(b"r=other,s=QQ==,i=4096").is_err());
        assert!(exchange.next(b"r=abc,s=QQ==,i=4096").is_err());
        assert!(exchange.next(b"r=abcdef,s=QQ==,i=0").is_err());
        assert!(
            exchange
                .next(b"e=invalid-proof")
                .unwrap_err()
                .contains("invalid-proof")
        );
        exchange.next(b"r=abcdef,s=QQ==,i=1").unwrap();
        assert!(exchange.next(b"v=QUJD").is_err());
    }
}
