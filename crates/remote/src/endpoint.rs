//! An endpoint, checked and ready to be asked.
//!
//! Owns what of an [`EndpointSpec`] is acceptable and how the HTTP client is set up: no redirects,
//! no proxy. Contacts nobody. Called by [`crate::remote`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use text2sql_core::protocol::{EndpointSpec, Failure};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::connections::MAX_IDLE;
use crate::dialect::Dialect;
use crate::failure::unusable;
use crate::key::Key;
use crate::trust;
use crate::url::Url;

/// Most requests sent at a time, whatever is configured.
pub const MAX_PARALLEL: usize = 64;

/// Longest time to connect that is kept.
const LONGEST_CONNECT: Duration = Duration::from_secs(600);

/// Where a model runs.
#[derive(Debug)]
pub struct Endpoint {
    /// Where to ask.
    pub url: Url,
    /// Which model.
    pub model: String,
    /// With which key.
    pub key: Option<Key>,
    /// Requests sent at a time: 1 to [`MAX_PARALLEL`].
    pub parallel: usize,
    /// Times a request is sent at most, the first included: at least 1.
    pub attempts: u32,
    /// In which form.
    pub dialect: Dialect,
    connect: Duration,
    tls: TlsConfig,
}

impl Endpoint {
    /// Checks a specification and reads the files it names.
    ///
    /// # Errors
    /// `NoModel`, with what cannot be used. A server that is down is no error.
    pub fn open(spec: &EndpointSpec) -> Result<Self, Failure> {
        let url = Url::parse(&spec.url)?;
        if spec.model.is_empty() {
            return Err(unusable(
                "no name of a model is configured",
                None,
                "configure the name by which the model's server knows the model",
            ));
        }
        if spec.key_file.is_some() && !url.is_private() {
            return Err(unusable(
                "a key is not sent over a connection that is not encrypted",
                None,
                "use https://, or a server on this machine (127.0.0.1), or configure no key file",
            ));
        }
        let key = spec.key_file.as_ref().map(|path| Key::read(Path::new(path))).transpose()?;
        let trusted = match &spec.ca_file {
            Some(path) => trust::of_file(Path::new(path))?,
            None if url.is_encrypted() => trust::public()?,
            None => Vec::new(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(Self {
            model: spec.model.clone(),
            key,
            parallel: usize::try_from(spec.parallel).unwrap_or(MAX_PARALLEL).clamp(1, MAX_PARALLEL),
            attempts: spec.attempts.max(1),
            dialect: Dialect::default(),
            connect: Duration::from_millis(spec.connect_ms.max(1)).min(LONGEST_CONNECT),
            tls: TlsConfig::builder()
                .root_certs(RootCerts::from(trusted))
                .unversioned_rustls_crypto_provider(provider)
                .build(),
            url,
        })
    }

    /// A client for one request at a time, of one connection: shutting it down ends what the
    /// request waits for.
    pub fn agent(&self) -> Agent {
        Agent::config_builder()
            .tls_config(self.tls.clone())
            .timeout_resolve(Some(self.connect))
            .timeout_connect(Some(self.connect))
            .http_status_as_error(false)
            // Prompt and key go where they were sent, and nowhere else.
            .max_redirects(0)
            .proxy(None)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(MAX_IDLE)
            .user_agent("text2sql")
            .accept("text/event-stream, application/json")
            .build()
            .new_agent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(url: &str) -> EndpointSpec {
        EndpointSpec {
            url: url.into(),
            model: "m".into(),
            key_file: None,
            ca_file: None,
            parallel: 0,
            connect_ms: 0,
            attempts: 0,
        }
    }

    #[test]
    fn numbers_are_brought_into_range() {
        let endpoint = Endpoint::open(&spec("http://host.example/v1")).unwrap();
        assert_eq!((endpoint.parallel, endpoint.attempts), (1, 1));
        let most = EndpointSpec {
            parallel: u32::MAX,
            attempts: u32::MAX,
            connect_ms: u64::MAX,
            ..spec("http://host.example/v1")
        };
        assert_eq!(Endpoint::open(&most).unwrap().parallel, MAX_PARALLEL);
    }

    #[test]
    fn a_key_does_not_travel_in_the_clear() {
        // It is not even read.
        let spec =
            EndpointSpec { key_file: Some("/nonexistent".into()), ..spec("http://10.0.0.1/v1") };
        let failure = Endpoint::open(&spec).unwrap_err();
        assert!(failure.message.contains("not encrypted"), "{failure:?}");
        assert!(failure.hint.unwrap().contains("https://"));
    }

    #[test]
    fn a_model_has_a_name() {
        let spec = EndpointSpec { model: String::new(), ..spec("http://127.0.0.1/v1") };
        assert!(Endpoint::open(&spec).is_err());
    }
}
