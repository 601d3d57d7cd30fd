//! Every word of both attributes, and every kind of setting.

use ::renamed::{ByteSize, ConnectionRef, Secret, Settings, Url, connection};
use ::std::collections::{BTreeMap, HashMap};
use ::std::option::Option;
use ::std::path::PathBuf;
use ::std::result::Result::{self, Err, Ok};
use ::std::string::String;
use ::std::time::Duration;
use ::std::vec::Vec;

/// A capability.
pub trait Named {
    /// The name.
    fn name(&self) -> &str;
}

impl Named for EveryWord {
    fn name(&self) -> &str {
        &self.host
    }
}

/// How much is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
#[setting(crate = ::renamed)]
pub enum Mode {
    /// Little.
    #[default]
    #[setting(alias = "false")]
    Little,
    /// Much.
    #[setting(rename = "very-much", alias = "true", alias = "lots")]
    Much,
}

/// A nested table.
#[derive(Settings)]
#[setting(crate = ::renamed, validate = check_login)]
pub struct Login {
    /// Who.
    #[setting(default = "nobody")]
    pub user: String,
    /// The word.
    pub password: Option<Secret>,
}

fn check_login(login: &Login) -> Result<(), &'static str> {
    if login.user == "root" {
        Err("root may not log in")
    } else {
        Ok(())
    }
}

/// Fields that stand in the table itself.
#[derive(Settings)]
#[setting(crate = ::renamed)]
pub struct Tuning {
    /// How deep.
    #[setting(default = 3)]
    pub depth: u8,
}

fn not_a_digit(text: &str) -> Result<(), String> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(::std::format!("`{text}` begins with a digit"));
    }
    Ok(())
}

fn check(settings: &EveryWord) -> Result<(), String> {
    if settings.min > settings.max {
        return Err("`min` is above `max`".into());
    }
    Ok(())
}

/// Where the limit is.
pub const LIMIT: u32 = 10;

use ::std::convert::Into;

/// A type with every word.
#[connection(
    type = "every-word",
    category = "hygiene",
    aliases("every_word_2", "everything"),
    section("hygiene.words", "words"),
    provides(Named),
    validate = check,
    crate = ::renamed
)]
pub struct EveryWord {
    /// Where it is.
    #[setting(default = "localhost", alias = "server", env = "HYGIENE_HOST", validate = not_a_digit)]
    pub host: String,
    /// Which door.
    #[setting(default = 5432, range = 1..=65535, example = 5433)]
    pub port: u16,
    /// At least.
    #[setting(default = 1, range = 0..=LIMIT)]
    pub min: u32,
    /// At most.
    #[setting(default = LIMIT)]
    pub max: u32,
    /// With a sign.
    #[setting(default = -5, range = -10..)]
    pub offset: i32,
    /// A share.
    #[setting(default = 0.5, range = 0.0..1.0)]
    pub share: f64,
    /// Whether.
    #[setting(default)]
    pub quiet: bool,
    /// How long.
    #[setting(default = "1m 30s", range = "1ms..=10min")]
    pub timeout: Duration,
    /// How long, if at all.
    #[setting(default = "2s")]
    pub patience: Option<Duration>,
    /// How much.
    #[setting(default = "64 MiB", range = "1 KiB..=1 GiB")]
    pub buffer: ByteSize,
    /// Where to.
    #[setting(default = "http://user:word@localhost:9200/path")]
    pub url: Url,
    /// A file.
    #[setting(default = "data/file")]
    pub file: PathBuf,
    /// A word that nobody sees.
    #[setting(default = "hidden word", min_len = 3)]
    pub token: Secret,
    /// Several.
    #[setting(default = ["a", "b"], min_len = 1, max_len = 9)]
    pub names: Vec<String>,
    /// Numbers.
    #[setting(default)]
    pub numbers: Vec<u8>,
    /// Headers that nobody sees.
    #[setting(default, secret)]
    pub headers: BTreeMap<String, String>,
    /// Weights.
    #[setting(default, max_len = 3)]
    pub weights: HashMap<String, f32>,
    /// How much is asked for.
    #[setting(default)]
    pub mode: Mode,
    /// How much is asked for elsewhere.
    #[setting(default = Mode::Much)]
    pub other_mode: Mode,
    /// One of two.
    #[setting(default = "fast", one_of = ["fast", "safe"])]
    pub speed: String,
    /// Another connection.
    pub twin: Option<ConnectionRef<EveryWord>>,
    /// Who.
    #[setting(default)]
    pub login: Login,
    /// More.
    #[setting(flatten, default)]
    pub tuning: Tuning,
    /// Not any more.
    #[setting(deprecated = "use `host`", rename = "address")]
    pub old_address: Option<String>,
    /// Read by another crate.
    #[setting(serde)]
    pub pair: Option<(u8, u8)>,
    /// A keyword.
    #[setting(default = "r")]
    pub r#ref: String,
}

backend!(EveryWord);
