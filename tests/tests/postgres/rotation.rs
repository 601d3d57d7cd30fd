//! A password that changes in the server and in a file, under callers that never stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use connreg::{Connections, ErrorKind};
use connreg_backends::Postgres as Backend;
use connreg_backends::postgres::Client;
use connreg_tests::Postgres;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{eventually, open};

pub(crate) async fn a_rotated_password_fails_no_operation() {
    let server = Postgres::start();
    let owner = open(&server.url(), &[]).await;
    let owner = owner.client().await;
    owner
        .batch_execute("CREATE ROLE rotated LOGIN PASSWORD 'first'")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let credential = folder.path().join("credential");
    std::fs::write(&credential, "first\n").unwrap();
    let configuration = format!(
        "connections:\n  shop:\n    type: postgres\n    host: {}\n    port: {}\n    database: {}\n    \
         username: rotated\n    password: ${{file:credential}}\n    sslmode: disable\n    pool_size: 2\n",
        server.host(),
        server.port(),
        server.database(),
    );
    std::fs::write(folder.path().join("connections.yaml"), configuration).unwrap();
    let connections = Connections::builder()
        .directory(folder.path())
        .environment([("", ""); 0])
        .load()
        .await
        .unwrap();
    let shop = connections.get::<Backend>("shop").unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..4 {
        let (shop, over, done) = (shop.clone(), Arc::clone(&over), Arc::clone(&done));
        callers.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let client = shop.client().await?;
                // Some statements are still under way when their client is replaced.
                let row = client
                    .query_one("SELECT $1::int, pg_sleep(0.005)::text", &[&caller])
                    .await?;
                assert_eq!(row.get::<_, i32>(0), caller);
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), connreg::Error>(())
        });
    }
    let more = async |number: u64| {
        let until = done.load(Ordering::Relaxed) + number;
        eventually("callers go on", async || {
            done.load(Ordering::Relaxed) >= until
        })
        .await;
    };
    more(20).await;

    // The file first and the server not yet: refused, and everything goes on.
    std::fs::write(&credential, "second\n").unwrap();
    let error = connections.reload().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(!format!("{error:?}").contains("second"), "{error:?}");
    more(20).await;

    // Sessions that are open outlive the password that they were opened with.
    owner
        .batch_execute("ALTER ROLE rotated PASSWORD 'second'")
        .await
        .unwrap();
    let sessions = async || {
        let sql =
            "SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity WHERE usename = 'rotated'";
        let row = owner.query_one(sql, &[]).await.unwrap();
        row.get::<_, Option<Vec<i32>>>(0).unwrap_or_default()
    };
    let before = sessions().await;
    let report = connections.reload().await.unwrap();
    assert_eq!(report.changed, ["shop"]);
    more(20).await;
    eventually("the old sessions end", async || {
        let now = sessions().await;
        !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
    })
    .await;
    over.store(true, Ordering::Relaxed);
    while let Some(caller) = timeout(Duration::from_secs(30), callers.join_next())
        .await
        .expect("callers end")
    {
        caller
            .expect("no caller panics")
            .expect("no operation fails");
    }
    let report = connections.close().await;
    assert!(report.is_drained(), "{report}");
}

/// Ends the sessions of `rotated`, and waits until they are gone.
async fn end_sessions(owner: &Client) {
    let sql =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rotated'";
    owner.query(sql, &[]).await.unwrap();
}

/// A password that was rotated in the server and where it comes from, a moment apart, with nobody reloading.
async fn picked_up(settings: &str, written: impl Fn(&str) -> String, server_first: bool) {
    let server = Postgres::start();
    let opened = open(&server.url(), &[]).await;
    let owner = opened.client().await;
    let rotate = async |password: &str| {
        let sql = format!("ALTER ROLE rotated PASSWORD '{password}'");
        owner.batch_execute(&sql).await.unwrap();
        end_sessions(&owner).await;
    };
    owner
        .batch_execute("CREATE ROLE rotated LOGIN")
        .await
        .unwrap();
    rotate("first").await;
    let folder = tempfile::tempdir().unwrap();
    let credential = folder.path().join("credential");
    let write = |password: &str| std::fs::write(&credential, written(password)).unwrap();
    write("first");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&credential, private).unwrap();
    }
    let settings = settings
        .replace("HOST", server.host())
        .replace("PORT", &server.port().to_string())
        .replace("DATABASE", server.database())
        .replace("CREDENTIAL", &credential.display().to_string());
    let configuration = format!("connections:\n  shop: {{type: postgres, {settings}}}\n");
    std::fs::write(folder.path().join("connections.yaml"), configuration).unwrap();
    let connections = Connections::builder()
        .directory(folder.path())
        .environment([("", ""); 0])
        .load()
        .await
        .unwrap();
    let shop = connections.get::<Backend>("shop").unwrap();
    let ask = async || shop.client().await?.query_one("SELECT 1", &[]).await;
    ask().await.unwrap();

    if !server_first {
        write("second");
        rotate("second").await;
        eventually("the new one is picked up", async || ask().await.is_ok()).await;
        connections.close().await;
        return;
    }
    rotate("second").await;
    eventually("the old one is refused", async || {
        ask()
            .await
            .is_err_and(|error| error.kind() == ErrorKind::Authentication)
    })
    .await;
    // Known to be refused: told at once, and not tried.
    for _ in 0..20 {
        let error = ask().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    }
    write("second");
    eventually("the new one is picked up", async || ask().await.is_ok()).await;
    connections.close().await;
}

pub(crate) async fn a_password_file_that_has_changed_is_read_at_once() {
    let url = "postgresql://rotated@HOST:PORT/DATABASE?sslmode=disable&passfile=CREDENTIAL";
    let settings = format!("connection_string: '{url}'");
    let line = |password: &str| format!("*:*:*:*:{password}\n");
    picked_up(&settings, line, true).await;
}

pub(crate) async fn a_secret_is_read_again_when_it_is_refused() {
    let settings = "host: HOST, port: PORT, database: DATABASE, username: rotated, \
                    password: '${file:CREDENTIAL}', ssl_mode: disable";
    picked_up(settings, str::to_owned, false).await;
}
