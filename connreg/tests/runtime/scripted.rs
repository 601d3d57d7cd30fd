//! A back end that does what a test tells it: connect, fail, hang, panic.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use connreg::{Backend, ConnectError, ConnectionRef, Connections, Context, ErrorKind, connection};
use tokio::sync::Semaphore;

/// What the next calls do, and what was called; one for each connection's `script` setting.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) connects: AtomicUsize,
    pub(crate) checks: AtomicUsize,
    pub(crate) closes: AtomicUsize,
    pub(crate) alive: AtomicUsize,
    behaviour: Mutex<Behaviour>,
    /// Lets hanging calls go on.
    pub(crate) gate: Semaphore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Work,
    /// Wait for the gate, then work.
    Wait,
    Refuse,
    /// Refuse the credential.
    Reject,
    Hang,
    Panic,
}

impl Script {
    pub(crate) fn named(name: &str) -> Arc<Self> {
        static ALL: LazyLock<Mutex<HashMap<String, Arc<Script>>>> = LazyLock::new(Mutex::default);
        let mut all = ALL.lock().unwrap();
        Arc::clone(all.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Self {
                connects: AtomicUsize::new(0),
                checks: AtomicUsize::new(0),
                closes: AtomicUsize::new(0),
                alive: AtomicUsize::new(0),
                behaviour: Mutex::new(Behaviour::Work),
                gate: Semaphore::new(0),
            })
        }))
    }

    pub(crate) fn set(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn is(&self, behaviour: Behaviour) -> bool {
        *self.behaviour.lock().unwrap() == behaviour
    }

    /// Waits until as many clients are left.
    pub(crate) async fn settles_at(&self, alive: usize) {
        let settled = async {
            while self.alive.load(Ordering::SeqCst) != alive {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, settled)
            .await
            .expect("clients are left behind");
    }

    async fn act(&self, what: &str) -> Result<(), ConnectError> {
        let behaviour = *self.behaviour.lock().unwrap();
        match behaviour {
            Behaviour::Work => {}
            Behaviour::Wait => self.gate.acquire().await.unwrap().forget(),
            Behaviour::Refuse => {
                return Err(ConnectError::new(
                    ErrorKind::Refused,
                    format!("{what} refused"),
                ));
            }
            Behaviour::Reject => {
                let message = format!("{what} rejected");
                return Err(ConnectError::new(ErrorKind::Authentication, message));
            }
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Panic => panic!("scripted panic"),
        }
        Ok(())
    }
}

/// Follows the script that it names.
#[connection(type = "scripted", category = "test")]
pub(crate) struct Scripted {
    /// The script's name.
    pub(crate) script: String,
    /// Another connection that this one needs.
    pub(crate) needs: Option<ConnectionRef<Scripted>>,
}

/// Alive until dropped.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) script: Arc<Script>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.script.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The order in which clients were closed, by script.
pub(crate) static CLOSED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Backend for Scripted {
    type Client = (Client, String);

    async fn connect(&self, context: &Context) -> Result<Self::Client, ConnectError> {
        let script = Script::named(&self.script);
        let number = script.connects.fetch_add(1, Ordering::SeqCst);
        if let Some(needed) = &self.needs {
            context.get(needed)?.client().await.map_err(|error| {
                ConnectError::new(error.kind(), "what it needs is not there").with_source(error)
            })?;
        }
        script.act("connect").await?;
        script.alive.fetch_add(1, Ordering::SeqCst);
        Ok((Client { number, script }, self.script.clone()))
    }

    async fn check((client, _): &Self::Client) -> Result<(), ConnectError> {
        client.script.checks.fetch_add(1, Ordering::SeqCst);
        client.script.act("check").await
    }

    async fn close((client, name): &Self::Client) {
        client.script.closes.fetch_add(1, Ordering::SeqCst);
        CLOSED.lock().unwrap().push(name.clone());
        if client.script.is(Behaviour::Hang) {
            std::future::pending::<()>().await;
        }
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
pub(crate) async fn one(name: &str, more: &[(&str, &str)]) -> (Connections, Arc<Script>) {
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
    (load(&settings).await, Script::named(name))
}

/// Long enough for anything that should happen at once, on any machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
