//! Encryption of connections and what of the server's certificate is checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use seatunnel_api::{Error, Result};
use tokio_rustls::TlsConnector;

use crate::errors;
use crate::net::{Socket, Tcp};

/// Whether a connection is encrypted and how far the server is checked; each goes further than the
/// one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// In the clear.
    Disable,
    /// Encrypted if the server can, without a look at its certificate.
    Prefer,
    /// Encrypted, without a look at the server's certificate.
    Require,
    /// The certificate must come from a trusted authority.
    VerifyCa,
    /// It must also be made out to the host of the url.
    VerifyFull,
}

/// How connections are encrypted.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// Whether, and what is checked.
    pub mode: TlsMode,
    /// Certificates of trusted authorities (PEM); those of the system if not given.
    pub authorities: Option<PathBuf>,
    /// The client's own certificates and their key (PEM), for servers that ask for them.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Encrypts a connection whose server has agreed to it.
///
/// # Errors
/// If files can't be read, or the server's certificate is not trusted.
pub async fn encrypt(stream: Tcp, host: &str, options: &TlsOptions) -> Result<Socket> {
    let config = config(options)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|e| {
        Error::new(
            errors::TLS_FAILED,
            format!("`{host}` is no name a certificate can have"),
        )
        .with_cause(e)
    })?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.map_err(|e| {
        Error::new(
            errors::TLS_FAILED,
            format!("the encrypted connection to {host} failed: {e}"),
        )
        .with_help(
            "the server's certificate must come from an authority that is trusted (of the system, \
             or of the file that the url names) and, where the mode asks for it, name this host",
        )
    })?;
    Ok(Socket::Tls(Box::new(stream)))
}

fn config(options: &TlsOptions) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |e: rustls::Error| {
        Error::new(errors::TLS_FAILED, "encryption can't be set up").with_cause(e)
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = if options.mode >= TlsMode::VerifyCa {
        let roots = Arc::new(authorities(options.authorities.as_deref())?);
        if options.mode == TlsMode::VerifyFull {
            builder.with_root_certificates(roots)
        } else {
            let inner = WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|e| {
                    Error::new(
                        errors::TLS_FAILED,
                        "no certificate of an authority is usable",
                    )
                    .with_cause(e)
                })?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyName(inner)))
        }
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    };
    match &options.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((certificates, key)) => {
            let chain = certificates_of(certificates)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable(key, "key", &e))?;
            builder.with_client_auth_cert(chain, key).map_err(failed)
        }
    }
}

fn unreadable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        errors::TLS_FAILED,
        format!("no {what} can be read from {}: {error}", path.display()),
    )
    .with_help("the file must be in PEM format, and this user must be allowed to read it")
}

fn certificates_of(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let failed = |e| unreadable(path, "certificate", &e);
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if all.is_empty() {
        return Err(unreadable(path, "certificate", &"there is none in it"));
    }
    Ok(all)
}

fn authorities(file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(path) => {
            for certificate in certificates_of(path)? {
                roots
                    .add(certificate)
                    .map_err(|e| unreadable(path, "certificate", &e))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(Error::new(
                    errors::TLS_FAILED,
                    "this system has no certificates of trusted authorities",
                )
                .with_help("install them (Debian: ca-certificates), or name a file in the url"));
            }
        }
    }
    Ok(roots)
}

/// Takes any certificate: the mode asks for encryption only. Signatures are checked, so that the
/// peer has the key of the certificate it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

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
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks who issued a certificate, but not whom it is made out to.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

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
