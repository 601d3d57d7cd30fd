//! The program `connreg`, run as a process, on real servers: good ones, dead ones, and ones that say no.

#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "these tests need less of it")]
mod program;

use connreg_backends as _;
use connreg_tests::{Postgres, PostgresOptions, Redis, RedisOptions, suite};

use program::{Folder, Ran};

suite! {
    Postgres + Redis: ping_opens_and_checks;
    Postgres: ping_tells_a_wrong_password, ping_tells_a_dead_server,
        budget_asks_the_server, budget_knows_the_limit_of_a_user;
    Redis: budget_asks_redis;
}

fn postgres(server: &Postgres, name: &str, rest: &str) -> String {
    format!(
        "  {name}: {{ type: postgres, host: {}, port: {}, database: {}, username: {}, password: '{}'{rest} }}\n",
        server.host(),
        server.port(),
        server.database(),
        server.user(),
        server.password(),
    )
}

/// The program's answer about the first connection.
fn ping(folder: &Folder, code: i32) -> serde_json::Value {
    let ran: Ran = folder.run("ping --format json").ended(code);
    ran.json()["connections"][0].clone()
}

async fn ping_opens_and_checks() {
    let (database, cache) = (Postgres::start(), Redis::start());
    let orders = postgres(&database, "orders", "");
    let folder = Folder::new(&format!(
        "db:\n{orders}  cache: {{ type: redis, host: {}, port: {} }}\n",
        cache.host(),
        cache.port(),
    ));
    let ran = folder.run("ping").ended(0);
    assert!(ran.err.contains("2 of 2 connections work"), "{ran:#?}");
    assert!(
        ran.out
            .lines()
            .skip(1)
            .all(|line| line.contains(" ok ") && line.contains(" ms")),
        "{ran:#?}"
    );
    let ran = folder.run("check --online").ended(0);
    assert!(
        ran.out
            .starts_with("2 connections in 1 file, no mistakes\n"),
        "{ran:#?}"
    );
}

async fn ping_tells_a_wrong_password() {
    let server = Postgres::start();
    let orders = postgres(&server, "orders", "").replace(server.password(), "hunter2hunter2");
    let folder = Folder::new(&format!("db:\n{orders}"));
    let told = ping(&folder, 1);
    assert_eq!(told["error"]["kind"], "authentication", "{told:#}");
    assert!(!told.to_string().contains("hunter2"), "{told:#}");
    let ran = folder.run("ping").ended(1);
    assert!(ran.out.contains("try: "), "{ran:#?}");
}

async fn ping_tells_a_dead_server() {
    let server = Postgres::start();
    let folder = Folder::new(&format!("db:\n{}", postgres(&server, "orders", "")));
    ping(&folder, 0);
    server.kill();
    assert_eq!(ping(&folder, 1)["error"]["kind"], "refused");
}

async fn budget_asks_the_server() {
    let server = PostgresOptions::default()
        .setting("max_connections", "30")
        .start();
    let orders = postgres(&server, "orders", ", pool_size: 7");
    // The same server by another name.
    let reports =
        postgres(&server, "reports", ", pool_size: 5").replace(server.host(), "localhost");
    let folder = Folder::new(&format!("db:\n{orders}{reports}"));
    let fits = folder
        .run("budget --replicas 2 --format json")
        .ended(0)
        .json();
    let [one] = &fits["servers"].as_array().expect("a list")[..] else {
        panic!("{fits:#}")
    };
    // The harness's user is a superuser, who may have what is reserved.
    assert_eq!((&one["allowed"], &one["needed"]), (&30.into(), &28.into()));
    assert_eq!(one["fits"], true);
    let ran = folder.run("budget --replicas 3").ended(1);
    assert!(ran.out.contains("12 too many"), "{ran:#?}");
}

async fn budget_knows_the_limit_of_a_user() -> Result<(), connreg::Error> {
    let server = PostgresOptions::default()
        .setting("max_connections", "25")
        .start();
    let connections = connreg::Connections::builder()
        .environment([("", ""); 0])
        .set("admin.type", "postgres")
        .set("admin.connection_string", server.url())
        .load()
        .await?;
    let admin = connections.get::<connreg_backends::Postgres>("admin")?;
    admin
        .client()
        .await?
        .batch_execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk' CONNECTION LIMIT 6")
        .await?;
    connections.close().await;
    let orders = postgres(&server, "orders", ", pool_size: 4")
        .replace(&format!("username: {}", server.user()), "username: clerk")
        .replace(server.password(), "clerk");
    let folder = Folder::new(&format!("db:\n{orders}"));
    let told = folder.run("budget --format json").ended(0).json();
    assert_eq!(told["servers"][0]["connections"][0]["own_limit"], 6);
    let allowed = told["servers"][0]["allowed"].as_u64().expect("a limit");
    assert!(
        allowed < 25,
        "what is reserved is not for everybody: {told:#}"
    );
    let ran = folder.run("budget --replicas 2").ended(1);
    assert!(ran.out.contains("own limit: 6"), "{ran:#?}");
    Ok(())
}

async fn budget_asks_redis() {
    let server = RedisOptions::default().setting("maxclients", "50").start();
    let folder = Folder::new(&format!(
        "db: {{ redis: {{ host: {}, port: {}, pool_size: 9 }} }}\n",
        server.host(),
        server.port()
    ));
    let told = folder
        .run("budget --replicas 5 --format json")
        .ended(0)
        .json();
    assert_eq!(told["servers"][0]["allowed"], 50, "{told:#}");
    assert_eq!(told["servers"][0]["needed"], 50);
    folder.run("budget --replicas 6").ended(1);
}
