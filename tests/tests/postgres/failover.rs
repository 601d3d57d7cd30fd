//! Primaries that are demoted, die or flap, and writers that go on elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connreg::pool::CloseReason;
use connreg::{Error, ErrorKind, Event, EventKind};
use connreg_tests::{FaultProxy, Postgres, PostgresOptions};
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::{Opened, eventually, load, open};

/// One that is to be back in a second.
const SOON: Duration = Duration::from_secs(1);

/// A URL with several servers, which have one password.
pub(crate) fn url_of(server: &Postgres, ports: &[u16]) -> String {
    let hosts: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    format!(
        "postgresql://{}:{}@{}/{}",
        server.user(),
        server.password(),
        hosts.join(","),
        server.database()
    )
}

/// A primary and its standby, with a table `t (n int)`, and a connection to both.
async fn pair(settings: &[(&str, &str)]) -> (Postgres, Postgres, Opened) {
    let first = PostgresOptions::default().replicated().start();
    let owner = open(&first.url(), &[]).await;
    let owner = owner.client().await;
    owner.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let second = first.replica();
    let url = url_of(&first, &[first.port(), second.port()]);
    let opened = open(&url, settings).await;
    (first, second, opened)
}

/// Closes a server to writes, or opens it, without ending a session.
async fn set_read_only(server: &Postgres, value: &str) {
    let owner = open(&server.url(), &[]).await;
    let mut owner = owner.client().await.acquire().await.unwrap();
    let sql = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
    owner
        .execute("SET default_transaction_read_only = off", &[])
        .await
        .unwrap();
    owner.execute(&sql, &[]).await.unwrap();
    owner.query("SELECT pg_reload_conf()", &[]).await.unwrap();
}

/// How long opening a session takes, and using it.
async fn handshake(server: &Postgres) -> Duration {
    let started = Instant::now();
    let opened = open(&server.url(), &[]).await;
    opened.client().await.query("SELECT 1", &[]).await.unwrap();
    started.elapsed()
}

/// The switches that were told of so far.
fn switches(events: &mut Receiver<Event>) -> Vec<(Option<String>, String)> {
    let mut switches = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EventKind::FailedOver { from, to } = event.kind {
            switches.push((from, to));
        }
    }
    switches
}

fn name(server: &Postgres) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// Tasks that write without a pause.
struct Writers {
    written: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    tasks: JoinSet<Vec<Error>>,
}

impl Writers {
    fn start(opened: &Arc<Opened>) -> Self {
        let (written, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (opened, written, over) =
                (Arc::clone(opened), Arc::clone(&written), Arc::clone(&over));
            tasks.spawn(async move {
                let mut errors = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let client = opened.client().await;
                    match client.execute("INSERT INTO t VALUES (1)", &[]).await {
                        Ok(_) => _ = written.fetch_add(1, Ordering::Relaxed),
                        Err(error) => errors.push(error),
                    }
                    sleep(Duration::from_millis(5)).await;
                }
                errors
            });
        }
        Self {
            written,
            over,
            tasks,
        }
    }

    /// Waits for another write.
    async fn go_on(&self) -> Duration {
        let (started, before) = (Instant::now(), self.written.load(Ordering::Relaxed));
        while self.written.load(Ordering::Relaxed) == before {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "no writes any more"
            );
            sleep(Duration::from_millis(1)).await;
        }
        started.elapsed()
    }

    async fn end(self) -> Vec<Error> {
        self.over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

pub(crate) async fn a_demoted_primary_is_left_for_the_new_one() {
    let (first, second, opened) = pair(&[("pool_size", "4"), ("failover_timeout", "30s")]).await;
    let (mut events, opened) = (opened.connections.events(), Arc::new(opened));
    let writers = Writers::start(&opened);
    let (mut primary, mut standby) = (&first, &second);
    let mut took = Vec::new();
    for round in 0..3 {
        writers.go_on().await;
        // Its sockets stay open, and it takes no writes any more.
        set_read_only(primary, "on").await;
        standby.promote();
        let back = writers.go_on().await;
        took.push(back.saturating_sub(handshake(standby).await));
        let expected = (Some(name(primary)), name(standby));
        assert_eq!(switches(&mut events), [expected], "in round {round}");
        primary.restart_as_standby_of(standby);
        (primary, standby) = (standby, primary);
    }
    writers.go_on().await;
    let retired = opened
        .client()
        .await
        .statistics()
        .closed_by
        .of(CloseReason::Retired);
    assert!(retired >= 4, "{retired}");
    let errors = writers.end().await;
    assert!(!errors.is_empty(), "a session must have found out");
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Role, "{error}");
        assert!(!error.to_string().contains(first.password()), "{error}");
    }
    // Whoever asks while there is no primary waits for it.
    assert!(
        errors.len() <= 3 * 4,
        "{} writes failed: {}",
        errors.len(),
        errors[0]
    );
    // Without the time of a handshake, and of the best one, so that a busy machine does not count as a slow library.
    took.sort();
    println!("writers were back after {took:?}");
    assert!(took[0] < SOON, "{took:?}");
}

pub(crate) async fn a_primary_that_closes_to_writes_retires_its_sessions() {
    let server = Postgres::start();
    let opened = open(&server.url(), &[("pool_size", "3")]).await;
    let (client, mut events) = (opened.client().await, opened.connections.events());
    client
        .batch_execute("CREATE TABLE t (n int)")
        .await
        .unwrap();
    let write = async || client.execute("INSERT INTO t VALUES (1)", &[]).await;
    let hold = async || {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(client.acquire().await.unwrap());
        }
        all
    };
    drop(hold().await);
    assert_eq!(client.statistics().total, 3);

    // What the user forbids himself tells nothing of the server.
    let mut own = client.acquire().await.unwrap();
    own.execute("SET default_transaction_read_only = on", &[])
        .await
        .unwrap();
    let error = own
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Role, "{error}");
    drop(own);
    let mut own = client
        .build_transaction()
        .read_only(true)
        .start()
        .await
        .unwrap();
    own.execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap_err();
    own.rollback().await.unwrap();
    opened.all_free().await;
    assert_eq!(client.statistics().closed_by.of(CloseReason::Retired), 0);

    set_read_only(&server, "on").await;
    // Each session learns of it in its own time.
    let error = loop {
        if let Err(error) = write().await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Role, "{error}");
    assert!(error.is_transient());
    eventually("all sessions are retired", async || {
        client.statistics().closed_by.of(CloseReason::Retired) == 3
    })
    .await;
    // It goes on as it is for reading, and is not connected to anew again and again.
    eventually("its role is known", async || {
        let before = client.statistics().created;
        for _ in 0..20 {
            drop(write().await);
            client.query_one("SELECT 1", &[]).await.unwrap();
        }
        client.statistics().created == before
    })
    .await;
    let mut took = Vec::new();
    for _ in 0..3 {
        set_read_only(&server, "off").await;
        let back = Instant::now();
        while write().await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
        took.push(back.elapsed());
        set_read_only(&server, "on").await;
        eventually("it is closed again", async || write().await.is_err()).await;
    }
    took.sort();
    assert!(took[0] < SOON, "{took:?}");
    assert_eq!(switches(&mut events), [], "there is no other server");
}

pub(crate) async fn writers_wait_for_a_promotion() {
    let mut took = Vec::new();
    // The best of three, so that a busy machine does not count as a slow library.
    for _ in 0..3 {
        let figure = Box::pin(writers_wait_for_a_promotion_once()).await;
        if figure < SOON {
            return;
        }
        took.push(figure);
    }
    panic!("writes came back after {took:?}");
}

/// How long writers took beyond what a new session takes.
async fn writers_wait_for_a_promotion_once() -> Duration {
    let (first, second, opened) = pair(&[("failover_timeout", "30s")]).await;
    let mut events = opened.connections.events();
    let client = opened.client().await;
    first.kill();
    // In flight or idle, the sessions are gone; and nobody takes writes yet.
    let writing = async {
        let mut failed = 0;
        while let Err(error) = client.execute("INSERT INTO t VALUES (1)", &[]).await {
            assert!(
                matches!(error.kind(), ErrorKind::Refused | ErrorKind::Role),
                "{error}"
            );
            failed += 1;
        }
        (failed, Instant::now())
    };
    let promoting = async {
        sleep(Duration::from_millis(500)).await;
        tokio::task::spawn_blocking(move || {
            second.promote();
            (second, Instant::now())
        })
        .await
        .unwrap()
    };
    let ((failed, back), (second, promoted)) = tokio::join!(writing, promoting);
    assert!(failed <= 2, "{failed}");
    let took = back.saturating_duration_since(promoted);
    let fresh = handshake(&second).await;
    let expected = (Some(name(&first)), name(&second));
    assert_eq!(switches(&mut events), [expected]);
    took.saturating_sub(fresh)
}

pub(crate) async fn writers_wait_no_longer_than_failover_timeout() {
    let limits = [
        ("failover_timeout", "400ms"),
        ("target_session_attrs", "read-write"),
    ];
    let (first, second, strict) = pair(&limits).await;
    let url = url_of(&first, &[first.port(), second.port()]);
    let lenient = open(&url, &limits[..1]).await;
    first.kill();
    let ask = async |opened: &Opened| {
        let (client, started) = (opened.client().await, Instant::now());
        let answer = client.query_one("SELECT pg_is_in_recovery()", &[]).await;
        (answer.map(|row| row.get::<_, bool>(0)), started.elapsed())
    };
    // The one that finds the session broken may be told of that instead.
    let mut waited = Vec::new();
    let error = loop {
        let (answer, took) = ask(&strict).await;
        waited.push(took);
        let error = answer.unwrap_err();
        if error.kind() == ErrorKind::Role {
            break error;
        }
        assert!(waited.len() < 4, "{error}");
    };
    let longest = waited.iter().max().unwrap();
    assert!(*longest < Duration::from_secs(4), "{waited:?}");
    let text = error.to_string();
    assert!(text.contains(&name(&second)), "{text}");
    // Then it is known.
    let mut took = Vec::new();
    for _ in 0..5 {
        let (answer, each) = ask(&strict).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Role);
        took.push(each);
    }
    let best = took.iter().min().unwrap();
    assert!(*best < Duration::from_millis(10), "{took:?}");
    // Where nothing was said, a standby is better than nothing.
    eventually("the standby answers", async || {
        matches!(ask(&lenient).await.0, Ok(true))
    })
    .await;
    let error = lenient
        .client()
        .await
        .execute("INSERT INTO t VALUES (1)", &[])
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Role);
    // And it is left again for a primary.
    second.promote();
    eventually("both write", async || {
        let sql = "INSERT INTO t VALUES (1)";
        lenient.client().await.execute(sql, &[]).await.is_ok()
            && strict.client().await.execute(sql, &[]).await.is_ok()
    })
    .await;
}

pub(crate) async fn idempotent_work_outlives_a_fail_over() {
    let (first, second, opened) = pair(&[]).await;
    let client = opened.client().await;
    client
        .batch_execute("CREATE TABLE u (n int PRIMARY KEY)")
        .await
        .unwrap();
    set_read_only(&first, "on").await;
    let working = opened.db.run_idempotent(async |client| {
        client
            .execute("INSERT INTO u VALUES (1) ON CONFLICT DO NOTHING", &[])
            .await
    });
    let promoting = tokio::task::spawn_blocking(move || {
        second.promote();
        second
    });
    let (worked, promoted) = tokio::join!(timeout(Duration::from_secs(20), working), promoting);
    drop(promoted.unwrap());
    assert_eq!(worked.unwrap().unwrap(), 1);
}

pub(crate) async fn a_server_known_to_be_no_primary_is_no_first_choice() {
    let (first, second, opened) = pair(&[]).await;
    // Listed first, and a standby.
    let url = url_of(&first, &[second.port(), first.port()]);
    let other = open(&url, &[]).await;
    for opened in [&opened, &other] {
        let client = opened.client().await;
        client
            .execute("INSERT INTO t VALUES (1)", &[])
            .await
            .unwrap();
    }
    // With the standby alone, one gets that, unless one has said that it will not do.
    let alone = url_of(&first, &[second.port(), 1]);
    let lenient = open(&alone, &[("failover_timeout", "10s")]).await;
    let row = lenient
        .client()
        .await
        .query_one("SELECT pg_is_in_recovery()", &[])
        .await;
    assert!(row.unwrap().get::<_, bool>(0));
    let settings = [
        ("connection_string", &*alone),
        ("target_session_attrs", "primary"),
    ];
    let strict = load(&settings, &[]).await.unwrap();
    let error = strict.db.client().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Role, "{error}");
}

pub(crate) async fn a_flapping_server_is_left_once() {
    let server = Postgres::start();
    let proxy = FaultProxy::before(server.port());
    let url = url_of(&server, &[proxy.port(), server.port()]);
    let opened = open(&url, &[("target_session_attrs", "any")]).await;
    let mut events = opened.connections.events();
    let client = opened.client().await;
    let port = async || {
        let row = client.query_one("SELECT 1", &[]).await?;
        Ok::<_, Error>(row.get::<_, i32>(0))
    };
    port().await.unwrap();
    let mut failed = Vec::new();
    for _ in 0..2 {
        for is_up in [false, true] {
            if is_up {
                proxy.heal();
            } else {
                proxy.cut();
            }
            let until = Instant::now() + Duration::from_secs(2);
            while Instant::now() < until {
                if let Err(error) = port().await {
                    failed.push(error.to_string());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    assert!(failed.len() <= 1, "{failed:?}");
    let expected = (Some(format!("127.0.0.1:{}", proxy.port())), name(&server));
    assert_eq!(switches(&mut events), [expected]);
}
