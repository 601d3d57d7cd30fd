//! What user code relies on of the names at the crate's root, checked by the compiler.

use std::error::Error as StdError;
use std::fmt::Debug;

use connreg::{
    AnyConnection, Backend, Client, ConnectError, Connection, ConnectionRef, ConnectionType,
    Connections, Context, Error, ErrorKind, Registry, Secret, Settings, State, connection,
};

/// Settings within settings.
#[derive(Settings)]
pub(crate) struct Nested {
    /// A choice.
    #[setting(default)]
    pub(crate) on: bool,
}

/// A type with what there is.
#[connection(type = "named", category = "test")]
pub(crate) struct Named {
    /// A nested table.
    #[setting(default)]
    pub(crate) nested: Nested,
    /// A secret.
    pub(crate) password: Option<Secret>,
    /// Another one.
    pub(crate) other: Option<ConnectionRef<Named>>,
}

impl Backend for Named {
    type Client = bool;

    async fn connect(&self, _context: &Context) -> Result<bool, ConnectError> {
        Ok(self.nested.on && self.password.is_none() && self.other.is_none())
    }

    async fn check(_client: &bool) -> Result<(), ConnectError> {
        Ok(())
    }
}

fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
fn sent<T: Send>(_: &T) {}

#[test]
fn handles_are_clone_debug_send_and_sync() {
    shared::<Connections>();
    shared::<Connection<Named>>();
    shared::<AnyConnection>();
    shared::<ConnectionType>();
    shared::<Context>();
    shared::<Secret>();
    shared::<State>();
    shared::<ErrorKind>();
    shared::<Named>();
    shared::<&'static Registry>();
}

#[test]
fn errors_are_errors_that_can_go_anywhere() {
    fn error<T: StdError + Send + Sync + 'static>() {}
    error::<Error>();
    error::<ConnectError>();
    shared::<Error>();
}

#[tokio::test]
async fn futures_and_guards_can_be_sent() {
    let connections = Connections::builder()
        .environment([("", ""); 0])
        .set("named.type", "named")
        .set("named.password", "hunter2")
        .load();
    sent(&connections);
    let connections = connections.await.unwrap();
    let connection = connections.get::<Named>("named").unwrap();
    sent(&connection.client());
    sent(&connection.check());
    sent(&connection.reconnect());
    sent(&connection.ensure_connected());
    sent(&connections.start());
    sent(&connections.close());
    let client: Client<Named> = connection.client().await.unwrap();
    sent(&client);
    assert!(!*client);
    let shown = format!(
        "{connections:?} {connection:?} {:?} {client:?} {:?}",
        connection.settings(),
        connection.info()
    );
    assert!(
        shown.contains("[redacted]") && !shown.contains("hunter2"),
        "{shown}"
    );
}
