//! What is refused before anybody is asked.

use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{EndpointSpec, Failure, FailureCode, LoadSpec, ModelSpec};

use crate::server::{Server, answer};
use crate::support::{Client, key_file, spec, text};

fn refused(spec: EndpointSpec) -> Failure {
    let mut client = Client::start();
    let failure = client.load(spec).unwrap_err();
    assert_eq!(failure.code, FailureCode::NoModel, "{failure:?}");
    assert!(failure.hint.is_some(), "{failure:?}");
    assert!(!client.said.contains("hidden"), "{}", client.said);
    failure
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let server = Server::start(|_, _| answer("SELECT 1;"));
    for mode in [0o644, 0o640, 0o660, 0o604] {
        let (_folder, path) = key_file("sk-hidden", mode);
        let failure = refused(EndpointSpec { key_file: Some(path), ..spec(&server.url()) });
        assert!(failure.detail.unwrap().contains("mode"));
    }
    let (_folder, path) = key_file("sk-hidden", 0o600);
    let mut client = Client::ready(EndpointSpec { key_file: Some(path), ..spec(&server.url()) });
    assert_eq!(text(&client.ask(1, "q")), "SELECT 1");
}

#[test]
fn a_key_is_sent_in_the_clear_to_this_machine_alone() {
    let (_folder, path) = key_file("sk-hidden", 0o600);
    let with_key = |url: &str| EndpointSpec { key_file: Some(path.clone()), ..spec(url) };
    for url in ["http://192.0.2.1/v1", "http://host.example:8080/v1", "http://0.0.0.0:1/v1"] {
        assert!(refused(with_key(url)).message.contains("not encrypted"));
    }
    for url in
        ["http://127.0.0.1:1/v1", "http://[::1]:1", "http://localhost:1", "https://192.0.2.1"]
    {
        Client::ready(with_key(url));
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for url in
        ["", "host", "ftp://hidden/v1", "http://user:hidden@host/v1", "http://host/v1?hidden"]
    {
        refused(spec(url));
    }
}

#[test]
fn files_that_are_not_there_are_named_as_the_reason() {
    let none = || Some("/nonexistent/file".to_owned());
    let https = "https://127.0.0.1:1/v1";
    let failure = refused(EndpointSpec { key_file: none(), ..spec(https) });
    assert!(failure.message.contains("key file"), "{failure:?}");
    let failure = refused(EndpointSpec { ca_file: none(), ..spec(https) });
    assert!(failure.message.contains("certificates"), "{failure:?}");
}

#[test]
fn a_file_is_not_what_this_program_is_for() {
    let spec = LoadSpec {
        path: "/nonexistent".into(),
        sha256: String::new(),
        device: DeviceName::Cpu,
        threads: 1,
        context: 1,
        prefill_chunk: 1,
        prefix_cache_bytes: 0,
        parallel: 1,
        disk_cache: None,
    };
    let failure = Client::start().load_as(ModelSpec::File(spec)).unwrap_err();
    assert_eq!(failure.code, FailureCode::Protocol);
}
