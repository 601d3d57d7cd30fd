//! Listening to sentinels: they publish where a new master is before the old one knows that it is none any more, and what
//! is written there in between is lost.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ::redis::aio::PubSub;
use ::redis::{Client, ConnectionInfo, Msg, RedisResult};
use futures_core::Stream;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::address::{Group, Plan};
use super::link::{Link, PAUSES, Purpose};
use super::sentinel::{self, SENTINEL_LIMIT};

const SWITCHES: &str = "+switch-master";

/// Listens until it is dropped or ended.
pub(super) struct Watch(AbortHandle);

impl Watch {
    /// For the link of a group; others have nobody to listen to.
    pub(super) fn begin(link: &Arc<Link>) -> Option<Self> {
        let (Plan::Sentinel(group), Purpose::Master(topology)) = (&link.dialer.plan, &link.purpose)
        else {
            return None;
        };
        let listening = listen(
            Arc::downgrade(link),
            group.clone(),
            topology.settings().look_interval,
        );
        Some(Self(tokio::spawn(listening).abort_handle()))
    }

    pub(super) fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

/// Listens to one sentinel after another, and asks all of them each `interval`.
async fn listen(link: Weak<Link>, group: Group, interval: Duration) {
    let mut pauses = PAUSES;
    for sentinel in group.sentinels.iter().cycle() {
        let subscribed = timeout(SENTINEL_LIMIT, subscribe(sentinel)).await;
        if let Ok(Ok(connection)) = subscribed {
            pauses.reset();
            let mut told = connection.into_on_message();
            loop {
                // Also at first: something may have happened before anybody listened.
                ask(&link, &group).await;
                let next = std::future::poll_fn(|context| Pin::new(&mut told).poll_next(context));
                match timeout(interval, next).await {
                    Ok(Some(switch)) => tell(&link, &group, &switch),
                    Ok(None) => break,
                    Err(_) => {}
                }
            }
        }
        let Some(link) = link.upgrade() else { return };
        debug!(
            connection = &**link.context.name(),
            sentinel = %sentinel.addr(),
            "not listening to this sentinel; on to the next"
        );
        drop(link);
        sleep(pauses.next_delay()).await;
    }
}

async fn subscribe(sentinel: &ConnectionInfo) -> RedisResult<PubSub> {
    let client = Client::open(sentinel.clone())?;
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(SWITCHES).await?;
    Ok(connection)
}

/// `name old-host old-port new-host new-port`.
fn tell(link: &Weak<Link>, group: &Group, switch: &Msg) {
    let words: String = switch.get_payload().unwrap_or_default();
    let words: Vec<&str> = words.split(' ').collect();
    if let [name, _, _, host, port] = words[..]
        && name == group.name
        && let Ok(port) = port.parse()
        && let Ok(master) = group.master.at(host, port)
        && let Some(link) = link.upgrade()
    {
        link.master_is_at(&master.addr().to_string());
    }
}

async fn ask(link: &Weak<Link>, group: &Group) {
    if let Ok(master) = sentinel::master(group).await
        && let Some(link) = link.upgrade()
    {
        link.master_is_at(&master.addr().to_string());
    }
}
