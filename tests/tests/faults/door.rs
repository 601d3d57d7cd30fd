//! Another way to a server, which counts who comes and can be shut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Another way to a server, which counts who comes and can be shut.
pub(crate) struct Door {
    port: u16,
    came: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Door {
    /// A way by `address` and `port`, 0 being any free one, to the server at `server` of the loopback address.
    pub(crate) async fn open(address: &str, port: u16, server: u16) -> Self {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let came = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let counted = Arc::clone(&came);
        tasks.spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((mut guest, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                guests.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
                        // How it ends is for the client to see.
                        let _ = copy_bidirectional(&mut guest, &mut server).await;
                    }
                });
            }
        });
        Self { port, came, tasks }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were opened by it so far.
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::Relaxed)
    }

    /// Whoever is inside is thrown out, nobody else is let in.
    pub(crate) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}
