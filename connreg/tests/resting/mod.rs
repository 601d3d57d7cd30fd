//! A back end that does nothing, for what is measured around it.

use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use connreg::{Backend, ConnectError, Connections, Context, connection};

/// A capability to be seen as.
pub(crate) trait Named: Send + Sync {
    fn name(&self) -> &str;
}

impl Named for u64 {
    fn name(&self) -> &'static str {
        "resting"
    }
}

/// Opens at once and does nothing.
#[connection(type = "resting", category = "test", provides(Named))]
pub(crate) struct Resting {}

impl Backend for Resting {
    type Client = u64;

    async fn connect(&self, _context: &Context) -> Result<u64, ConnectError> {
        Ok(42)
    }

    async fn check(_client: &u64) -> Result<(), ConnectError> {
        Ok(())
    }
}

pub(crate) async fn connections() -> Connections {
    Connections::builder()
        .environment([("", ""); 0])
        .set("resting.type", "resting")
        .load()
        .await
        .expect("the settings are right")
}

/// With a deadline and a bulkhead, beside the breaker and the budget that are always there.
#[allow(
    dead_code,
    reason = "for what measures operations, which not every program here does"
)]
pub(crate) async fn guarded() -> Connections {
    Connections::builder()
        .environment([("", ""); 0])
        .set("resting.type", "resting")
        .set("resting.operation_timeout", "5s")
        .set("resting.bulkhead.max_concurrent", "100")
        .load()
        .await
        .expect("the settings are right")
}

/// The output of a future that is ready at once.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = TaskContext::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an open connection is ready at once"),
    }
}

/// As many as asked for, from a file.
#[allow(dead_code, reason = "for what measures many")]
pub(crate) async fn many(number: usize) -> Connections {
    let directory = std::env::temp_dir().join(format!("connreg-many-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a folder");
    let sections =
        (0..number).map(|n| format!("[connections.connection_{n}]\ntype = \"resting\"\n"));
    let file = directory.join("connections.toml");
    std::fs::write(&file, sections.collect::<String>()).expect("a file");
    let connections = Connections::builder()
        .environment([("", ""); 0])
        .directory(&directory)
        .load()
        .await;
    std::fs::remove_dir_all(&directory).expect("it is ours");
    connections.expect("the settings are right")
}
