//! The `postgres` back end beside the bare driver and other pools, in one run.
//!
//! One prepared point look-up for each operation, N tasks in a closed loop, pools of 10. All contenders run in each
//! round, one after the other, so that a busy machine hits them alike; what counts is the median of the ratios within
//! rounds. `cargo bench -p connreg-tests --bench postgres [-- rounds [milliseconds]]`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bb8_postgres::PostgresConnectionManager;
use connreg::{Connection, Connections};
use connreg_backends::Postgres;
use deadpool_postgres::{ManagerConfig, QueueMode, RecyclingMethod};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Statement};

const POOL: u32 = 10;
const TASKS: [u32; 4] = [1, 10, 64, 256];
const SQL: &str = "SELECT name FROM users WHERE id = $1";
const NAMES: [&str; 6] = [
    "bb8, its own test",
    "bb8, unprepared",
    "one bare connection",
    "deadpool fast LIFO",
    "query()",
    "acquire()",
];

/// How many operations a second were done, and how evenly the tasks shared them (Jain's index).
#[derive(Clone, Copy)]
struct Measured {
    rate: f64,
    evenness: f64,
}

/// Runs an operation over and over in some tasks at a time.
macro_rules! measure {
    ($tasks:expr, $period:expr, $handle:expr, |$own:ident, $id:ident| $operation:expr) => {{
        let until = Instant::now() + $period;
        let mut running = JoinSet::new();
        for task in 0..$tasks {
            let $own = $handle.clone();
            running.spawn(async move {
                let mut done = 0u32;
                let mut next = task * 37;
                while Instant::now() < until {
                    next = (next + 7919) % 10_000;
                    let $id = next.cast_signed();
                    black_box($operation);
                    done += 1;
                }
                f64::from(done)
            });
        }
        Measured::of(&running.join_all().await, $period)
    }};
}

/// Everything that is compared, open.
struct Contenders {
    bb8: bb8::Pool<Cached>,
    bare: Arc<(Client, Statement)>,
    deadpool: deadpool_postgres::Pool,
    ours: Connection<Postgres>,
}

/// bb8-postgres with a statement prepared in each connection, as its users add it by hand.
struct Cached(PostgresConnectionManager<NoTls>);

impl bb8::ManageConnection for Cached {
    type Connection = (Client, Statement);
    type Error = tokio_postgres::Error;

    async fn connect(&self) -> Result<Self::Connection, Self::Error> {
        let client = self.0.connect().await?;
        let statement = client.prepare(SQL).await?;
        Ok((client, statement))
    }

    async fn is_valid(&self, connection: &mut Self::Connection) -> Result<(), Self::Error> {
        self.0.is_valid(&mut connection.0).await
    }

    fn has_broken(&self, connection: &mut Self::Connection) -> bool {
        self.0.has_broken(&mut connection.0)
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let server = connreg_tests::Postgres::start();
    runtime.block_on(run(&server.url()));
}

async fn run(url: &str) {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok());
    let rounds = numbers.next().unwrap_or(5);
    let period = Duration::from_millis(numbers.next().unwrap_or(400));
    let contenders = Contenders::open(url).await;
    println!("{rounds} rounds of {period:?}, medians: throughput over bb8 (per second; evenness)");
    for tasks in TASKS {
        let mut measured: Vec<[Measured; NAMES.len()]> = Vec::new();
        for _ in 0..rounds {
            measured.push(contenders.round(tasks, period).await);
        }
        println!("{tasks} tasks");
        for (index, name) in NAMES.iter().enumerate() {
            let over = |f: &dyn Fn(&[Measured; NAMES.len()]) -> f64| {
                let mut values: Vec<f64> = measured.iter().map(f).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let ratio = over(&|round| round[index].rate / round[0].rate);
            let rate = over(&|round| round[index].rate);
            let evenness = over(&|round| round[index].evenness);
            println!("  {name:<22} {ratio:>5.2} ({rate:>7.0}; {evenness:.2})");
        }
    }
}

impl Contenders {
    async fn open(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        client
            .batch_execute(
                "CREATE TABLE users (id int PRIMARY KEY, name text); \
                 INSERT INTO users SELECT n, 'user ' || n FROM generate_series(0, 9999) n; \
                 ANALYZE users",
            )
            .await
            .expect("a table");
        let statement = client.prepare(SQL).await.expect("a statement");

        let manager = PostgresConnectionManager::new_from_stringlike(url, NoTls).expect("a URL");
        let bb8 = bb8::Pool::builder()
            .max_size(POOL)
            .build(Cached(manager))
            .await
            .expect("bb8");

        let fast = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let config = url.parse().expect("a URL");
        let manager = deadpool_postgres::Manager::from_config(config, NoTls, fast);
        let deadpool = deadpool_postgres::Pool::builder(manager)
            .max_size(POOL as usize)
            .queue_mode(QueueMode::Lifo)
            .build()
            .expect("deadpool");

        let connections = Connections::builder()
            .environment::<String, String>([])
            .set("main.type", "postgres")
            .set("main.connection_string", url)
            .set("main.pool_size", POOL.to_string())
            .load()
            .await
            .expect("settings");
        let ours = connections.get::<Postgres>("main").expect("a connection");
        ours.client().await.expect("a client");
        Self {
            bb8,
            bare: Arc::new((client, statement)),
            deadpool,
            ours,
        }
    }

    /// Each in turn; the order is that of [`NAMES`].
    async fn round(&self, tasks: u32, period: Duration) -> [Measured; NAMES.len()] {
        [
            measure!(tasks, period, self.bb8, |bb8, id| {
                let connection = bb8.get().await.expect("bb8");
                let (client, statement) = &*connection;
                client.query_one(statement, &[&id]).await.expect("a row")
            }),
            measure!(tasks, period, self.bb8, |bb8, id| {
                let connection = bb8.get().await.expect("bb8");
                connection.0.query_one(SQL, &[&id]).await.expect("a row")
            }),
            measure!(tasks, period, self.bare, |bare, id| {
                bare.0.query_one(&bare.1, &[&id]).await.expect("a row")
            }),
            measure!(tasks, period, self.deadpool, |deadpool, id| {
                let client = deadpool.get().await.expect("deadpool");
                let statement = client.prepare_cached(SQL).await.expect("a statement");
                client.query_one(&statement, &[&id]).await.expect("a row")
            }),
            measure!(tasks, period, self.ours, |ours, id| {
                let client = ours.client().await.expect("a client");
                client.query_one(SQL, &[&id]).await.expect("a row")
            }),
            measure!(tasks, period, self.ours, |ours, id| {
                let client = ours.client().await.expect("a client");
                let mut lease = client.acquire().await.expect("a lease");
                lease.query_one(SQL, &[&id]).await.expect("a row")
            }),
        ]
    }
}

impl Measured {
    fn of(done: &[f64], period: Duration) -> Self {
        let (sum, squares) = done.iter().fold((0.0, 0.0), |(s, q), d| (s + d, q + d * d));
        let tasks: f64 = done.iter().map(|_| 1.0).sum();
        Self {
            rate: sum / period.as_secs_f64(),
            evenness: sum * sum / (tasks * squares),
        }
    }
}
