//! One Redis server of a test's own.

use std::ffi::OsString;
use std::ops::Deref;
use std::sync::Arc;

use crate::certificates::{Certificates, ServerCertificate};
use crate::error::{HarnessError, or_panic};
use crate::guard::EndBy;
use crate::place::Folder;
use crate::port::Port;
use crate::process::{KEPT_LINES, Launch};
use crate::server::Server;
use crate::source::{Source, redis, redis_programs};

/// How a Redis is to be started.
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `start`"]
pub struct RedisOptions {
    password: Option<String>,
    users: Vec<Vec<String>>,
    tls: Option<ServerCertificate>,
    /// Whose certificates are shown; without it, an authority of the server's own.
    authority: Option<Arc<Certificates>>,
    client_certificates: bool,
    persistent: bool,
    settings: Vec<Vec<String>>,
}

impl RedisOptions {
    /// The password of the user `default`; without it, none is needed.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Another user: `user("reader", "secret", "~* +@read")`, the last being ACL words.
    pub fn user(mut self, name: &str, password: &str, rules: &str) -> Self {
        let mut words = vec![name.to_owned(), "on".to_owned(), format!(">{password}")];
        words.extend(rules.split_whitespace().map(str::to_owned));
        self.users.push(words);
        self
    }

    /// Offers TLS on a second port, and shows this certificate there.
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// As a server of a group whose members speak TLS to each other.
    pub(super) fn tls_among(mut self, authority: &Arc<Certificates>) -> Self {
        self.tls = Some(ServerCertificate::Valid);
        self.authority = Some(Arc::clone(authority));
        self
    }

    /// Lets only clients in on the TLS port that show a certificate of the same authority.
    pub fn client_certificates(mut self) -> Self {
        self.client_certificates = true;
        self
    }

    /// Keeps its data over a restart; without it, a Redis comes back empty.
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// A line of `redis.conf`, say `("maxclients", "5")`; the value's words are split at spaces.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        let mut words = vec![format!("--{name}")];
        words.extend(value.split_whitespace().map(str::to_owned));
        self.settings.push(words);
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start(self) -> Redis {
        or_panic(Redis::try_start(&self))
    }
}

/// A Redis server of the test's own, stopped and removed when dropped.
///
/// Every method blocks, for milliseconds.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    port: Port,
    tls: Option<(Port, Arc<Certificates>)>,
    password: Option<String>,
    _folder: Folder,
}

impl Redis {
    /// Starts a server without password and TLS.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        RedisOptions::default().start()
    }

    pub(crate) fn try_start(options: &RedisOptions) -> Result<Self, HarnessError> {
        Self::launch(options, &redis()?, "redis-server", None)
    }

    /// Starts a sentinel, which is the same program with a file that it rewrites.
    pub(super) fn launch_sentinel(
        options: &RedisOptions,
        file: &str,
    ) -> Result<Self, HarnessError> {
        Self::launch(options, &redis_programs()?, "redis-sentinel", Some(file))
    }

    /// Starts a server that others of its group must reach.
    pub(super) fn start_in_group(options: &RedisOptions) -> Result<Self, HarnessError> {
        Self::launch(options, &redis_programs()?, "redis-server", None)
    }

    fn launch(
        options: &RedisOptions,
        source: &Source,
        name: &'static str,
        sentinel: Option<&str>,
    ) -> Result<Self, HarnessError> {
        let folder = Folder::new("redis")?;
        let port = Port::reserve()?;
        let mut lines: Vec<Vec<String>> = [
            ["--bind", source.listen_address()],
            ["--port", &port.number().to_string()],
            ["--dir", &folder.path().display().to_string()],
            ["--daemonize", "no"],
            // Without a password, Redis would otherwise refuse whoever is not on its loopback.
            ["--protected-mode", "no"],
        ]
        .map(|line| line.map(str::to_owned).to_vec())
        .to_vec();
        let mut arguments = Vec::new();
        let ready = if let Some(file) = sentinel {
            let file = folder.write("sentinel.conf", file)?;
            arguments.push(file.into_os_string());
            lines.push(vec!["--sentinel".to_owned()]);
            "Sentinel ID is"
        } else {
            let kept = if options.persistent { "yes" } else { "no" };
            lines.push(vec!["--save".to_owned(), String::new()]);
            lines.push(vec!["--appendonly".to_owned(), kept.to_owned()]);
            "Ready to accept connections"
        };
        if let Some(password) = &options.password {
            lines.push(vec!["--requirepass".to_owned(), password.clone()]);
        }
        for user in &options.users {
            let mut line = vec!["--user".to_owned()];
            line.extend(user.iter().cloned());
            lines.push(line);
        }
        let tls = match options.tls {
            Some(which) => {
                let own = || Arc::new(Certificates::generate("app"));
                let certificates = options.authority.clone().unwrap_or_else(own);
                let identity = certificates.server(which)?;
                let port = Port::reserve()?;
                let clients = if options.client_certificates {
                    "yes"
                } else {
                    "no"
                };
                lines.push(vec!["--tls-port".to_owned(), port.number().to_string()]);
                lines.push(vec!["--tls-auth-clients".to_owned(), clients.to_owned()]);
                for (setting, name, content) in [
                    ("--tls-cert-file", "server.pem", identity.certificate),
                    ("--tls-key-file", "server.key", identity.key),
                    ("--tls-ca-cert-file", "ca.pem", certificates.ca()?),
                ] {
                    let path = folder.write(name, &content)?;
                    lines.push(vec![setting.to_owned(), path.display().to_string()]);
                }
                Some((port, certificates))
            }
            None => None,
        };
        let mut ports = vec![port.number()];
        ports.extend(tls.as_ref().map(|(port, _)| port.number()));
        lines.extend(options.settings.iter().cloned());
        arguments.extend(lines.into_iter().flatten().map(OsString::from));
        let launch = Launch {
            name,
            invocation: source.invocation("redis-server", folder.path()),
            ports,
            arguments,
            folder: folder.path().to_path_buf(),
            end_by: EndBy::Term,
            kept_lines: KEPT_LINES,
        };
        Ok(Self {
            server: Server::start(launch, ready)?,
            port,
            tls,
            password: options.password.clone(),
            _folder: folder,
        })
    }

    /// `redis://127.0.0.1:port/`, with the password if there is one.
    pub fn url(&self) -> String {
        let password = self
            .password
            .as_ref()
            .map(|password| format!(":{password}@"))
            .unwrap_or_default();
        format!("redis://{password}{}:{}/", self.host(), self.port())
    }

    /// The loopback address; the name `localhost` leads to it too.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port for plain connections, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The port for TLS connections.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn tls_port(&self) -> u16 {
        self.with_tls().0.number()
    }

    /// The authority and the client's certificate of a server with TLS.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn certificates(&self) -> &Certificates {
        &self.with_tls().1
    }

    fn with_tls(&self) -> &(Port, Arc<Certificates>) {
        self.tls
            .as_ref()
            .unwrap_or_else(|| panic!("this Redis has no TLS: start it with `tls`"))
    }

    /// The password of the user `default`.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
