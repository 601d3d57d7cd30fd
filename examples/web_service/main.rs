//! A web service with its health, its metrics and a live page of its connections.
//!
//! `cargo run --example web_service --features http`, then look at <http://127.0.0.1:8080/ops/connections>.
//! `REDIS_URL` gives it a cache as well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, serve};
use connreg::http::Options;
use connreg::{Connection, Connections};
use connreg_backends::Sqlite;
use tokio::net::TcpListener;

/// How often the front page was asked for.
async fn front(State(visits): State<Connection<Sqlite>>) -> Result<String, (StatusCode, String)> {
    let failed = |error: connreg::Error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"));
    let client = visits.client().await.map_err(failed)?;
    let insert = client
        .execute("INSERT INTO visits DEFAULT VALUES", ())
        .await;
    insert.map_err(failed)?;
    let count = client.query_one("SELECT count(*) FROM visits", ()).await;
    let number: i64 = count.and_then(|row| row.get(0)).map_err(failed)?;
    Ok(format!("You are visitor number {number}.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/web_service/config");
    let connections = Connections::load(config).await?;
    let visits = connections.get::<Sqlite>("visits")?;
    let table = "CREATE TABLE visits (id INTEGER PRIMARY KEY)";
    visits.client().await?.execute_batch(table).await?;
    // Details only for whoever is on this machine's own side of the proxy.
    let options = Options::new().details(|request| request.headers.contains_key("x-operator"));
    let app = Router::new()
        .route("/", get(front))
        .with_state(visits)
        .nest("/ops", connreg::http::router_with(&connections, options));
    // Optional ones go on by themselves.
    if let Err(error) = connections.start().await {
        eprintln!("{error}");
    }
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://{}/ops/connections", listener.local_addr()?);
    serve(listener, app).await?;
    Ok(())
}
