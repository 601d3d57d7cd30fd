//! Loading with more than a directory.

use std::path::PathBuf;

use super::{Connections, start};
use crate::config::{self, Options, Report};
use crate::error::{Error, ErrorKind};
use crate::registry::Registry;

/// Says what to load: a directory, a profile, an environment, values set in code.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), connreg::Error> {
/// let connections = connreg::Connections::builder()
///     .directory("config")
///     .profile("production")
///     .set("shop.pool_size", "20")
///     .load()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Builder {
    options: Options,
    registry: Option<Registry>,
}

impl Builder {
    pub(super) fn new() -> Self {
        // Variables that are no Unicode can't be a setting's value; they are as if unset.
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let environment = std::env::vars_os().filter_map(unicode).collect();
        Self {
            options: Options {
                environment,
                ..Options::default()
            },
            registry: None,
        }
    }

    /// The directory with the configuration files.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.directory = Some(directory.into());
        self
    }

    /// The active profile, in place of `CONNREG_PROFILE`.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.options.profile = Some(profile.into());
        self
    }

    /// The environment's variables, in place of the process's own.
    pub fn environment<K: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.options.environment = pairs.collect();
        self
    }

    /// Sets `name.key` or `name.key.subkey` over everything that files and environment say. A name that they don't
    /// have makes a connection, if its `type` is set too.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.overrides.push((key.into(), value.into()));
        self
    }

    /// The connection types to choose from, in place of those that the linker found.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Reads everything; opens what says `lazy: false`.
    ///
    /// # Errors
    ///
    /// Every mistake in every file, in one report; or a required connection with `lazy: false` that could not
    /// be opened.
    pub async fn load(self) -> Result<Connections, Error> {
        let connections = self.read().await?;
        let eager = connections
            .iter()
            .filter(|connection| !connection.is_lazy())
            .collect();
        start::open(eager).await?;
        Ok(connections)
    }

    /// Reads everything and opens nothing, not even what says `lazy: false`.
    ///
    /// # Errors
    ///
    /// Every mistake in every file, in one report.
    pub async fn read(self) -> Result<Connections, Error> {
        let loaded = self.look(config::load).await?;
        for warning in loaded.warnings.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(Connections::new(loaded))
    }

    /// Everything that is wrong or odd in the configuration. Opens nothing, logs nothing.
    ///
    /// # Errors
    ///
    /// Nothing could be looked at: two connection types answer to one name, or the runtime shuts down. Mistakes in
    /// the configuration are in the report.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), connreg::Error> {
    /// let report = connreg::Connections::builder()
    ///     .directory("config")
    ///     .check()
    ///     .await?;
    /// print!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(self) -> Result<Report, Error> {
        self.look(config::check).await
    }

    /// Runs `look` where it may block.
    async fn look<T: Send + 'static>(
        self,
        look: impl Fn(&Options, &Registry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Self { options, registry } = self;
        let look = move || match &registry {
            Some(registry) => look(&options, registry),
            None => look(&options, Registry::linked()?),
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(seen) => seen,
            Err(error) => {
                // A bug of ours must not pass for a mistake of the user's.
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
                let message = "reading the configuration was cut off: the runtime shuts down";
                Err(Error::usage(ErrorKind::Closed, message, None))
            }
        }
    }
}
