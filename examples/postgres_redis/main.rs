//! A cache-aside service: products live in Postgres, Redis keeps what was read last.
//!
//! `DATABASE_URL=… REDIS_URL=… cargo run --example postgres_redis --features postgres,redis`

use connreg::{Connection, Connections, Error};
use connreg_backends::redis::driver::AsyncCommands as _;
use connreg_backends::{Postgres, Redis};

/// How long a product may be read from the cache, in seconds.
const FRESH: u64 = 60;

/// What a web service would keep in its state.
#[derive(Clone)]
struct Products {
    db: Connection<Postgres>,
    cache: Connection<Redis>,
}

impl Products {
    async fn set_price(&self, name: &str, cents: i64) -> Result<(), Error> {
        let upsert =
            "INSERT INTO products VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET cents = $2";
        self.db
            .client()
            .await?
            .execute(upsert, &[&name, &cents])
            .await?;
        // Whoever reads next fills it again.
        let cache = self.cache.client().await?;
        let deleted = cache.commands().del::<_, ()>(key(name)).await;
        deleted.map_err(|error| cache.error("forget a price", error))
    }

    /// The price in cents, and where it came from.
    async fn price(&self, name: &str) -> Result<Option<(i64, &'static str)>, Error> {
        if let Some(cents) = self.cached(name).await {
            return Ok(Some((cents, "cache")));
        }
        let select = "SELECT cents FROM products WHERE name = $1";
        let Some(row) = self.db.client().await?.query_opt(select, &[&name]).await? else {
            return Ok(None);
        };
        let cents: i64 = row.get("cents");
        self.remember(name, cents).await;
        Ok(Some((cents, "database")))
    }

    /// A cache that is down costs time, not answers.
    async fn cached(&self, name: &str) -> Option<i64> {
        let cache = self.cache.client().await.ok()?;
        cache.commands().get(key(name)).await.ok()?
    }

    async fn remember(&self, name: &str, cents: i64) {
        if let Ok(cache) = self.cache.client().await {
            let kept: Result<(), _> = cache.commands().set_ex(key(name), cents, FRESH).await;
            if let Err(error) = kept {
                eprintln!("{}", cache.error("remember a price", error));
            }
        }
    }
}

fn key(name: &str) -> String {
    format!("price:{name}")
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let connections = Connections::load(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/postgres_redis/config"
    ))
    .await?;
    let products = Products {
        db: connections.get("postgres")?,
        cache: connections.get("redis")?,
    };
    let table =
        "CREATE TABLE IF NOT EXISTS products (name text PRIMARY KEY, cents bigint NOT NULL)";
    products.db.client().await?.batch_execute(table).await?;

    products.set_price("teapot", 1999).await?;
    for _ in 0..2 {
        report("teapot", &products).await?;
    }
    products.set_price("teapot", 1499).await?;
    report("teapot", &products).await?;
    report("unicorn", &products).await?;

    for connection in connections.iter() {
        connection.check().await?;
        println!("health: {} is {}", connection.name(), connection.state());
    }
    connections.close().await;
    Ok(())
}

async fn report(name: &str, products: &Products) -> Result<(), Error> {
    match products.price(name).await? {
        Some((cents, source)) => println!("{name}: {cents} cents, from the {source}"),
        None => println!("{name}: not sold here"),
    }
    Ok(())
}
