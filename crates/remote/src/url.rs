//! The address of an endpoint.
//!
//! Owns which URLs are accepted and whether a key may travel to one. No part of a URL that was
//! refused is repeated: it may hold a password. Pure. Called by [`crate::endpoint`].

use std::net::IpAddr;

use text2sql_core::protocol::Failure;
use ureq::http::Uri;

use crate::failure::unusable;

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    completions: Uri,
    port: u16,
    encrypted: bool,
    loopback: bool,
}

impl Url {
    /// Reads a URL: `http://` or `https://`, a host, perhaps a port and a path.
    ///
    /// # Errors
    /// `NoModel`, where it is another text.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let refused = |why: &str| {
            unusable(
                "the address of the model's server cannot be used",
                Some(why.to_owned()),
                "write it as http://127.0.0.1:8080/v1 or https://host.example/v1",
            )
        };
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused("it holds a character that is not visible ASCII"));
        }
        if url.contains(['?', '#']) {
            return Err(refused("it has more than a path"));
        }
        let url = url.trim_end_matches('/');
        let completions = format!("{url}/chat/completions")
            .parse::<Uri>()
            .map_err(|_| refused("it is no URL"))?;
        let encrypted = match completions.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused("it begins neither with http:// nor with https://")),
        };
        let authority = completions.authority().ok_or_else(|| refused("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("it holds a user's name; a key belongs into the key file"));
        }
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => Some(if encrypted { 443 } else { 80 }),
            _ => authority.port_u16().filter(|port| *port > 0),
        };
        let port = port.ok_or_else(|| refused("its port is no number from 1 to 65535"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return Err(refused("it has no host"));
        }
        let loopback = bare.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        Ok(Self { port, encrypted, loopback, completions })
    }

    /// Where chat completions are asked for.
    pub fn completions(&self) -> &Uri {
        &self.completions
    }

    /// The port of TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether nobody on a network can read what is sent.
    pub fn is_private(&self) -> bool {
        self.encrypted || self.loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_appended() {
        for (url, completions, port) in [
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions", 8080),
            ("https://host.example/v1/", "https://host.example/v1/chat/completions", 443),
            ("http://host.example", "http://host.example/chat/completions", 80),
            ("http://[::1]:1234/a/b//", "http://[::1]:1234/a/b/chat/completions", 1234),
            ("HTTP://localhost:1", "http://localhost:1/chat/completions", 1),
        ] {
            let found = Url::parse(url).unwrap();
            assert_eq!(
                (found.completions().to_string().as_str(), found.port()),
                (completions, port)
            );
        }
    }

    #[test]
    fn only_encryption_or_loopback_is_private() {
        for url in [
            "http://127.0.0.1/v1",
            "http://127.9.9.9/v1",
            "http://[::1]/v1",
            "http://localhost:80/v1",
            "http://LocalHost/v1",
            "https://10.0.0.1/v1",
            "https://host.example",
        ] {
            assert!(Url::parse(url).unwrap().is_private(), "{url}");
        }
        for url in [
            "http://10.0.0.1/v1",
            "http://128.0.0.1/v1",
            "http://host.example",
            "http://localhost.example/v1",
            "http://127.0.0.1.example/v1",
            "http://0.0.0.0/v1",
            "http://[::2]/v1",
        ] {
            assert!(!Url::parse(url).unwrap().is_private(), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for url in [
            "",
            "secret",
            "/secret",
            "secret:8080",
            "ftp://secret/v1",
            "file:///secret",
            "http://",
            "http:///secret",
            "http://:80/secret",
            "http://[]/secret",
            "http://user:secret@host/v1",
            "http://secret@host/v1",
            "https://host:secret/v1",
            "https://host:0/secret",
            "https://host:70000/secret",
            "https://host:/secret",
            "https://host/v1?key=secret",
            "https://host/v1#secret",
            "https://host/se cret",
            "https://hööst/secret",
            "https://host/secret\r\nx: y",
        ] {
            let failure = Url::parse(url).expect_err(url);
            assert!(failure.hint.is_some());
            assert!(!format!("{failure:?}").contains("secret"), "{url}: {failure:?}");
        }
    }
}
