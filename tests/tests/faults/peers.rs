//! The same faults for bb8, deadpool, sqlx and us, side by side; the table in `docs/reliability.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bb8_postgres::PostgresConnectionManager;
use connreg_tests::{Fault, FaultProxy, Postgres, PostgresOptions};
use deadpool_postgres::{ManagerConfig, QueueMode, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;

use crate::load::{Answer, Calls, Echo, Load};
use crate::subject::Subject;

const SQL: &str = "SELECT $1::bigint";
const POOL: u32 = 10;
const CALLERS: i64 = 16;
/// What a careful user sets where a library has it, since ours has it by default.
const ACQUIRE: Duration = Duration::from_secs(5);
const NAMES: [&str; 4] = ["connreg", "bb8", "deadpool", "sqlx"];
/// Set, the table in the document is written anew.
const WRITE: &str = "CONNREG_WRITE_TABLE";

struct Bb8(bb8::Pool<PostgresConnectionManager<NoTls>>);

impl Echo for Bb8 {
    fn echo(&self, number: i64) -> Answer<'_> {
        Box::pin(async move {
            let client = self.0.get().await.map_err(|error| error.to_string())?;
            let row = client.query_one(SQL, &[&number]).await;
            Ok(row.map_err(|error| error.to_string())?.get(0))
        })
    }
}

struct Deadpool(deadpool_postgres::Pool);

impl Echo for Deadpool {
    fn echo(&self, number: i64) -> Answer<'_> {
        Box::pin(async move {
            let client = self.0.get().await.map_err(|error| error.to_string())?;
            let row = client.query_one(SQL, &[&number]).await;
            Ok(row.map_err(|error| error.to_string())?.get(0))
        })
    }
}

struct Sqlx(sqlx::PgPool);

impl Echo for Sqlx {
    fn echo(&self, number: i64) -> Answer<'_> {
        Box::pin(async move {
            let query = sqlx::query_scalar::<_, i64>(SQL).bind(number);
            query
                .fetch_one(&self.0)
                .await
                .map_err(|error| error.to_string())
        })
    }
}

/// What hurts, for how long, and how it ends.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    lasts: Duration,
    begin: fn(&Postgres, &[FaultProxy]),
    end: fn(&Postgres, &[FaultProxy]),
}

fn each(proxies: &[FaultProxy], fault: Fault) {
    for proxy in proxies {
        proxy.add(fault);
    }
}

fn heal(_: &Postgres, proxies: &[FaultProxy]) {
    for proxy in proxies {
        proxy.heal();
    }
}

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "`kill -9` of the server, down for 1 s",
        lasts: Duration::from_secs(1),
        begin: |server, _| server.kill(),
        end: |server, _| server.restart(),
    },
    Scenario {
        name: "server frozen for 2 s",
        lasts: Duration::from_secs(2),
        begin: |server, _| server.freeze(),
        end: |server, _| server.thaw(),
    },
    Scenario {
        name: "link cut for 1 s",
        lasts: Duration::from_secs(1),
        begin: |_, proxies| proxies.iter().for_each(FaultProxy::cut),
        end: heal,
    },
    Scenario {
        name: "resets for 1 s",
        lasts: Duration::from_secs(1),
        begin: |_, proxies| each(proxies, Fault::Reset),
        end: heal,
    },
    Scenario {
        name: "answers cut off after 2,000 bytes, for 1 s",
        lasts: Duration::from_secs(1),
        begin: |_, proxies| each(proxies, Fault::Truncation(2_000)),
        end: heal,
    },
    Scenario {
        name: "latency 500 ms ± 200 for 3 s",
        lasts: Duration::from_secs(3),
        begin: |_, proxies| {
            let (delay, jitter) = (Duration::from_millis(500), Duration::from_millis(200));
            each(proxies, Fault::Latency { delay, jitter });
        },
        end: heal,
    },
];

/// What became of one contender in one scenario.
struct Result {
    recovery: Option<Duration>,
    calls: Calls,
    opened: usize,
}

async fn contender(name: &str, url: &str) -> Arc<dyn Echo> {
    match name {
        "connreg" => {
            let none: [(&str, &str); 0] = [];
            let connections = connreg::Connections::builder()
                .environment(none)
                .set("main.type", "postgres")
                .set("main.connection_string", url)
                .load()
                .await
                .unwrap();
            let main = connections.get("main").unwrap();
            Arc::new(Subject::Postgres(connections, main))
        }
        "bb8" => {
            let manager = PostgresConnectionManager::new_from_stringlike(url, NoTls).unwrap();
            let builder = bb8::Pool::builder()
                .max_size(POOL)
                .connection_timeout(ACQUIRE);
            Arc::new(Bb8(builder.build(manager).await.unwrap()))
        }
        "deadpool" => {
            let fast = ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            };
            let config = url.parse().unwrap();
            let manager = deadpool_postgres::Manager::from_config(config, NoTls, fast);
            let pool = deadpool_postgres::Pool::builder(manager)
                .max_size(POOL as usize)
                .queue_mode(QueueMode::Lifo)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(ACQUIRE))
                .create_timeout(Some(ACQUIRE))
                .recycle_timeout(Some(ACQUIRE))
                .build()
                .unwrap();
            Arc::new(Deadpool(pool))
        }
        _ => {
            let options = sqlx::postgres::PgPoolOptions::new()
                .max_connections(POOL)
                .acquire_timeout(ACQUIRE);
            Arc::new(Sqlx(options.connect(url).await.unwrap()))
        }
    }
}

/// Sessions that the server has let in since it was last started, by the contender's name.
fn sessions(server: &Postgres, name: &str) -> usize {
    let name = format!("application_name={name}");
    let log = server.log();
    let authorized =
        |line: &&String| line.contains("connection authorized") && line.ends_with(&name);
    log.iter().filter(authorized).count()
}

/// All contenders at once, so that a busy machine hits them alike.
async fn run(scenario: Scenario) -> Vec<Result> {
    let server = PostgresOptions::default()
        .setting("log_connections", "on")
        .start();
    let proxies: Vec<FaultProxy> = NAMES.map(|_| FaultProxy::before(server.port())).into();
    let mut loads = Vec::new();
    for (name, proxy) in NAMES.iter().zip(&proxies) {
        let url = format!(
            "postgres://{}:{}@127.0.0.1:{}/{}?application_name={name}",
            server.user(),
            server.password(),
            proxy.port(),
            server.database()
        );
        loads.push(Load::start(&contender(name, &url).await, CALLERS));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let before = NAMES.map(|name| sessions(&server, name));
    (scenario.begin)(&server, &proxies);
    tokio::time::sleep(scenario.lasts).await;
    // A killed server's log is gone with it.
    let was_killed = scenario.name.starts_with("`kill");
    let before = if was_killed { [0; 4] } else { before };
    (scenario.end)(&server, &proxies);
    let ended = Instant::now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let all_are_back = async {
        while !loads.iter().all(|load| load.has_recovered(ended)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // Who is not back by then never was.
    let _ = tokio::time::timeout(Duration::from_secs(7), all_are_back).await;
    let mut results = Vec::new();
    for ((load, name), before) in loads.into_iter().zip(NAMES).zip(before) {
        let calls = load.finish().await;
        results.push(Result {
            recovery: calls.recovered_after(ended),
            opened: sessions(&server, name) - before,
            calls,
        });
    }
    results
}

fn row(scenario: Scenario, name: &str, result: &Result) -> String {
    let recovery = result.recovery.map_or_else(
        || "never".to_owned(),
        |after| format!("{} ms", after.as_millis()),
    );
    let calls = &result.calls;
    format!(
        "| {} | {name} | {recovery} | {} | {} ms | {} | {} |",
        scenario.name,
        calls.failed() + calls.hanging,
        calls.slowest().as_millis(),
        calls.wrong(),
        result.opened
    )
}

/// How often it may take longer on a busy machine.
const ATTEMPTS: usize = 3;

/// What a handshake and a query may take there.
const HANDSHAKE: Duration = Duration::from_secs(1);

/// Whether we were back in time. The first of all to be back shows how long the fault was felt, on a machine however busy;
/// ours finds out within half of that.
fn is_back_in_time(scenario: Scenario, results: &[Result]) -> bool {
    let recovered = results.iter().filter_map(|result| result.recovery);
    let first = recovered.min().unwrap_or_default();
    let bound = first + (scenario.lasts + first) / 2 + HANDSHAKE;
    results[0].recovery.is_some_and(|back| back < bound)
}

/// Runs it until we are back in time.
async fn run_on_a_busy_machine(scenario: Scenario) -> Vec<Result> {
    let mut results = run(scenario).await;
    for _ in 1..ATTEMPTS {
        if is_back_in_time(scenario, &results) {
            break;
        }
        results = run(scenario).await;
    }
    results
}

pub(crate) async fn the_same_faults_for_peers() {
    let mut table = String::from(
        "| fault | library | first success after it | failed calls | longest call | wrong values | connections opened |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for scenario in SCENARIOS {
        let results = run_on_a_busy_machine(scenario).await;
        for (name, result) in NAMES.iter().zip(&results) {
            let _ = writeln!(table, "{}", row(scenario, name, result));
        }
        let ours = &results[0];
        assert_eq!(ours.calls.wrong(), 0, "{}", scenario.name);
        assert_eq!(ours.calls.hanging, 0, "{}", scenario.name);
        assert!(is_back_in_time(scenario, &results), "{table}");
        // One set of sessions for those that were lost, and a few whose request was given up.
        assert!(ours.opened <= 30, "{}: {}", scenario.name, ours.opened);
    }
    println!("{table}");
    if std::env::var_os(WRITE).is_some() {
        write(&table);
    }
}

fn write(table: &str) {
    const BEGIN: &str = "<!-- table of peers: begin -->\n";
    const END: &str = "<!-- table of peers: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
}
