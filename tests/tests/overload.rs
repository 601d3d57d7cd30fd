//! Servers that say that they have too much to do, and when to come back: HTTP's 429 and 503 with `Retry-After`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use connreg::{
    Backend, ConnectError, Connection, Connections, Context, Error, ErrorKind, connection,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An API over HTTP.
#[connection(type = "overloaded_api", category = "test")]
struct Api {
    /// Where it listens.
    port: u16,
}

/// Asks the API.
struct Client(u16, Context);

impl Client {
    async fn get(&self) -> Result<(), Error> {
        ask(self.0)
            .await
            .map_err(|error| self.1.error(error, "get"))
    }
}

impl Backend for Api {
    type Client = Client;

    async fn connect(&self, context: &Context) -> Result<Client, ConnectError> {
        ask(self.port).await?;
        Ok(Client(self.port, context.clone()))
    }

    async fn check(client: &Client) -> Result<(), ConnectError> {
        ask(client.0).await
    }
}

/// One request, and what its status and headers mean.
async fn ask(port: u16) -> Result<(), ConnectError> {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let failed = |error| ConnectError::from_io("asking the API", error);
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(failed)?;
    stream.write_all(REQUEST).await.map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(failed)?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(());
    }
    let kind = match status {
        "429" | "503" => ErrorKind::Overloaded,
        _ => ErrorKind::Other,
    };
    let seconds = answer
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "))
        .and_then(|seconds| seconds.parse().ok());
    let error = ConnectError::new(kind, format!("the API answered {status}"));
    Err(match seconds {
        Some(seconds) => error.with_retry_after(Duration::from_secs(seconds)),
        None => error,
    })
}

/// A server that can be told to refuse, for a second each time.
struct Server {
    port: u16,
    busy: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start(status: StatusCode) -> Self {
        let (busy, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_busy, counted) = (Arc::clone(&busy), Arc::clone(&asked));
        let answer = move || {
            counted.fetch_add(1, SeqCst);
            let is_busy = is_busy.load(SeqCst);
            async move {
                if is_busy {
                    (status, [("retry-after", "1")]).into_response()
                } else {
                    StatusCode::OK.into_response()
                }
            }
        };
        let router = axum::Router::new().route("/", axum::routing::get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, busy, asked }
    }

    async fn connect(&self) -> (Connections, Connection<Api>) {
        let none: [(&str, &str); 0] = [];
        let connections = Connections::builder()
            .environment(none)
            .set("api.type", "overloaded_api")
            .set("api.port", self.port.to_string())
            .load()
            .await
            .unwrap();
        let api = connections.get("api").unwrap();
        (connections, api)
    }
}

const PAUSE: Duration = Duration::from_secs(1);
/// The server is asked again when the time has come, and not much later.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn an_api_that_is_busy_is_asked_again_when_it_said() {
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let server = Server::start(status).await;
        let (connections, api) = server.connect().await;
        api.run(async |client| client.get().await).await.unwrap();
        server.busy.store(true, SeqCst);
        let error = api
            .run(async |client| client.get().await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
        assert_eq!(error.retry_after(), Some(PAUSE), "{error}");

        // What may be repeated waits as long as the server asks for, not as long as the settings say.
        let asked = server.asked.load(SeqCst);
        let began = Instant::now();
        let busy = Arc::clone(&server.busy);
        let call = api.run_idempotent(|client| {
            let busy = Arc::clone(&busy);
            async move {
                let answer = client.get().await;
                busy.store(false, SeqCst);
                answer
            }
        });
        call.await.unwrap();
        let took = began.elapsed();
        assert!(took >= PAUSE && took < SOON, "{status}: {took:?}");
        assert_eq!(server.asked.load(SeqCst) - asked, 2, "{status}");
        // Being busy is no reason to open it anew.
        assert_eq!(connections.info("api").unwrap().connects, 1);
    }
}

#[tokio::test]
async fn an_api_that_is_too_busy_to_connect_is_left_alone_for_as_long() {
    let server = Server::start(StatusCode::SERVICE_UNAVAILABLE).await;
    let (_connections, api) = server.connect().await;
    server.busy.store(true, SeqCst);
    let began = Instant::now();
    let error = api.client().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
    server.busy.store(false, SeqCst);
    // All who ask meanwhile are told at once, and the server is spared.
    while let Err(error) = api.client().await.map(drop) {
        assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
        assert_eq!(server.asked.load(SeqCst), 1, "after {:?}", began.elapsed());
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(began.elapsed() >= PAUSE, "{:?}", began.elapsed());
    assert_eq!(server.asked.load(SeqCst), 2);
}
