//! What has happened to the connections while the router was there, and who is told of it.
//!
//! One task takes a snapshot when something happens, every two seconds at least; all open pages share it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, timeout};

use super::options::Options;
use super::page;
use super::recent::Recent;
use super::snapshot::{Happened, Snapshot, View};
use crate::Connections;
use crate::event::Event;
use crate::health::Health;
use crate::lifecycle::State;

/// How often the page is drawn anew when nothing happens: its ages and figures change.
const TICK: Duration = Duration::from_secs(2);
/// How long is waited for more to happen, so that a storm of events is drawn once.
const SETTLE: Duration = Duration::from_millis(150);
/// How many checks the sparkline shows.
const CHECKS: usize = 40;

/// The connections of a router, with what it remembers of them.
pub(super) struct Watcher {
    pub(super) connections: Connections,
    pub(super) options: Options,
    past: Mutex<Past>,
    pages: Pages,
    started: Once,
}

#[derive(Default)]
struct Past {
    checks: HashMap<u64, Checks>,
    events: Recent,
}

#[derive(Default)]
struct Checks {
    last: Option<SystemTime>,
    took: VecDeque<Duration>,
}

/// The rows of the page as they are drawn, for both kinds of readers; `None` ends their streams.
pub(super) struct Pages {
    plain: watch::Sender<Option<Arc<str>>>,
    detailed: watch::Sender<Option<Arc<str>>>,
}

impl Pages {
    pub(super) fn subscribe(&self, details: bool) -> watch::Receiver<Option<Arc<str>>> {
        self.of(details).subscribe()
    }

    fn of(&self, details: bool) -> &watch::Sender<Option<Arc<str>>> {
        if details { &self.detailed } else { &self.plain }
    }
}

impl Watcher {
    pub(super) fn new(connections: Connections, options: Options) -> Arc<Self> {
        let watcher = Arc::new(Self {
            connections,
            options,
            past: Mutex::default(),
            pages: Pages {
                plain: watch::Sender::new(Some("".into())),
                detailed: watch::Sender::new(Some("".into())),
            },
            started: Once::new(),
        });
        watcher.start();
        watcher
    }

    /// Starts the task, unless it is running or there is no runtime yet.
    pub(super) fn start(self: &Arc<Self>) {
        if let Ok(runtime) = Handle::try_current() {
            self.started.call_once(|| {
                runtime.spawn(watch(Arc::downgrade(self), self.connections.events()));
            });
        }
    }

    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        // Nothing panics while it is held.
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is known at this moment. No I/O.
    pub(super) fn snapshot(&self) -> Snapshot {
        let report = self.connections.health();
        let mut known: HashMap<String, Health> = report
            .connections
            .into_iter()
            .map(|health| (health.connection.clone(), health))
            .collect();
        let infos = self.connections.status().details;
        // A reload may come in between: what is in both is shown.
        let pairs = infos
            .into_iter()
            .filter_map(|info| known.remove(&info.name).map(|health| (info, health)));
        let mut past = self.past();
        let views = pairs.map(|(info, health)| {
            let checks = past.checks.entry(info.id).or_default();
            if let Some((at, took)) = info.checked_at.zip(info.latency)
                && checks.last != Some(at)
            {
                checks.last = Some(at);
                if checks.took.len() == CHECKS {
                    checks.took.pop_front();
                }
                checks.took.push_back(took);
            }
            let latencies = checks.took.iter().copied().collect();
            View::of(info, health, latencies)
        });
        let views: Vec<View> = views.collect();
        // What a reload has removed is forgotten.
        if past.checks.len() > views.len() {
            past.checks
                .retain(|id, _| views.iter().any(|view| view.id == *id));
        }
        Snapshot {
            health: report.status,
            taken_at: SystemTime::now(),
            views,
            events: past.events.newest().cloned().collect(),
        }
    }

    fn note(&self, event: &Event) {
        self.past().events.note(Happened::of(event));
    }

    /// Draws for whoever is looking; gives whether anything can still happen.
    fn publish(&self) -> bool {
        let snapshot = self.snapshot();
        for details in [false, true] {
            let page = self.pages.of(details);
            if page.receiver_count() > 0 {
                page.send_replace(Some(page::parts(&snapshot, details).into()));
            }
        }
        let goes_on = snapshot.views.is_empty()
            || snapshot
                .views
                .iter()
                .any(|view| view.state != State::Closed);
        if !goes_on {
            self.pages.plain.send_replace(None);
            self.pages.detailed.send_replace(None);
        }
        goes_on
    }
}

async fn watch(watcher: Weak<Watcher>, mut events: broadcast::Receiver<Event>) {
    loop {
        let first = timeout(TICK, events.recv()).await;
        if first.is_ok() {
            sleep(SETTLE).await;
        }
        let Some(watcher) = watcher.upgrade() else {
            return;
        };
        if let Ok(Ok(event)) = first {
            watcher.note(&event);
        }
        loop {
            match events.try_recv() {
                Ok(event) => watcher.note(&event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if !watcher.publish() || events.is_closed() {
            return;
        }
    }
}
