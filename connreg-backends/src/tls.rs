//! TLS for all back ends: which certificates are trusted, how far a server's is checked, and the client's own.
//!
//! What a back end calls its settings, and when it wants TLS at all, is its own business.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use connreg::{ConnectError, ErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls::{SupportedProtocolVersion, version};

/// How far the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    /// Any certificate will do: protects from listeners, not from impostors.
    Nothing,
    /// Its chain leads to a trusted root; whose name it bears does not matter.
    Chain,
    /// Its chain leads to a trusted root, and it bears the host's name.
    Full,
}

/// Who is trusted to sign a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// The operating system's certificates.
    System,
    /// The certificates in a PEM file, and no others.
    File(PathBuf),
}

/// The versions of TLS to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// 1.2 and 1.3.
    All,
    /// 1.2 only.
    Only12,
    /// 1.3 only.
    Only13,
}

/// The client's own certificate, for servers that ask for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// A PEM file with the certificate, the intermediate ones behind it.
    pub(crate) certificate: PathBuf,
    /// A PEM file with the key, not encrypted.
    pub(crate) key: PathBuf,
}

/// What a back end's settings say about TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) verify: Verify,
    pub(crate) roots: Roots,
    pub(crate) identity: Option<Identity>,
    pub(crate) versions: Versions,
    /// Whether the host's name is sent in the clear, as most servers with several names need.
    pub(crate) server_name: bool,
    /// The protocols to offer, none if the back end's protocol has no name.
    pub(crate) protocols: Vec<Vec<u8>>,
}

impl Tls {
    /// A certificate that is checked in full against the system's roots.
    pub(crate) fn system() -> Self {
        Self {
            verify: Verify::Full,
            roots: Roots::System,
            identity: None,
            versions: Versions::All,
            server_name: true,
            protocols: Vec::new(),
        }
    }

    /// Reads the files, away from the executor's threads, and makes the configuration.
    pub(crate) async fn client_config(&self) -> Result<ClientConfig, ConnectError> {
        let tls = self.clone();
        match tokio::task::spawn_blocking(move || tls.build()).await {
            Ok(result) => result,
            Err(error) => {
                let message = "reading the certificates was cut off";
                Err(ConnectError::new(ErrorKind::Tls, message).with_source(error))
            }
        }
    }

    fn build(&self) -> Result<ClientConfig, ConnectError> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions.supported())
            .map_err(|error| refused("no version of TLS is left to offer", error))?;
        let verifier = self.verifier(&provider)?;
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| {
                    let (certificate, key) = (certificate.display(), key.display());
                    let what = format!("the key {key} does not fit the certificate {certificate}");
                    refused(what, error)
                })?,
        };
        config.enable_sni = self.server_name;
        config.alpn_protocols.clone_from(&self.protocols);
        Ok(config)
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
        let algorithms = provider.signature_verification_algorithms;
        Ok(match self.verify {
            Verify::Nothing => Arc::new(Lenient {
                roots: None,
                algorithms,
            }),
            Verify::Chain => Arc::new(Lenient {
                roots: Some(self.roots.load()?),
                algorithms,
            }),
            Verify::Full => {
                let roots = Arc::new(self.roots.load()?);
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
                    .build()
                    .map_err(|error| refused("the trusted certificates can't be used", error))?
            }
        })
    }
}

impl Versions {
    fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
        match self {
            Self::All => &ALL,
            Self::Only12 => &ALL[1..],
            Self::Only13 => &ALL[..1],
        }
    }
}

/// The cryptography that all back ends use, chosen here so that no process-wide default is needed.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Roots {
    /// The trusted certificates; having none is an error.
    pub(crate) fn load(&self) -> Result<RootCertStore, ConnectError> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(found.certs);
                if store.is_empty() {
                    let message = "the system has no trusted certificates";
                    let error = ConnectError::new(ErrorKind::Tls, message).with_help(
                        "install the system's CA certificates, or name a file of your own",
                    );
                    return Err(match found.errors.into_iter().next() {
                        Some(cause) => error.with_source(cause),
                        None => error,
                    });
                }
            }
            Self::File(path) => {
                for certificate in certificates(path)? {
                    store.add(certificate).map_err(|error| {
                        refused(
                            format!("{} holds an unusable certificate", path.display()),
                            error,
                        )
                    })?;
                }
            }
        }
        Ok(store)
    }
}

/// The certificates in a PEM file; having none is an error.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => {
            let message = format!("{} holds no certificate in PEM form", path.display());
            Err(ConnectError::new(ErrorKind::Tls, message))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(unreadable("certificate", path, error)),
    }
}

/// The first private key in a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        unreadable("key", path, error)
            .with_help("give an unencrypted key in PEM form (PKCS#8, PKCS#1 or SEC1)")
    })
}

fn unreadable(what: &str, path: &Path, error: pem::Error) -> ConnectError {
    ConnectError::new(
        ErrorKind::Tls,
        format!("can't read the {what} {}", path.display()),
    )
    .with_help("check that the file is there, is PEM, and may be read by this program")
    .with_transient(false)
    .with_source(error)
}

fn refused(
    what: impl Into<String>,
    error: impl std::error::Error + Send + Sync + 'static,
) -> ConnectError {
    ConnectError::new(ErrorKind::Tls, what).with_source(error)
}

/// Does not look at the name; with roots, looks at the chain.
///
/// The handshake's signature is checked in any case: without it the certificate would prove nothing at all.
#[derive(Debug)]
struct Lenient {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
