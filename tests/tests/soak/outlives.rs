//! The test itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connreg_tests::{Postgres, soak_time};
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::figures::{Course, Figures};
use crate::mischief::Victims;
use crate::service::Service;

/// Set, the same things happen in the same order as when it was printed.
const SEED: &str = "CONNREG_SOAK_SEED";
const SHORT: Duration = Duration::from_secs(50);
/// How long all may take to be well again. The longest pause between two attempts of a short outage is a few seconds.
const WELL_WITHIN: Duration = Duration::from_secs(15);

pub(crate) async fn a_service_outlives_its_faults() {
    let seed = match std::env::var(SEED) {
        Ok(seed) => seed.parse().expect("the seed is a number"),
        Err(_) => fastrand::u64(..),
    };
    eprintln!("soak: {SEED}={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let victims = Victims::start();

    // Once through, so that what is opened once and for all is open.
    let mut first = run(&victims, Duration::ZERO, &mut random).await;
    end(&victims, &mut first.service).await;
    drop(first);
    let before = Figures::now();

    let mut run = run(&victims, soak_time(SHORT), &mut random).await;
    eprintln!(
        "soak: {} faults\n{}{}",
        run.faults,
        run.service.table(),
        run.course.table()
    );
    end(&victims, &mut run.service).await;
    let course = run.course;
    drop(run.service);
    eventually("all descriptors and tasks are given back", async || {
        let after = Figures::now();
        after.descriptors <= before.descriptors && after.tasks <= before.tasks
    })
    .await;
    course.assert_flat();
}

struct Run {
    service: Service,
    course: Course,
    faults: usize,
}

/// Lets things happen to a service for so long, and looks at it whenever it is well again.
async fn run(victims: &Arc<Victims>, lasts: Duration, random: &mut fastrand::Rng) -> Run {
    let mut service = Service::load(&victims.postgres, victims.ports()).await;
    service.start().await;
    service.calm(WELL_WITHIN).await.unwrap();
    let mut course = Course::default();
    let mut faults = 0;
    let until = Instant::now() + lasts;
    let mut last: Vec<String> = Vec::new();
    while Instant::now() < until {
        let reloads = random.u8(..4);
        let (what, reloaded) = tokio::join!(victims.hurt(random), async {
            match reloads {
                0 => service.reload().await.map_err(|error| error.to_string()),
                1 => {
                    service.reload_by_halves().await;
                    Ok(())
                }
                _ => Ok(()),
            }
        });
        faults += 1;
        last.push(format!("{what}; reload {reloads}: {reloaded:?}"));
        if let Err(lacking) = service.calm(WELL_WITHIN).await {
            let from = last.len().saturating_sub(3);
            panic!("{lacking}\nafter {:#?}", &last[from..]);
        }
        last.drain(..last.len().saturating_sub(3));
        for _ in 0..5 {
            course.look();
            sleep(Duration::from_millis(20)).await;
        }
    }
    Run {
        service,
        course,
        faults,
    }
}

/// Ends a service that is well, in good order.
async fn end(victims: &Victims, service: &mut Service) {
    let until = Instant::now() + WELL_WITHIN;
    while let Err(error) = service.reload().await {
        assert!(Instant::now() < until, "nothing is in the way: {error}");
    }
    service.calm(WELL_WITHIN).await.unwrap();
    service.stop().await;
    for name in ["db", "cache"] {
        let pool = async || service.connections.info(name).unwrap().pool.unwrap();
        eventually("all connections are free", async || {
            let pool = pool().await;
            (pool.idle, pool.active) == (pool.max_size, 0)
        })
        .await;
    }
    let report = service.connections.close().await;
    assert!(report.is_drained(), "{report}");
    eventually("no session is left on the server", async || {
        sessions(&victims.postgres).await == 0
    })
    .await;
}

/// How many sessions of the service Postgres has, asked not through the proxy.
async fn sessions(postgres: &Postgres) -> i64 {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls)
        .await
        .unwrap();
    let ended = tokio::spawn(connection);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'soak-%'";
    let count = client.query_one(sql, &[]).await.unwrap().get(0);
    drop(client);
    ended.await.unwrap().unwrap();
    count
}

async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let until = Instant::now() + Duration::from_secs(15);
    while !condition().await {
        assert!(
            Instant::now() < until,
            "not within 15 s: {what}; {:?}",
            Figures::now()
        );
        sleep(Duration::from_millis(20)).await;
    }
}
