//! Hosts whose addresses change, and name servers that don't answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connreg::ErrorKind;
use connreg_tests::Names;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::subject::{Kind, Server, Subject, eventually};

const HOST: &str = "db.test";
/// All of 127.0.0.0/8 is this machine.
const ADDRESSES: [&str; 2] = ["127.0.0.2", "127.0.0.3"];

/// A way to the server by another address, which counts who comes, and can be closed.
struct Door {
    came: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Door {
    async fn open(address: &str, port: u16) -> Self {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let came = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let counted = Arc::clone(&came);
        tasks.spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((mut guest, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                guests.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
                        // How it ends is for the client to see.
                        let _ = copy_bidirectional(&mut guest, &mut server).await;
                    }
                });
            }
        });
        Self { came, tasks }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::Relaxed)
    }

    /// Whoever is inside is thrown out, nobody else is let in.
    async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Everybody is served again, and comes by `door`.
async fn all_come_by(door: &Door, subject: &Subject) {
    eventually("all come by another door", async || {
        subject.ask(2).await.is_ok() && door.came() > 0
    })
    .await;
}

/// Looked up at each connect; all addresses are tried; if nobody can look it up, the last ones are.
async fn names_are_looked_up_at_each_connect(kind: Kind) {
    let names = Names::own();
    let server = Server::start(kind);
    let port = server.port();
    let first = Door::open(ADDRESSES[0], port).await;

    let settings: &[(&str, &str)] = match kind {
        // What is not local is spoken to by TLS, which this server does not offer.
        Kind::Postgres => &[("ssl_mode", "disable")],
        Kind::Redis => &[],
    };
    let subject = server.connect_to(HOST, port, settings).await;
    let error = subject.ask(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns, "{error}");
    assert!(error.to_string().contains(HOST), "{error}");

    names.set(HOST, &ADDRESSES[..1]);
    all_come_by(&first, &subject).await;

    // The host moves: nobody goes to where it was.
    let second = Door::open(ADDRESSES[1], port).await;
    names.set(HOST, &ADDRESSES[1..]);
    first.close().await;
    all_come_by(&second, &subject).await;

    // Nobody can say where it is: where it was.
    names.forget(HOST);
    second.close().await;
    let second = Door::open(ADDRESSES[1], port).await;
    all_come_by(&second, &subject).await;

    // The first of several addresses is out of order.
    names.set(HOST, &ADDRESSES);
    second.close().await;
    let second = Door::open(ADDRESSES[1], port).await;
    all_come_by(&second, &subject).await;
}

pub(crate) async fn a_postgres_that_moves_is_found() {
    names_are_looked_up_at_each_connect(Kind::Postgres).await;
}

pub(crate) async fn a_redis_that_moves_is_found() {
    names_are_looked_up_at_each_connect(Kind::Redis).await;
}
