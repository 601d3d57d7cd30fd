//! A connection type with the kinds of settings that the configuration's tests have no use for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use connreg::{Backend, ByteSize, ConnectError, Context, Secret, Settings, Url, connection};

/// One of everything.
#[connection(type = "kitchen-sink", category = "house", aliases("sink"))]
pub(crate) struct KitchenSink {
    /// The site.
    #[setting(example = "https://example.com/")]
    pub site: Url,
    /// Sent along.
    #[setting(min_len = 8)]
    pub api_key: Secret,
    /// The region.
    #[setting(default = "eu-1", one_of = ["eu-1", "us-1", "7"])]
    pub region: String,
    /// A short name.
    #[setting(max_len = 5)]
    pub nick: Option<String>,
    /// How much is kept.
    #[setting(default = "1 MiB", range = "1 KiB..=64 MiB")]
    pub buffer: ByteSize,
    /// How long it waits.
    #[setting(default = "30s", range = "1ms..=10min")]
    pub patience: Duration,
    /// Below or above zero.
    #[setting(default = -5, range = -40..=120)]
    pub temperature: i32,
    /// Part of a whole.
    #[setting(default = 0.5, range = 0.0..1.0)]
    pub share: f32,
    /// At least two.
    #[setting(min_len = 2, max_len = 3)]
    pub pair: Option<Vec<String>>,
    /// Ports.
    #[setting(default = [80, 443])]
    pub ports: Vec<u16>,
    /// Ways.
    #[setting(default)]
    pub ways: Vec<Way>,
    /// Numbers by name.
    #[setting(default, max_len = 2)]
    pub weights: BTreeMap<String, u8>,
    /// Headers that nobody must see.
    #[setting(default, secret)]
    pub headers: BTreeMap<String, String>,
    /// Taps.
    #[setting(default)]
    pub taps: Vec<Tap>,
    /// Whatever.
    #[setting(serde, default)]
    pub extra: Vec<(u8, String)>,
    /// The former way.
    #[setting(deprecated = "use `site`")]
    pub path: Option<PathBuf>,
    /// In the same table.
    #[setting(flatten)]
    pub drain: Drain,
}

/// Where water goes.
#[derive(Settings)]
pub(crate) struct Drain {
    /// How wide.
    #[setting(default = 40, alias = "diameter")]
    pub drain_width: u8,
    /// What opens it.
    pub drain_code: Option<Secret>,
}

/// Where water comes from.
#[derive(Settings)]
pub(crate) struct Tap {
    /// Hot or cold.
    pub way: Way,
    /// Its key.
    pub key: Option<Secret>,
}

/// Hot or cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Settings)]
pub(crate) enum Way {
    /// Warm as well.
    #[setting(alias = "warm")]
    Hot,
    /// Unlike hot.
    #[setting(alias = "false")]
    VeryCold,
}

impl Backend for KitchenSink {
    type Client = ();

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}
