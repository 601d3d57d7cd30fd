//! What the shop does when all is well, and when it is not. No server, no waiting.

use std::time::Duration;

use connreg::testing::{Behaviour, Call, Faults};
use connreg::{ErrorKind, HealthStatus};
use connreg_backends::Memory;
use tokio::time::{Instant, sleep};

use super::{CONFIG, Connections, Shop, ShopError};

/// The shop as it is configured, with a stock of one lamp in memory, and faults for it.
async fn shop() -> (Connections, Shop, Faults) {
    let faults = Faults::new();
    let connections = Connections::builder()
        .directory(CONFIG)
        .with_backend("stock", Memory {})
        .with_faults("stock", &faults)
        .load()
        .await
        .expect("the configuration is right");
    let shop = Shop::new(&connections).expect("there is a stock");
    shop.stock_up("lamp", 1).await.expect("it works");
    (connections, shop, faults)
}

/// How many lamps there are.
async fn lamps(shop: &Shop) -> i64 {
    shop.stock_up("lamp", 0).await.expect("it works")
}

#[tokio::test]
async fn the_last_one_is_sold_once() {
    let (_connections, shop, _) = shop().await;
    assert_eq!(shop.sell("lamp").await.unwrap(), 0);
    assert!(matches!(shop.sell("lamp").await, Err(ShopError::SoldOut)));
    assert_eq!(lamps(&shop).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stock_that_is_full_up_sells_nothing() {
    let (_connections, shop, faults) = shop().await;
    faults.next(Call::Run, [Behaviour::fail(ErrorKind::Overloaded)]);
    let sold = shop.sell("lamp").await;
    assert!(matches!(sold, Err(ShopError::TryLater(_))), "{sold:?}");
    assert_eq!(lamps(&shop).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_taken_for_a_failure() {
    let (_connections, shop, faults) = shop().await;
    faults.next(Call::Run, [Behaviour::lose_answer()]);
    let sold = shop.sell("lamp").await;
    assert!(matches!(sold, Err(ShopError::Unclear(_))), "{sold:?}");
    assert_eq!(lamps(&shop).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stock_that_hangs_keeps_nobody_for_more_than_a_second() {
    let (_connections, shop, faults) = shop().await;
    faults.set(Call::Run, Behaviour::hang());
    let begun = Instant::now();
    assert!(shop.sell("lamp").await.is_err());
    assert_eq!(begun.elapsed(), Duration::from_secs(1)); // its `operation_timeout`
}

#[tokio::test(start_paused = true)]
async fn a_day_without_the_stock_ends_by_itself() {
    let (connections, shop, faults) = shop().await;
    faults.set_all(Behaviour::refuse());
    for _hour in 0..24 {
        sleep(Duration::from_hours(1)).await;
        let sold = shop.sell("lamp").await;
        assert!(matches!(sold, Err(ShopError::TryLater(_))), "{sold:?}");
    }
    assert_eq!(connections.health().status, HealthStatus::Down);
    faults.clear();
    sleep(Duration::from_mins(1)).await;
    assert_eq!(connections.health().status, HealthStatus::Up);
}
