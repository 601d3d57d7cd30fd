//! What a test says to the [`Builder`], beside what a service says.

use std::sync::Arc;

use super::faults::Faults;
use super::given::GivenClients;
use super::layer::Layers;
use super::scripted::Scripted;
use crate::backend::Backend;
use crate::config::Loaded;
use crate::connections::Builder;
use crate::error::Error;
use crate::registry::ConnectionType;

/// What a test puts in place of what is configured, and around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrangements {
    clients: GivenClients,
    faults: Layers,
}

impl Arrangements {
    /// Has what was read be used as the test wants.
    pub(crate) fn put_into(&self, loaded: &mut Loaded) -> Result<(), Error> {
        self.clients.put_into(loaded)?;
        self.faults.put_into(loaded);
        Ok(())
    }

    /// # Errors
    ///
    /// Faults are for a connection that there isn't.
    pub(crate) fn check(&self, loaded: &Loaded) -> Result<(), Error> {
        self.faults.check(loaded)
    }
}

/// With the feature `testing`.
impl Builder {
    /// Hands in the client of the connection called `name`, which is of type `T`: for tests. It is used in place of one
    /// that `T` would open, reconnects and reloads included; checks ask it, and closing the connections closes it.
    ///
    /// The connection need not be configured, but for settings that `T` requires.
    ///
    /// # Examples
    ///
    /// ```
    /// use connreg::{Backend, ConnectError, Connections, Context, ErrorKind, connection};
    ///
    /// /// Sends mail.
    /// #[connection(type = "mail_of_with_client", category = "example")]
    /// struct Mail {}
    ///
    /// impl Backend for Mail {
    ///     type Client = Vec<String>;
    ///
    ///     async fn connect(&self, _context: &Context) -> Result<Vec<String>, ConnectError> {
    ///         Err(ConnectError::new(ErrorKind::Refused, "there is no server here"))
    ///     }
    ///
    ///     async fn check(_client: &Vec<String>) -> Result<(), ConnectError> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), connreg::Error> {
    /// let connections = Connections::builder()
    ///     .with_client::<Mail>("mail", vec!["a letter".into()])
    ///     .load()
    ///     .await?;
    /// let mail = connections.get::<Mail>("mail")?;
    /// assert_eq!(mail.client().await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client<T: Backend>(mut self, name: impl Into<String>, client: T::Client) -> Self {
        let name = name.into();
        let kind = T::DESCRIPTOR.declaration.name;
        self.arrangements.clients.add::<T>(name.clone(), client);
        self.set(format!("{name}.type"), kind)
    }

    /// Makes the connection called `name` one of `backend`'s type, opened with `backend`'s settings, whatever the
    /// configuration says of it: for tests. What every connection can be told (`operation_timeout`, `retry`, `required`, …)
    /// still comes from the configuration; what only the configured type knows is passed over.
    ///
    /// So a test can have another product behind a capability, such as `connreg_backends::Memory` where the
    /// configuration says `redis`. The connection need not be configured.
    ///
    /// # Examples
    ///
    /// ```
    /// use connreg::{Backend, ConnectError, Connections, Context, connection};
    ///
    /// /// Tells the time.
    /// #[connection(type = "clock_of_with_backend", category = "example")]
    /// struct Clock {
    ///     /// Hours from Greenwich.
    ///     offset: i32,
    /// }
    ///
    /// impl Backend for Clock {
    ///     type Client = i32;
    ///
    ///     async fn connect(&self, _context: &Context) -> Result<i32, ConnectError> {
    ///         Ok(12 + self.offset)
    ///     }
    ///
    ///     async fn check(_client: &i32) -> Result<(), ConnectError> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), connreg::Error> {
    /// let connections = Connections::builder()
    ///     .with_backend("clock", Clock { offset: 1 })
    ///     .load()
    ///     .await?;
    /// assert_eq!(*connections.get::<Clock>("clock")?.client().await?, 13);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_backend<T: Backend>(mut self, name: impl Into<String>, backend: T) -> Self {
        let kind = ConnectionType::of(T::DESCRIPTOR);
        let settings = Arc::new(backend);
        self.options.stand_ins.add(name.into(), kind, settings);
        self
    }

    /// Puts `faults` between the connection called `name`, whatever its type, and whoever uses it: for tests, and for
    /// trying out a service where a failure does no harm. Nothing fails until `faults` say so.
    ///
    /// They act on opening, checks, closing and on the work given to `run`, not on what is done with the bare client. Loading
    /// fails if there is no such connection.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), connreg::Error> {
    /// use connreg::Connections;
    /// use connreg::testing::{Behaviour, Faults};
    ///
    /// let faults = Faults::new();
    /// let connections = Connections::builder()
    ///     .directory("config")
    ///     .with_faults("orders", &faults)
    ///     .load()
    ///     .await?;
    /// faults.set_all(Behaviour::refuse()); // the server is gone
    /// faults.clear(); // and back
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_faults(mut self, name: impl Into<String>, faults: &Faults) -> Self {
        self.arrangements.faults.add(name.into(), faults.clone());
        self
    }

    /// Makes the connection called `name` one that needs no server and does what `faults` tell: a [`Scripted`], whatever
    /// the configuration says of it. Short for [`with_backend`](Self::with_backend) and
    /// [`with_faults`](Self::with_faults).
    pub fn with_scripted(self, name: impl Into<String>, faults: &Faults) -> Self {
        let name = name.into();
        self.with_backend(name.clone(), Scripted::default())
            .with_faults(name, faults)
    }
}
