//! Whose certificates are trusted.
//!
//! Owns where the public ones are: the bundle that the operating system keeps, so that what its
//! administrator trusts counts, and no list ages in a program. Called by [`crate::endpoint`].

use std::io::Read;
use std::path::Path;

use rustls::RootCertStore;
use text2sql_core::protocol::Failure;
use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::failure::unusable;

/// Where systems keep the public certificates, most common first.
pub const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Longest file of certificates, bytes.
const MAX_FILE: u64 = 16 << 20;

/// The certificates of a file, of which each must be one.
///
/// # Errors
/// `NoModel`, with what is wrong with the file.
pub fn of_file(path: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let refused = |why: String| {
        unusable(
            "the file of trusted certificates cannot be used",
            Some(why),
            "name a file with the certificate of the authority in PEM format",
        )
    };
    let pem = read(path).map_err(|error| refused(error.kind().to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|_| refused("it is no PEM".into()))?
        {
            RootCertStore::empty()
                .add(certificate.der().to_vec().into())
                .map_err(|_| refused("it holds a certificate that cannot be read".into()))?;
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(refused("it holds no certificate".into())) } else { Ok(found) }
}

/// The public certificates.
///
/// # Errors
/// `NoModel`, where this machine has none.
pub fn public() -> Result<Vec<Certificate<'static>>, Failure> {
    let bundle = BUNDLES.iter().find_map(|path| {
        let pem = read(Path::new(path)).ok()?;
        // One that is damaged does not take the others away.
        let found = parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        Some(found.collect::<Vec<_>>()).filter(|found| !found.is_empty())
    });
    bundle.ok_or_else(|| {
        unusable(
            "this machine has no trusted certificates",
            None,
            "install the package ca-certificates, or configure a file of trusted certificates",
        )
    })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_accepted() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        assert_eq!(of_file(&folder.join("ca.pem")).unwrap().len(), 1);
        let temporary = tempfile::tempdir().unwrap();
        let garbage = temporary.path().join("garbage.pem");
        std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .unwrap();
        for (path, why) in [
            (folder.join("server.key"), "no certificate"),
            (folder.join("none"), "not found"),
            (garbage, "cannot be read"),
        ] {
            let failure = of_file(&path).unwrap_err();
            assert!(failure.detail.as_ref().unwrap().contains(why), "{failure:?}");
        }
    }
}
