//! A back end that does what a test tells it, by its `script` setting, and may need another connection.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use connreg::testing::OpenClient;
#[allow(unused_imports, reason = "not every program here needs all of it")]
pub(crate) use connreg::testing::{Behaviour, Call, Faults};
use connreg::{Backend, ConnectError, ConnectionRef, Connections, Context, connection};

/// The faults of all connections whose `script` setting is `name`.
pub(crate) fn faults_of(name: &str) -> Faults {
    static ALL: LazyLock<Mutex<HashMap<String, Faults>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().unwrap();
    all.entry(name.to_owned()).or_default().clone()
}

/// Waits until as many clients are left.
pub(crate) async fn settles(faults: &Faults, clients: usize) {
    let settled = tokio::time::timeout(SOON, faults.settle(clients)).await;
    settled.expect("clients are left behind");
}

/// Follows the script that it names.
#[connection(type = "scripted", category = "test")]
pub(crate) struct Scripted {
    /// The script's name.
    pub(crate) script: String,
    /// Another connection that this one needs.
    pub(crate) needs: Option<ConnectionRef<Scripted>>,
}

/// Counted as open until dropped.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) open: OpenClient,
}

/// The order in which clients were closed, by script.
pub(crate) static CLOSED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Backend for Scripted {
    type Client = (Client, String);

    async fn connect(&self, context: &Context) -> Result<Self::Client, ConnectError> {
        let faults = faults_of(&self.script);
        let number = faults.calls(Call::Open);
        if let Some(needed) = &self.needs {
            context.get(needed)?.client().await.map_err(|error| {
                ConnectError::new(error.kind(), "what it needs is not there").with_source(error)
            })?;
        }
        faults.act(Call::Open).await?;
        let open = faults.client();
        Ok((Client { number, open }, self.script.clone()))
    }

    async fn check((client, _): &Self::Client) -> Result<(), ConnectError> {
        client.open.faults().act(Call::Check).await
    }

    async fn close((client, name): &Self::Client) {
        CLOSED.lock().unwrap().push(name.clone());
        // Closing has no way to fail; it can hang.
        let _ = client.open.faults().act(Call::Close).await;
    }
}

/// Connections made in code only; each pair is a dotted key and its value.
pub(crate) async fn load(settings: &[(&str, &str)]) -> Connections {
    try_load(settings).await.expect("the settings are right")
}

pub(crate) async fn try_load(settings: &[(&str, &str)]) -> Result<Connections, connreg::Error> {
    let mut builder = Connections::builder().environment([("", ""); 0]);
    for (key, value) in settings {
        builder = builder.set(*key, *value);
    }
    builder.load().await
}

/// One connection, called as its script.
pub(crate) async fn one(name: &str, more: &[(&str, &str)]) -> (Connections, Faults) {
    let mut settings = vec![
        (format!("{name}.type"), "scripted".to_owned()),
        (format!("{name}.script"), name.into()),
    ];
    settings.extend(
        more.iter()
            .map(|(key, value)| (format!("{name}.{key}"), (*value).to_owned())),
    );
    let settings: Vec<_> = settings
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    (load(&settings).await, faults_of(name))
}

/// Long enough for anything that should happen at once, on any machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
