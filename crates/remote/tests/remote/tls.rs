//! Encrypted connections, and which are refused.
//!
//! The certificates in `tests/tls` are for `localhost` and 127.0.0.1, of an authority whose key was
//! thrown away, and valid from 2020 to 2120.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use text2sql_core::protocol::{EndpointSpec, FailureCode};

use crate::server::{Server, answer, whole};
use crate::support::{Client, key_file, spec, text};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn server(address: &str) -> Server {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    Server::start_with(
        address,
        |_, _| answer("SELECT 1;"),
        move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(StreamOwned::new(connection, stream)))
        },
    )
}

fn trusting(host: &str, server: &Server, ca: Option<PathBuf>) -> EndpointSpec {
    EndpointSpec {
        ca_file: ca.map(|path| path.to_str().unwrap().to_owned()),
        ..spec(&format!("https://{host}:{}/v1", server.port))
    }
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let server = server("127.0.0.1");
    let (_folder, key) = key_file("sk-hidden", 0o600);
    for host in ["localhost", "127.0.0.1"] {
        let spec = trusting(host, &server, Some(file("ca.pem")));
        let mut client = Client::ready(EndpointSpec { key_file: Some(key.clone()), ..spec });
        assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
    }
    assert!(server.received()[1].head.contains("Bearer sk-hidden"));
}

#[test]
fn other_certificates_are_refused() {
    let (elsewhere, server) = (server("127.0.0.2"), server("127.0.0.1"));
    // For the name, and for the authority.
    let other_name = trusting("127.0.0.2", &elsewhere, Some(file("ca.pem")));
    let public = trusting("localhost", &server, None);
    for (spec, why) in [(other_name, "not valid for name"), (public, "UnknownIssuer")] {
        let mut client = Client::start();
        if let Err(failure) = client.load(spec) {
            eprintln!("not tried, this machine has no public certificates: {failure}");
            continue;
        }
        let failure = client.ask_in_vain(1, "q");
        assert_eq!(failure.code, FailureCode::Unreachable);
        assert!(failure.message.contains(why), "{failure:?}");
        assert!(failure.hint.unwrap().contains("certificates"));
    }
    assert!(server.received().is_empty() && elsewhere.received().is_empty());
}

#[test]
fn a_server_that_does_not_encrypt_is_refused() {
    let server = Server::start(|_, _| vec![whole("200 OK", "", "")]);
    let mut client = Client::ready(trusting("localhost", &server, Some(file("ca.pem"))));
    client.send_with(1, "q", 100, 5000);
    let events = client.events(1);
    assert_eq!(crate::support::failure(&events).code, FailureCode::Unreachable);
    assert!(server.received().is_empty());
}
