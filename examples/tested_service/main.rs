//! A service with its tests: `cargo run --example tested_service`, and
//! `cargo test -p connreg-examples --example tested_service --features testing`.

use std::fmt;

use connreg::capability::KeyValue;
use connreg::{CapabilityConnection, Connections, Error};

/// Sells what is in stock.
#[derive(Debug)]
pub struct Shop {
    stock: CapabilityConnection<dyn KeyValue>,
}

/// Why nothing was sold.
#[derive(Debug)]
pub enum ShopError {
    /// There is none left.
    SoldOut,
    /// Nobody knows at the moment what there is; the customer may try again.
    TryLater(Error),
    /// It may have been sold or not: somebody has to look.
    Unclear(Error),
}

impl Shop {
    /// The shop whose stock is the connection called `stock`.
    ///
    /// # Errors
    ///
    /// It is not configured, or is no store of keys and values.
    pub fn new(connections: &Connections) -> Result<Self, Error> {
        let stock = connections.get_as::<dyn KeyValue>("stock")?;
        Ok(Self { stock })
    }

    /// Puts so many of `item` into the stock.
    ///
    /// # Errors
    ///
    /// The stock could not be changed.
    pub async fn stock_up(&self, item: &str, count: i64) -> Result<i64, Error> {
        let add = async |stock: connreg::CapabilityClient<dyn KeyValue>| {
            stock.increment(item, count).await
        };
        self.stock.run(add).await
    }

    /// Sells one of `item` and says how many are left.
    ///
    /// # Errors
    ///
    /// There is none, or no telling.
    pub async fn sell(&self, item: &str) -> Result<i64, ShopError> {
        // Selling twice does harm, so that this is not `run_idempotent`.
        match self.stock_up(item, -1).await {
            Ok(left) if left >= 0 => Ok(left),
            Ok(_) => {
                // What was taken too much goes back.
                self.stock_up(item, 1).await.map_err(ShopError::Unclear)?;
                Err(ShopError::SoldOut)
            }
            Err(error) if error.request_sent() == connreg::Sent::No => {
                Err(ShopError::TryLater(error))
            }
            Err(error) => Err(ShopError::Unclear(error)),
        }
    }
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldOut => f.write_str("sold out"),
            Self::TryLater(_) => f.write_str("please try again later"),
            Self::Unclear(_) => f.write_str("we are looking into it"),
        }
    }
}

impl std::error::Error for ShopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::SoldOut => None,
            Self::TryLater(error) | Self::Unclear(error) => Some(error),
        }
    }
}

/// Where the configuration is.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tested_service/config");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Whatever store is configured, its crate has to be linked.
    use connreg_backends as _;

    let connections = Connections::load(CONFIG).await?;
    let shop = Shop::new(&connections)?;
    shop.stock_up("lamp", 1).await?;
    println!("sold, {} left", shop.sell("lamp").await?);
    if let Err(error) = shop.sell("lamp").await {
        println!("{error}");
    }
    connections.close().await;
    Ok(())
}

#[cfg(all(test, feature = "testing"))]
mod tests;
