//! A Postgres of a test's own, and databases on the one that tests share.

mod replica;

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio_postgres::{Config, NoTls};

use crate::certificates::{Certificates, ServerCertificate};
use crate::error::{HarnessError, or_panic};
use crate::guard::EndBy;
use crate::place::Folder;
use crate::port::Port;
use crate::process::{KEPT_LINES, Launch, become_account, run};
use crate::server::Server;
use crate::source::{POSTGRES_URL, Source, postgres, postgres_programs};

const USER: &str = "app";
const DATABASE: &str = "postgres";
/// A standby's line goes on with `read-only connections`.
const READY: &str = "database system is ready to accept";
/// How long making or dropping a database on the shared server may take.
const STATEMENT_WITHIN: Duration = Duration::from_secs(30);

/// How a Postgres is to be started.
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `start`"]
pub struct PostgresOptions {
    tls: Option<ServerCertificate>,
    access: Vec<String>,
    settings: Vec<(String, String)>,
    replicated: bool,
}

impl PostgresOptions {
    /// Offers TLS and shows this certificate; plain connections stay allowed, see [`Self::access`].
    pub fn tls(mut self, certificate: ServerCertificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Replaces who may connect: a line of `pg_hba.conf`, say
    /// `hostssl all all 127.0.0.1/32 cert`. Without any, everyone needs the password (SCRAM).
    pub fn access(mut self, line: &str) -> Self {
        self.access.push(line.to_owned());
        self
    }

    /// Lets [replicas](Postgres::replica) follow the server.
    pub fn replicated(mut self) -> Self {
        self.replicated = true;
        self
    }

    /// A server setting, say `("max_connections", "5")`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start(self) -> Postgres {
        or_panic(Postgres::try_start(&self))
    }
}

/// A Postgres server of the test's own, stopped and removed when dropped.
///
/// The user is a superuser. Every method blocks, for milliseconds; starting for about a second.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    source: Source,
    options: PostgresOptions,
    port: Port,
    password: String,
    certificates: Option<Certificates>,
    folder: Folder,
}

impl Postgres {
    /// Starts a server without TLS.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        PostgresOptions::default().start()
    }

    /// A new, empty database on the server that tests share; for tests that don't hurt it.
    ///
    /// # Panics
    ///
    /// When the server can't be had or started; the message says why.
    #[must_use]
    pub fn shared() -> PostgresDatabase {
        or_panic(PostgresDatabase::create())
    }

    pub(crate) fn try_start(options: &PostgresOptions) -> Result<Self, HarnessError> {
        let source = if options.replicated {
            postgres_programs()?
        } else {
            postgres()?
        };
        let folder = Folder::new("postgres")?;
        let password = password();
        initialize(&source, &folder, &folder.path().join("data"), &password)?;
        folder.write("data/pg_hba.conf", &access(&source, options))?;
        Self::launch(source, options.clone(), folder, password)
    }

    /// Starts a server on the data in `folder`.
    fn launch(
        source: Source,
        options: PostgresOptions,
        folder: Folder,
        password: String,
    ) -> Result<Self, HarnessError> {
        let port = Port::reserve()?;
        let mut settings = vec![
            (
                "listen_addresses".to_owned(),
                source.listen_address().to_owned(),
            ),
            ("port".to_owned(), port.number().to_string()),
            (
                "unix_socket_directories".to_owned(),
                folder.path().display().to_string(),
            ),
            // Thrown away in the end: no waiting for the disk, no segments left in /dev/shm.
            ("fsync".to_owned(), "off".to_owned()),
            ("dynamic_shared_memory_type".to_owned(), "mmap".to_owned()),
            ("shared_buffers".to_owned(), "32MB".to_owned()),
            ("max_connections".to_owned(), "200".to_owned()),
        ];
        if options.replicated {
            for (name, value) in [
                ("wal_level", "replica"),
                ("max_wal_senders", "10"),
                ("hot_standby", "on"),
                // Back at once when the other one comes back.
                ("wal_retrieve_retry_interval", "100ms"),
            ] {
                settings.push((name.to_owned(), value.to_owned()));
            }
        }
        let certificates = match options.tls {
            Some(which) => {
                let certificates = Certificates::generate(USER);
                let identity = certificates.server(which)?;
                for (setting, name, content) in [
                    ("ssl_cert_file", "server.pem", identity.certificate),
                    ("ssl_key_file", "server.key", identity.key),
                    ("ssl_ca_file", "ca.pem", certificates.ca()?),
                ] {
                    let path = folder.write(name, &content)?;
                    settings.push((setting.to_owned(), path.display().to_string()));
                }
                settings.push(("ssl".to_owned(), "on".to_owned()));
                Some(certificates)
            }
            None => None,
        };
        settings.extend(options.settings.iter().cloned());

        let data = folder.path().join("data");
        let mut arguments = vec![OsString::from("-D"), data.into_os_string()];
        for (name, value) in settings {
            arguments.push(OsString::from("-c"));
            arguments.push(OsString::from(format!("{name}={value}")));
        }
        let launch = Launch {
            name: "Postgres",
            invocation: source.invocation("postgres", folder.path()),
            ports: vec![port.number()],
            arguments,
            folder: folder.path().to_path_buf(),
            end_by: EndBy::Quit,
            kept_lines: KEPT_LINES,
        };
        Ok(Self {
            server: Server::start(launch, READY)?,
            source,
            options,
            port,
            password,
            certificates,
            folder,
        })
    }

    /// `postgresql://user:password@127.0.0.1:port/database`.
    pub fn url(&self) -> String {
        format!(
            "postgresql://{USER}:{}@{}:{}/{DATABASE}",
            self.password,
            self.host(),
            self.port()
        )
    }

    /// The loopback address; the name `localhost` leads to it too.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// A superuser's name.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The database that is always there.
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The folder that has the server's Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority and the client's certificate of a server with TLS.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn certificates(&self) -> &Certificates {
        self.certificates
            .as_ref()
            .unwrap_or_else(|| panic!("this Postgres has no TLS: start it with `tls`"))
    }
}

impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.server.stop();
        self.remove_segment();
    }
}

impl Postgres {
    /// After `kill -9` the system keeps the segment by which a second postmaster would be found; the last line but one
    /// of the file that was left names it.
    fn remove_segment(&self) {
        let file = self.folder.path().join("data/postmaster.pid");
        let segment = fs::read_to_string(file)
            .ok()
            .and_then(|lines| Some(lines.lines().nth(6)?.split_whitespace().nth(1)?.to_owned()));
        if let Some(segment) = segment {
            let mut remove = Command::new("ipcrm");
            remove.args(["-m", &segment]);
            let _ = run(remove);
        }
    }
}

/// Who may connect, as `pg_hba.conf` says it.
fn access(source: &Source, options: &PostgresOptions) -> String {
    let mut access = String::from("local all all trust\n");
    let everyone = "host all all 127.0.0.1/32 scram-sha-256".to_owned();
    let lines = match &options.access[..] {
        [] => std::slice::from_ref(&everyone),
        lines => lines,
    };
    for line in lines {
        let line = match source {
            // Clients come through the engine's own network there.
            Source::Image(_) => line.replace("127.0.0.1/32", "all"),
            Source::Programs(_) => line.clone(),
        };
        let _ = writeln!(access, "{line}");
    }
    if options.replicated {
        access.push_str("host replication all 127.0.0.1/32 scram-sha-256\n");
    }
    access
}

fn initialize(
    source: &Source,
    folder: &Folder,
    data: &Path,
    password: &str,
) -> Result<(), HarnessError> {
    let password_file = folder.write("password", password)?;
    let mut initdb = program(source, "initdb", folder);
    initdb
        .arg("-D")
        .arg(data)
        .args([
            "-U",
            USER,
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
            "--no-clean",
        ])
        .args(["--auth-host=scram-sha-256", "--auth-local=trust"])
        .arg(format!("--pwfile={}", password_file.display()));
    run(initdb).map(drop)
}

/// One of the server's programs, run as the servers' user in `folder`.
fn program(source: &Source, name: &str, folder: &Folder) -> Command {
    let invocation = source.invocation(name, folder.path());
    let mut command = Command::new(&invocation.program);
    command
        .args(&invocation.leading)
        .envs(invocation.environment)
        .current_dir(folder.path());
    if !invocation.in_container {
        become_account(&mut command);
    }
    command
}

pub(crate) fn password() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(20)
        .collect()
}

/// A database of a test's own on the shared server, dropped with the value.
#[derive(Debug)]
pub struct PostgresDatabase {
    name: String,
    /// The shared server's own configuration and database.
    server: Config,
    /// Keeps the shared server of this process up.
    _server: Option<Arc<Postgres>>,
}

static SHARED: Mutex<Option<Arc<Postgres>>> = Mutex::new(None);

/// Stops the shared server if this process started one.
pub(crate) fn stop_shared() {
    drop(SHARED.lock().unwrap_or_else(PoisonError::into_inner).take());
}

impl PostgresDatabase {
    fn create() -> Result<Self, HarnessError> {
        let (url, server) = if let Ok(url) = env::var(POSTGRES_URL) {
            (url, None)
        } else {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            let server = match &*shared {
                Some(server) => Arc::clone(server),
                None => Arc::clone(
                    shared.insert(Arc::new(Postgres::try_start(&PostgresOptions::default())?)),
                ),
            };
            (server.url(), Some(server))
        };
        let config: Config = url
            .parse()
            .map_err(|error| HarnessError::failed(POSTGRES_URL, error))?;
        let name = format!("test_{}", password().to_lowercase());
        statement(&config, &format!("CREATE DATABASE {name}"))?;
        Ok(Self {
            name,
            server: config,
            _server: server,
        })
    }

    /// `postgresql://user:password@host:port/database`.
    pub fn url(&self) -> String {
        format!(
            "postgresql://{}:{}@{}:{}/{}",
            self.user(),
            self.password(),
            self.host(),
            self.port(),
            self.name
        )
    }

    /// The server's host.
    pub fn host(&self) -> String {
        match self.server.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.server.get_ports().first().copied().unwrap_or(5432)
    }

    /// The user that owns the database.
    pub fn user(&self) -> &str {
        self.server.get_user().unwrap_or_default()
    }

    /// The user's password.
    pub fn password(&self) -> String {
        String::from_utf8_lossy(self.server.get_password().unwrap_or_default()).into_owned()
    }

    /// The database, which no other test uses.
    pub fn database(&self) -> &str {
        &self.name
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = statement(&self.server, &drop) {
            eprintln!("{error}");
        }
    }
}

/// Runs one statement from a thread of its own: the caller may be inside a runtime already.
fn statement(server: &Config, sql: &str) -> Result<(), HarnessError> {
    let work = async {
        let (client, connection) = server.connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await?;
        drop(client);
        // The connection's own end is of no interest once the statement was run.
        let _ = connection.await;
        Ok::<_, tokio_postgres::Error>(())
    };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HarnessError::failed("can't make a runtime", error))?;
        match runtime.block_on(async { tokio::time::timeout(STATEMENT_WITHIN, work).await }) {
            Ok(done) => done.map_err(|error| {
                let cause = error
                    .as_db_error()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                HarnessError::failed(format_args!("`{sql}` on the shared Postgres"), cause)
            }),
            Err(_) => Err(HarnessError::Failed(format!(
                "`{sql}` on the shared Postgres: not within {STATEMENT_WITHIN:?}"
            ))),
        }
    };
    thread::scope(|scope| {
        scope
            .spawn(run)
            .join()
            .unwrap_or_else(|_| Err(HarnessError::Failed(format!("`{sql}` panicked"))))
    })
}
