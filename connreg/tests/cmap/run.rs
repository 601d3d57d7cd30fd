//! Runs a case: threads are tasks, time is paused, and CMAP's words are turned into ours.
//!
//! A pool of CMAP begins paused, ours open: it is suspended first. `ready` resumes it, `clear` suspends and retires it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connreg::pool::{Lease, Pool};
use connreg::{Error, ErrorKind, PoolSettings};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use crate::case::{Action, Case, PoolOptions};
use crate::matching::mismatch;
use crate::record::{ADDRESS, Record};
use crate::server::{Client, Server};

/// How long an event is waited for where the case does not say.
const SOON: Duration = Duration::from_mins(1);

/// A case that has not ended by then hangs.
const LIMIT: Duration = Duration::from_mins(10);

/// What CMAP's pools allow unless told otherwise.
const MAX_SIZE: u32 = 100;

/// Why a thread stopped.
enum Stop {
    /// The pool said so.
    Told(Error),
    /// The case asks for what can't be, or waits for what does not come.
    Stuck(String),
}

struct Subject {
    pool: Pool<Client>,
    server: Arc<Server>,
    record: Arc<Record>,
    is_paused: Mutex<bool>,
    named: Mutex<HashMap<String, Lease<Client>>>,
    unnamed: Mutex<Vec<Lease<Client>>>,
}

struct Thread {
    orders: mpsc::UnboundedSender<Action>,
    task: JoinHandle<Result<(), Stop>>,
}

/// Why the case fails.
pub(crate) fn run(case: Case) -> Result<(), String> {
    if case.version != 1 {
        return Err(format!("version {} of the format", case.version));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let description = case.description.clone();
    // A task among tasks: what `block_on` runs itself has its turn less often.
    let judging = runtime.spawn(async move {
        match timeout(LIMIT, judge(&case)).await {
            Ok(result) => result,
            Err(_) => Err("it hangs".to_owned()),
        }
    });
    runtime
        .block_on(judging)
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|why| format!("{description}: {why}"))
}

async fn judge(case: &Case) -> Result<(), String> {
    let subject = Arc::new(Subject::new(case)?);
    let ended = subject.perform_all(case).await;
    let told = match ended {
        Ok(()) => None,
        Err(Stop::Told(error)) => Some(error),
        Err(Stop::Stuck(why)) => return Err(format!("{why}; {}", subject.told(case))),
    };
    match (&case.error, told) {
        (None, None) => {}
        (None, Some(error)) => return Err(format!("it ended with: {error}")),
        (Some(expected), None) => return Err(format!("no error, {expected} was expected")),
        (Some(expected), Some(error)) => {
            if let Some(why) = mismatch(&without_message(expected), Some(&in_their_words(&error))) {
                return Err(format!("error: {why}: {error}"));
            }
        }
    }
    let events = subject.record.without(&case.ignore);
    for (index, expected) in case.events.iter().enumerate() {
        if let Some(why) = mismatch(expected, events.get(index)) {
            return Err(format!("event {index}: {why}; {}", subject.told(case)));
        }
    }
    subject.leaves_nothing().await
}

impl Subject {
    fn new(case: &Case) -> Result<Self, String> {
        let options: PoolOptions = serde_json::from_value(case.pool_options.clone())
            .map_err(|error| format!("poolOptions: {error}"))?;
        let defaults = PoolSettings::default();
        let settings = PoolSettings {
            max_size: match options.max_size.unwrap_or(MAX_SIZE) {
                0 => u32::from(u16::MAX),
                size => size,
            },
            min_size: options.min_size,
            max_connecting: options.max_connecting.unwrap_or(defaults.max_connecting),
            idle_timeout: options
                .max_idle_ms
                .map_or(defaults.idle_timeout, Duration::from_millis),
            acquire_timeout: options.wait_ms.map_or(SOON, Duration::from_millis),
            ..defaults
        };
        let server = Arc::<Server>::default();
        server.set(case.fail_point.clone());
        let record = Arc::new(Record::new(&case.pool_options, settings.acquire_timeout));
        let mut builder = Pool::builder(ADDRESS, Client(Arc::clone(&server)))
            .settings(settings)
            .on_event({
                let record = Arc::clone(&record);
                move |event| record.note(&event)
            });
        if let Some(limit) = options.connect_ms {
            builder = builder.connect_timeout(Duration::from_millis(limit));
        }
        let pool = builder.build();
        pool.suspend();
        Ok(Self {
            pool,
            server,
            record,
            is_paused: Mutex::new(true),
            named: Mutex::default(),
            unnamed: Mutex::default(),
        })
    }

    /// What the main thread ends with. The others are ended with it.
    async fn perform_all(self: &Arc<Self>, case: &Case) -> Result<(), Stop> {
        let mut threads = HashMap::new();
        for operation in case.operations.iter().cloned() {
            match (operation.thread, operation.action) {
                (None, Action::Start { target }) => {
                    threads.insert(target, self.start());
                }
                (None, Action::WaitForThread { target }) => match threads.remove(&target) {
                    Some(thread) => thread.ended().await?,
                    None => return Err(no_thread(&target)),
                },
                (None, action) => self.perform(action).await?,
                (Some(name), action) => match threads.get(&name) {
                    Some(thread) => {
                        // A thread that has ended is found when it is waited for.
                        let _ = thread.orders.send(action);
                        // As if it ran beside this one.
                        yield_now().await;
                    }
                    None => return Err(no_thread(&name)),
                },
            }
        }
        for thread in threads.into_values() {
            thread.task.abort();
            // Aborted: it has nothing to tell.
            let _ = thread.task.await;
        }
        Ok(())
    }

    fn start(self: &Arc<Self>) -> Thread {
        let (orders, mut next) = mpsc::unbounded_channel();
        let subject = Arc::clone(self);
        let task = tokio::spawn(async move {
            while let Some(action) = next.recv().await {
                subject.perform(action).await?;
            }
            Ok(())
        });
        Thread { orders, task }
    }

    async fn perform(&self, action: Action) -> Result<(), Stop> {
        match action {
            Action::Wait { ms } => sleep(Duration::from_millis(ms)).await,
            Action::WaitForEvent {
                event,
                count,
                timeout: limit,
            } => {
                let limit = limit.map_or(SOON, Duration::from_millis);
                let happened = self.record.happened(&event, count);
                if timeout(limit, happened).await.is_err() {
                    return Err(Stop::Stuck(format!("{event} did not happen {count} times")));
                }
            }
            Action::CheckOut { label } => {
                let lease = self.pool.acquire().await.map_err(Stop::Told)?;
                match label {
                    Some(label) => {
                        self.named.lock().unwrap().insert(label, lease);
                    }
                    None => self.unnamed.lock().unwrap().push(lease),
                }
            }
            Action::CheckIn { connection, force } => {
                let lease = self.named.lock().unwrap().remove(&connection);
                let Some(lease) = lease else {
                    return Err(Stop::Stuck(format!("{connection} is not checked out")));
                };
                if force {
                    lease.discard();
                } else {
                    drop(lease);
                }
            }
            Action::Clear => {
                if !self.set_paused(true) {
                    self.pool.suspend();
                    self.pool.retire();
                }
            }
            Action::Ready => {
                self.set_paused(false);
                self.pool.resume();
            }
            Action::Close => {
                // Ours waits for the leases, theirs does not.
                let pool = self.pool.clone();
                tokio::spawn(async move { pool.close().await });
                self.record.happened("ConnectionPoolClosed", 1).await;
            }
            Action::FailPoint { fail_point } => self.server.set(Some(fail_point)),
            Action::Start { .. } | Action::WaitForThread { .. } => {
                return Err(Stop::Stuck("threads are the main thread's".to_owned()));
            }
        }
        Ok(())
    }

    /// Whether it was paused before.
    fn set_paused(&self, is_paused: bool) -> bool {
        std::mem::replace(&mut *self.is_paused.lock().unwrap(), is_paused)
    }

    /// However a case ends: when all is given back and the pool is closed, nothing is open.
    async fn leaves_nothing(&self) -> Result<(), String> {
        self.named.lock().unwrap().clear();
        self.unnamed.lock().unwrap().clear();
        self.pool.close().await;
        let statistics = self.pool.statistics();
        if (statistics.total, statistics.active, statistics.waiting) != (0, 0, 0)
            || statistics.created != statistics.closed
        {
            return Err(format!("after the end: {statistics:?}"));
        }
        Ok(())
    }

    fn told(&self, case: &Case) -> String {
        let events: Vec<String> = self
            .record
            .without(&case.ignore)
            .iter()
            .map(ToString::to_string)
            .collect();
        format!("all events:\n{}", events.join("\n"))
    }
}

impl Thread {
    async fn ended(self) -> Result<(), Stop> {
        drop(self.orders);
        self.task
            .await
            .unwrap_or_else(|error| Err(Stop::Stuck(error.to_string())))
    }
}

fn no_thread(name: &str) -> Stop {
    Stop::Stuck(format!("there is no thread {name}"))
}

/// Messages are ours: the kind is what counts.
fn without_message(expected: &Value) -> Value {
    let mut expected = expected.clone();
    if let Value::Object(fields) = &mut expected {
        fields.remove("message");
    }
    expected
}

fn in_their_words(error: &Error) -> Value {
    let kind = match error.kind() {
        ErrorKind::Closed => "PoolClosedError",
        ErrorKind::Timeout | ErrorKind::Overloaded => "WaitQueueTimeoutError",
        ErrorKind::Authentication => "AuthenticationError",
        _ => "Network",
    };
    json!({"type": kind, "address": error.connection()})
}
