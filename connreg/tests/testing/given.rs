//! Clients that a test hands in, in place of those that a back end would open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connreg::{Backend, ConnectError, Context, Error, ErrorKind, State, connection};

use crate::{Folder, builder};

/// A server that is not there.
#[connection(type = "absent", category = "test")]
struct Absent {
    /// Where it is not.
    #[setting(default = "nowhere")]
    host: String,
}

#[derive(Clone, Debug, Default)]
struct Calls {
    checks: Arc<AtomicUsize>,
    closes: Arc<AtomicUsize>,
}

impl Calls {
    fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }

    fn closes(&self) -> usize {
        self.closes.load(Ordering::SeqCst)
    }
}

impl Backend for Absent {
    type Client = Calls;

    async fn connect(&self, _context: &Context) -> Result<Calls, ConnectError> {
        let message = format!("nobody listens at {}", self.host);
        Err(ConnectError::new(ErrorKind::Refused, message))
    }

    async fn check(client: &Calls) -> Result<(), ConnectError> {
        client.checks.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn close(client: &Calls) {
        client.closes.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_given_client_is_used_without_connecting() -> Result<(), Error> {
    let calls = Calls::default();
    let connections = builder()
        .with_client::<Absent>("shop", calls.clone())
        .set("other.type", "absent")
        .load()
        .await?;
    let shop = connections.get::<Absent>("shop")?;
    assert_eq!(shop.settings().host, "nowhere");
    assert!(Arc::ptr_eq(&shop.client().await?.checks, &calls.checks));
    shop.check().await?;
    assert_eq!((calls.checks(), shop.state()), (1, State::Connected));
    let ran = shop.run(|client| async move { Ok::<_, Error>(client.checks()) });
    assert_eq!(ran.await?, 1);
    // Others are opened as ever.
    let error = connections
        .get::<Absent>("other")?
        .client()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    connections.close().await;
    assert_eq!(calls.closes(), 1);
    Ok(())
}

#[tokio::test]
async fn it_outlives_reconnecting_and_reloading() -> Result<(), Error> {
    let at = |host: &str| format!("connections:\n  Shop:\n    type: absent\n    host: {host}\n");
    let folder = Folder::new("given", &at("here"));
    let calls = Calls::default();
    let connections = builder()
        .directory(folder.path())
        .with_client::<Absent>("shop", calls.clone())
        .load()
        .await?;
    let shop = connections.get::<Absent>("shop")?;
    assert_eq!(shop.settings().host, "here");
    shop.client().await?;
    shop.reconnect().await?;
    folder.write(&at("there"));
    assert_eq!(connections.reload().await?.changed, ["Shop"]);
    assert_eq!(shop.settings().host, "there");
    assert!(Arc::ptr_eq(&shop.client().await?.checks, &calls.checks));
    shop.reconnect().await?;
    assert_eq!(calls.closes(), 0);
    connections.close().await;
    drop((connections, shop));
    tokio::task::yield_now().await;
    assert_eq!(calls.closes(), 1);
    Ok(())
}
