//! `LISTEN`.

use std::time::Duration;

use connreg_backends::postgres::{Heard, Notifications};
use connreg_tests::Postgres;
use tokio::time::timeout;

use crate::support::open;

const SOON: Duration = Duration::from_secs(10);

async fn next(notifications: &mut Notifications) -> Heard {
    timeout(SOON, notifications.next())
        .await
        .expect("nothing was heard")
        .expect("listening ended")
}

async fn payload(notifications: &mut Notifications) -> (String, String) {
    match next(notifications).await {
        Heard::Notification(heard) => (heard.channel().to_owned(), heard.payload().to_owned()),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn notifications_arrive() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    let odd = r#"odd "channel"; DROP TABLE x"#;
    let mut heard = db.listen(["orders", odd]).await.unwrap();
    db.notify("orders", "1").await.unwrap();
    db.notify("elsewhere", "2").await.unwrap();
    db.notify(odd, "3").await.unwrap();
    assert_eq!(payload(&mut heard).await, ("orders".into(), "1".into()));
    assert_eq!(payload(&mut heard).await, (odd.into(), "3".into()));
    // More at a time than anybody reads.
    let sql = "SELECT pg_notify('orders', n::text) FROM generate_series(1, 500) n";
    db.query(sql, &[]).await.unwrap();
    for n in 1..=500 {
        assert_eq!(payload(&mut heard).await.1, n.to_string());
    }
    let sql = "SELECT pg_notify('orders', n::text) FROM generate_series(1, 5000) n";
    db.query(sql, &[]).await.unwrap();
    let mut notifications = 0;
    loop {
        match next(&mut heard).await {
            Heard::Notification(_) => notifications += 1,
            Heard::Gap(gap) => {
                assert!(gap.reason.to_string().contains("faster"), "{}", gap.reason);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(notifications < 5000);
}

pub(crate) async fn listening_survives_a_lost_connection() {
    let server = Postgres::start();
    let opened = open(&server.url(), &[]).await;
    let db = opened.client().await;
    let mut heard = db.listen(["orders"]).await.unwrap();
    server.kill();
    server.restart();
    match next(&mut heard).await {
        Heard::Gap(gap) => assert!(gap.duration < SOON),
        other => panic!("{other:?}"),
    }
    db.notify("orders", "after").await.unwrap();
    assert_eq!(payload(&mut heard).await.1, "after");
}

pub(crate) async fn listening_ends_with_the_connection() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[]).await;
    let db = opened.client().await;
    let mut heard = db.listen(["orders"]).await.unwrap();
    let watcher = open(&server.url(), &[]).await;
    let watcher = watcher.client().await;
    let listening = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE 'LISTEN%'";
        watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let second = db.listen(["orders"]).await.unwrap();
    assert_eq!(listening().await, 2);
    drop(second);
    crate::support::eventually("the dropped one is closed", async || listening().await == 1).await;
    drop(db);
    opened.connections.close().await;
    assert!(timeout(SOON, heard.next()).await.unwrap().is_none());
    crate::support::eventually("the other one is closed", async || listening().await == 0).await;
}
