//! The examples that need servers run, and say what they should.

mod example;

use connreg_tests::{Postgres, Redis, suite};

use example::run;

suite! {
    Postgres + Redis: postgres_redis_reads_through_the_cache;
}

async fn postgres_redis_reads_through_the_cache() {
    let (postgres, redis) = (Postgres::start(), Redis::start());
    let environment = [
        ("DATABASE_URL", &*postgres.url()),
        ("REDIS_URL", &*redis.url()),
    ];
    let printed = run("postgres_redis", &["postgres", "redis"], &environment);
    let expected = "\
        teapot: 1999 cents, from the database\n\
        teapot: 1999 cents, from the cache\n\
        teapot: 1499 cents, from the database\n\
        unicorn: not sold here\n\
        health: postgres is connected\n\
        health: redis is connected\n";
    assert_eq!(printed, expected);
}
