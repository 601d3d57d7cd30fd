//! A case as it is written.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) version: u32,
    #[serde(rename = "style")]
    _style: Style,
    pub(crate) description: String,
    /// Which of their servers it is for: ours is scripted, and like all of them.
    #[serde(rename = "runOn")]
    _run_on: Option<Value>,
    pub(crate) fail_point: Option<FailPoint>,
    #[serde(default = "no_options")]
    pub(crate) pool_options: Value,
    pub(crate) operations: Vec<Operation>,
    pub(crate) error: Option<Value>,
    #[serde(default)]
    pub(crate) events: Vec<Value>,
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Style {
    Unit,
    Integration,
}

fn no_options() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolOptions {
    /// 0 is "as many as are asked for".
    #[serde(rename = "maxPoolSize")]
    pub(crate) max_size: Option<u32>,
    #[serde(rename = "minPoolSize", default)]
    pub(crate) min_size: u32,
    #[serde(rename = "maxIdleTimeMS")]
    pub(crate) max_idle_ms: Option<u64>,
    #[serde(rename = "maxConnecting")]
    pub(crate) max_connecting: Option<u32>,
    #[serde(rename = "waitQueueTimeoutMS")]
    pub(crate) wait_ms: Option<u64>,
    #[serde(rename = "connectTimeoutMS")]
    pub(crate) connect_ms: Option<u64>,
    /// Our upkeep has no interval to set: it wakes when there is something to do.
    #[serde(rename = "backgroundThreadIntervalMS")]
    _background_ms: Option<i64>,
    /// Whom a fail point is for; there is nobody else.
    #[serde(rename = "appName")]
    _app: Option<String>,
    /// What a request may take: there are none.
    #[serde(rename = "socketTimeoutMS")]
    _socket_ms: Option<u64>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct FailPoint {
    pub(crate) mode: Mode,
    pub(crate) data: Failure,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    AlwaysOn,
    Times(u32),
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Failure {
    pub(crate) close_connection: bool,
    pub(crate) block_connection: bool,
    #[serde(rename = "blockTimeMS")]
    pub(crate) block_ms: u64,
    pub(crate) error_code: Option<u32>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Operation {
    /// Who does it, unless it is the main thread.
    pub(crate) thread: Option<String>,
    #[serde(flatten)]
    pub(crate) action: Action,
}

#[derive(Clone, Deserialize)]
#[serde(
    tag = "name",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Action {
    Start {
        target: String,
    },
    Wait {
        ms: u64,
    },
    WaitForThread {
        target: String,
    },
    WaitForEvent {
        event: String,
        #[serde(default = "once")]
        count: usize,
        /// In milliseconds.
        timeout: Option<u64>,
    },
    CheckOut {
        label: Option<String>,
    },
    CheckIn {
        connection: String,
        #[serde(default)]
        force: bool,
    },
    /// That it may interrupt what is in use is listed among the departures.
    Clear,
    Close,
    Ready,
    FailPoint {
        fail_point: FailPoint,
    },
}

fn once() -> usize {
    1
}
