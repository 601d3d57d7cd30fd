//! Certificates for tests: an authority, what servers show, what a client shows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::error::{HarnessError, or_panic};
use crate::place::Folder;

/// Which certificate a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerCertificate {
    /// For `localhost` and `127.0.0.1`.
    #[default]
    Valid,
    /// For `elsewhere.invalid` alone.
    WrongHost,
    /// For `localhost` and `127.0.0.1`, until the end of 2001.
    Expired,
}

/// An authority of its own with a client's certificate, in files that go with the value.
#[derive(Debug)]
pub struct Certificates {
    folder: Folder,
    authority: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both PEM.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Certificates {
    /// Makes an authority and, signed by it, a client's certificate for the user `client`.
    ///
    /// # Panics
    ///
    /// When the files can't be written.
    pub fn generate(client: &str) -> Self {
        or_panic(Self::try_generate(client))
    }

    fn try_generate(client: &str) -> Result<Self, HarnessError> {
        let folder = Folder::new("certificates")?;
        let (ca, authority) = new_authority("connreg test authority")?;
        let (other_ca, _) = new_authority("an unrelated test authority")?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = common_name(client);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = sign(&parameters, &authority)?;
        for (name, content) in [
            ("ca.pem", &ca),
            ("unrelated-ca.pem", &other_ca),
            ("client.pem", &client.certificate),
            ("client.key", &client.key),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, content)
                // libpq refuses a key that others can read.
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
                .map_err(|error| {
                    HarnessError::failed(format_args!("can't write {}", path.display()), error)
                })?;
        }
        Ok(Self { folder, authority })
    }

    /// The authority's certificate, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The certificate of an authority that has signed nothing here, PEM.
    pub fn unrelated_ca_file(&self) -> PathBuf {
        self.folder.path().join("unrelated-ca.pem")
    }

    /// The client's certificate, PEM.
    pub fn client_certificate_file(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    /// The client's key, PKCS #8 PEM.
    pub fn client_key_file(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }

    /// The folder that all files are in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn ca(&self) -> Result<String, HarnessError> {
        fs::read_to_string(self.ca_file())
            .map_err(|error| HarnessError::failed("can't read the authority's certificate", error))
    }

    pub(crate) fn server(&self, which: ServerCertificate) -> Result<Identity, HarnessError> {
        let names: &[&str] = match which {
            ServerCertificate::Valid | ServerCertificate::Expired => &["localhost", "127.0.0.1"],
            ServerCertificate::WrongHost => &["elsewhere.invalid"],
        };
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names)
            .map_err(|error| HarnessError::failed("can't describe a certificate", error))?;
        parameters.distinguished_name = common_name("connreg test server");
        parameters.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            // The nodes of a cluster show it to each other on both sides.
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        if which == ServerCertificate::Expired {
            parameters.not_before = date_time_ymd(2000, 1, 1);
            parameters.not_after = date_time_ymd(2001, 12, 31);
        }
        sign(&parameters, &self.authority)
    }
}

fn new_authority(name: &str) -> Result<(String, Issuer<'static, KeyPair>), HarnessError> {
    let failed = |error| HarnessError::failed("can't make an authority", error);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = common_name(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = parameters.self_signed(&key).map_err(failed)?.pem();
    Ok((certificate, Issuer::new(parameters, key)))
}

fn sign(
    parameters: &CertificateParams,
    authority: &Issuer<'static, KeyPair>,
) -> Result<Identity, HarnessError> {
    let failed = |error| HarnessError::failed("can't sign a certificate", error);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = parameters.signed_by(&key, authority).map_err(failed)?;
    Ok(Identity {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
