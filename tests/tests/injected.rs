//! Faults injected into connections to real servers: what the service is told, and what the server did.

use std::time::Duration;

use connreg::capability::KeyValue;
use connreg::testing::{Behaviour, Call, Faults};
use connreg::{CapabilityClient, Client, Connection, Connections, Error, ErrorKind, Sent, State};
use connreg_backends::Postgres;
use connreg_tests::{Postgres as PostgresServer, Redis, suite};

suite! {
    Postgres:
        work_whose_answer_is_lost_was_done,
        an_outage_on_command_leaves_the_pool_as_it_is,
        checks_that_fail_on_command_make_it_unhealthy_until_they_work;
    Redis: a_capability_fails_on_command;
}

async fn postgres(url: String) -> Result<(Connections, Connection<Postgres>, Faults), Error> {
    let faults = Faults::new();
    let connections = Connections::builder()
        .environment::<String, String>([])
        .set("orders.type", "postgres")
        .set("orders.connection_string", url)
        .set("orders.retry.base_delay", "1ms")
        .set("orders.circuit_breaker.enabled", "false")
        .with_faults("orders", &faults)
        .load()
        .await?;
    let orders = connections.get::<Postgres>("orders")?;
    let client = orders.client().await?;
    client
        .batch_execute("CREATE TABLE orders (item text)")
        .await?;
    Ok((connections, orders, faults))
}

async fn ask(client: Client<Postgres>) -> Result<i32, Error> {
    Ok(client.query_one("SELECT 42", &[]).await?.get(0))
}

async fn insert(client: Client<Postgres>) -> Result<u64, Error> {
    client
        .execute("INSERT INTO orders VALUES ('lamp')", &[])
        .await
}

async fn count(orders: &Connection<Postgres>) -> Result<i64, Error> {
    let row = orders.client().await?;
    let row = row.query_one("SELECT count(*) FROM orders", &[]).await?;
    Ok(row.get(0))
}

async fn work_whose_answer_is_lost_was_done() -> Result<(), Error> {
    let database = PostgresServer::shared();
    let (_connections, orders, faults) = postgres(database.url()).await?;
    faults.next(Call::Run, [Behaviour::lose_answer()]);
    let error = orders.run(insert).await.unwrap_err();
    assert_eq!(error.request_sent(), Sent::Yes);
    assert_eq!(count(&orders).await?, 1, "not tried again");
    faults.next(Call::Run, [Behaviour::lose_answer()]);
    orders.run_idempotent(insert).await?;
    assert_eq!(count(&orders).await?, 3, "what must not be done twice was");
    Ok(())
}

async fn an_outage_on_command_leaves_the_pool_as_it_is() -> Result<(), Error> {
    let database = PostgresServer::shared();
    let (_connections, orders, faults) = postgres(database.url()).await?;
    orders.run(ask).await?;
    let before = orders.client().await?.statistics();
    faults.set_all(Behaviour::refuse());
    for _ in 0..20 {
        let error = orders.run_idempotent(ask).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.connection()),
            (ErrorKind::Refused, Some("orders"))
        );
    }
    assert_eq!(
        orders.reconnect().await.unwrap_err().kind(),
        ErrorKind::Refused
    );
    // Who has the bare client is not touched.
    assert_eq!(count(&orders).await?, 0);
    faults.clear();
    orders.run(ask).await?;
    let after = orders.client().await?.statistics();
    assert_eq!(after.closed, before.closed);
    // Checks may have opened the connection that is theirs.
    assert!(after.created <= before.created + 1, "{after:?}");
    Ok(())
}

async fn checks_that_fail_on_command_make_it_unhealthy_until_they_work() -> Result<(), Error> {
    let database = PostgresServer::shared();
    let (connections, orders, faults) = postgres(database.url()).await?;
    faults.set(Call::Check, Behaviour::fail(ErrorKind::Timeout));
    faults.set(Call::Open, Behaviour::refuse());
    for _ in 0..3 {
        connections.check().await;
    }
    assert_eq!(orders.state(), State::Unhealthy);
    faults.clear();
    let mut states = orders.watch();
    let back = states.wait_for(|state| *state == State::Connected);
    let back = tokio::time::timeout(Duration::from_mins(1), back).await;
    assert!(back.is_ok(), "the monitor brings it back");
    Ok(())
}

async fn a_capability_fails_on_command() -> Result<(), Error> {
    let keys = Redis::shared();
    let faults = Faults::new();
    let connections = Connections::builder()
        .environment::<String, String>([])
        .set("cache.type", "redis")
        .set("cache.url", keys.url())
        .set("cache.operation_timeout", "2s")
        .with_faults("cache", &faults)
        .load()
        .await?;
    let cache = connections.get_as::<dyn KeyValue>("cache")?;
    let key = keys.key("visits");
    let visit = |store: CapabilityClient<dyn KeyValue>| {
        let key = key.clone();
        async move { store.increment(&key, 1).await }
    };
    assert_eq!(cache.run(visit).await?, 1);
    faults.next(Call::Run, [Behaviour::wait(), Behaviour::lose_answer()]);
    let error = cache.run(visit).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.request_sent()),
        (ErrorKind::Timeout, Sent::Unknown)
    );
    assert_eq!(
        cache.run(visit).await.unwrap_err().request_sent(),
        Sent::Yes
    );
    assert_eq!(
        cache.run(visit).await?,
        3,
        "the lost one counts, the frozen one does not"
    );
    Ok(())
}
