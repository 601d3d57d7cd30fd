//! Published messages.

use std::time::Duration;

use connreg_backends::redis::driver::AsyncCommands as _;
use connreg_backends::redis::{Client, Event};
use connreg_tests::Redis;
use tokio::time::{sleep, timeout};

use super::client;

/// Publishes until somebody hears it.
async fn publish(client: &Client, channel: &str, text: &str) {
    let heard = async {
        loop {
            match client.commands().publish::<_, _, i64>(channel, text).await {
                Ok(1..) => break,
                Ok(_) | Err(_) => sleep(Duration::from_millis(5)).await,
            }
        }
    };
    timeout(Duration::from_secs(15), heard)
        .await
        .expect("nobody listens");
}

pub(crate) async fn messages_arrive_in_order() {
    let server = Redis::start();
    let client = client(&[("url", &server.url())]).await;
    let mut news = client.subscribe(&["news", "sport"]).await.unwrap();
    let mut all = client.psubscribe(&["*"]).await.unwrap();
    for n in 0..100 {
        let channel = if n % 2 == 0 { "news" } else { "sport" };
        let () = client.commands().publish(channel, n).await.unwrap();
    }
    for subscription in [&mut news, &mut all] {
        for n in 0..100 {
            let Some(Event::Message(message)) = subscription.next().await else {
                panic!("a gap where nothing was lost")
            };
            assert_eq!(message.get_payload::<i64>().unwrap(), n);
        }
    }
}

pub(crate) async fn a_subscription_outlives_its_connection() {
    let server = Redis::start();
    let client = client(&[("url", &server.url())]).await;
    let mut news = client.subscribe(&["news"]).await.unwrap();
    publish(&client, "news", "before").await;
    let Some(Event::Message(message)) = news.next().await else {
        panic!("no message")
    };
    assert_eq!(message.get_payload::<String>().unwrap(), "before");

    server.kill();
    sleep(Duration::from_millis(300)).await;
    server.restart();
    publish(&client, "news", "after").await;
    let event = timeout(Duration::from_secs(10), news.next()).await.unwrap();
    let Some(Event::Gap { lasted }) = event else {
        panic!("no gap, but {event:?}")
    };
    assert!(lasted >= Duration::from_millis(200), "{lasted:?}");
    let Some(Event::Message(message)) = news.next().await else {
        panic!("no message")
    };
    assert_eq!(message.get_payload::<String>().unwrap(), "after");
}
