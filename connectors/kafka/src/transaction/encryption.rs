//! TLS with the certificates that librdkafka is told to use.

use std::sync::Arc;

use rdkafka::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use seatunnel_api::{Error, Result};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::codes;

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Encryption(TlsConnector);

/// How far a broker's certificate is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Who issued it, and that it names the broker's host.
    Full,
    /// Who issued it.
    Issuer,
    /// Nothing but that the broker has its key.
    Nothing,
}

impl Encryption {
    /// From `ssl.*` of librdkafka.
    ///
    /// # Errors
    /// If files can't be read, or are in a format that works only in librdkafka.
    pub(super) fn read(config: &ClientConfig) -> Result<Self> {
        let off = |key: &str, word: &str| {
            config
                .get(key)
                .is_some_and(|v| v.eq_ignore_ascii_case(word))
        };
        let check = if off("enable.ssl.certificate.verification", "false") {
            Check::Nothing
        } else if off("ssl.endpoint.identification.algorithm", "none")
            || off("ssl.endpoint.identification.algorithm", "")
        {
            Check::Issuer
        } else {
            Check::Full
        };
        for key in ["ssl.keystore.location", "ssl.key.password"] {
            if config.get(key).is_some() {
                return Err(Error::new(
                    codes::UNSUPPORTED,
                    format!("exactly-once can't read a key that is encrypted or in a key store (`{key}`)"),
                )
                .with_help("give certificate and key as PEM without a password, or use semantics = AT_LEAST_ONCE"));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(setup)?;
        let builder = match check {
            Check::Nothing => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
            Check::Issuer => {
                let roots = Arc::new(authorities(config)?);
                let inner = WebPkiServerVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(setup)?;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(AnyName(inner)))
            }
            Check::Full => builder.with_root_certificates(authorities(config)?),
        };
        let chain = pem(config, "ssl.certificate")?;
        let key = pem(config, "ssl.key")?;
        let client = match (chain, key) {
            (Some(chain), Some(key)) => {
                let key =
                    PrivateKeyDer::from_pem_slice(&key).map_err(|e| unreadable("ssl.key", e))?;
                builder
                    .with_client_auth_cert(certificates("ssl.certificate", &chain)?, key)
                    .map_err(setup)?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Self(TlsConnector::from(Arc::new(client))))
    }

    /// Encrypts a connection to `host:port`.
    ///
    /// # Errors
    /// If the broker's certificate is not trusted.
    pub(super) async fn encrypt(
        &self,
        stream: TcpStream,
        place: &str,
    ) -> Result<TlsStream<TcpStream>> {
        let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(setup)?;
        self.0.connect(name, stream).await.map_err(|e| {
            Error::new(
                codes::TLS_FAILED,
                format!("the encrypted connection to the broker failed: {e}"),
            )
            .with_context("broker", place)
            .with_help("its certificate must come from an authority that `ssl.ca.location` names, or the system trusts, and name this host")
        })
    }
}

/// The content of `{name}.pem`, or of the file that `{name}.location` names.
fn pem(config: &ClientConfig, name: &str) -> Result<Option<Vec<u8>>> {
    if let Some(text) = config.get(&format!("{name}.pem")) {
        return Ok(Some(text.as_bytes().to_vec()));
    }
    let key = format!("{name}.location");
    match config.get(&key) {
        None => Ok(None),
        Some(path) => std::fs::read(path).map(Some).map_err(|e| {
            Error::new(codes::TLS_FAILED, format!("`{key}` can't be read: {e}"))
                .with_context("file", path)
        }),
    }
}

fn certificates(name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| unreadable(name, e))?;
    if all.is_empty() {
        return Err(unreadable(name, "there is no certificate in it"));
    }
    Ok(all)
}

fn authorities(config: &ClientConfig) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match pem(config, "ssl.ca")? {
        Some(pem) => {
            for certificate in certificates("ssl.ca", &pem)? {
                roots
                    .add(certificate)
                    .map_err(|e| unreadable("ssl.ca", e))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(Error::new(
                    codes::TLS_FAILED,
                    "this system has no certificates of trusted authorities",
                )
                .with_help("install them (Debian: ca-certificates), or name a file in `ssl.ca.location` of `kafka.config`"));
            }
        }
    }
    Ok(roots)
}

fn setup(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(codes::TLS_FAILED, "encryption can't be set up").with_cause(error)
}

fn unreadable(name: &str, why: impl std::fmt::Display) -> Error {
    Error::new(
        codes::TLS_FAILED,
        format!("`{name}` is not as it should be: {why}"),
    )
    .with_help("it must be in PEM format")
}

/// Takes any certificate; signatures are checked, so that the peer has the key of what it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

/// Checks who issued a certificate, but not whom it is made out to.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .0
            .verify_server_cert(certificate, chain, name, ocsp, now)
        {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
