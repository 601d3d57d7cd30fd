//! Loading with more than a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Connections, monitor, start, watch};
use crate::config::{self, Explanation, Loaded, Options, Report};
use crate::error::Error;
use crate::registry::Registry;
use crate::secrets::{SecretProvider, resolved};

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
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    pub(crate) options: Options,
    registry: Option<Arc<Registry>>,
    #[cfg(feature = "testing")]
    pub(crate) arrangements: crate::testing::Arrangements,
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
            #[cfg(feature = "testing")]
            arrangements: crate::testing::Arrangements::default(),
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

    /// Takes variables, files and secrets that are not to be had as unknown values of the right type, in
    /// [`check`](Self::check) alone: what is loaded needs its values.
    pub fn allow_unresolved(mut self) -> Self {
        self.options.allow_unresolved = true;
        self
    }

    /// A provider of secrets for `${name:reference}`, in place of a linked one of the same name. Its name is made of small
    /// letters, digits, `_` and `-`.
    pub fn secret_provider(
        mut self,
        name: impl Into<String>,
        provider: impl SecretProvider,
    ) -> Self {
        let providers = &mut self.options.secrets.providers;
        providers.add(name.into(), Arc::new(provider));
        self
    }

    /// Lets `${command:program argument …}` run programs, which it otherwise does with `CONNREG_ALLOW_COMMANDS=1` only:
    /// whoever can write the configuration can then run anything as the user of this program.
    pub fn allow_commands(mut self) -> Self {
        self.options.secrets.providers.allow_commands = true;
        self
    }

    /// Where `${file:name}` looks for what is not in the configuration's directory, in place of
    /// `CONNREG_SECRETS_DIRECTORY`; without either, systemd's `CREDENTIALS_DIRECTORY` and `/run/secrets`.
    pub fn secrets_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.secrets.providers.directory = Some(directory.into());
        self
    }

    /// The connection types to choose from, in place of those that the linker found.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(Arc::new(registry));
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
        monitor::start(&connections.0);
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
        let source = self.clone();
        let (loaded, files) = self.loaded().await?;
        #[cfg(feature = "testing")]
        source.arrangements.check(&loaded)?;
        Ok(Connections::new(loaded, files, source))
    }

    /// What everything says at this moment, and what the files were just before.
    pub(super) async fn loaded(self) -> Result<(Loaded, u64), Error> {
        let load = |options: &Options, registry: &Registry| {
            let files = options.directory.as_deref().map_or(0, watch::look);
            config::load(options, registry).map(|loaded| (loaded, files))
        };
        #[cfg(feature = "testing")]
        let arrangements = self.arrangements.clone();
        #[cfg_attr(
            not(feature = "testing"),
            expect(unused_mut, reason = "for what tests arrange")
        )]
        let (mut loaded, files) = self.look(load).await?;
        #[cfg(feature = "testing")]
        arrangements.put_into(&mut loaded)?;
        for warning in loaded.warnings.warnings() {
            tracing::warn!("{warning}");
        }
        Ok((loaded, files))
    }

    /// The directory whose files are read.
    pub(super) fn watched(&self) -> Option<&Path> {
        self.options.directory.as_deref()
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

    /// Where the value of a setting comes from: `name.setting`, `name.table.setting`, an alias, or `name` for all of a
    /// connection's. Opens nothing; mistakes elsewhere in the configuration don't matter.
    ///
    /// # Errors
    ///
    /// No connection has the name, or its type has no such setting: the nearest is suggested.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), connreg::Error> {
    /// let explanation = connreg::Connections::builder()
    ///     .directory("config")
    ///     .explain("customer_db.pool_size")
    ///     .await?;
    /// println!("{explanation}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn explain(mut self, key: impl Into<String>) -> Result<Explanation, Error> {
        let key = key.into();
        // No provider is asked: what a secret is, is not shown anyway.
        self.options.allow_unresolved = true;
        self.look(move |options, registry| config::explain(options, registry, &key))
            .await
    }

    /// Runs `look` where it may block.
    async fn look<T: Send + 'static>(
        self,
        look: impl Fn(&Options, &Registry) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let Self {
            options, registry, ..
        } = self;
        let look = move |options: &Options| match &registry {
            Some(registry) => look(options, registry),
            None => look(options, Registry::linked()?),
        };
        resolved(options, look).await?
    }
}
