//! The other readers, used as their documentation shows: into structs, by serde.

use std::collections::BTreeMap;

use figment::Figment;
use figment::providers::{Format, Json, Toml, Yaml};
use serde::Deserialize;

use crate::cases::Case;

/// A library that configuration is read with.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    /// The extensions that it reads.
    pub(crate) reads: &'static [&'static str],
    /// Reads a case; the error as it is displayed.
    pub(crate) read: fn(&Case) -> Result<App, String>,
}

pub(crate) const READERS: &[Reader] = &[
    Reader {
        name: "serde_yaml",
        reads: &["yaml"],
        read: serde_yaml,
    },
    Reader {
        name: "figment",
        reads: &["yaml", "toml", "json"],
        read: figment,
    },
    Reader {
        name: "config",
        reads: &["yaml", "toml", "json"],
        read: config,
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct App {
    #[serde(default, rename = "db")]
    _db: Databases,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Databases {
    #[serde(rename = "postgres")]
    _postgres: Option<Postgres>,
    #[serde(rename = "redis")]
    _redis: Option<Redis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Postgres {
    #[serde(rename = "host")]
    _host: String,
    #[serde(rename = "port")]
    _port: Option<u16>,
    #[serde(rename = "database")]
    _database: String,
    #[serde(rename = "username")]
    _username: Option<String>,
    #[serde(rename = "password")]
    _password: Option<String>,
    #[serde(rename = "ssl_mode")]
    _ssl_mode: Option<SslMode>,
    #[serde(rename = "pool")]
    _pool: Option<BTreeMap<String, u32>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SslMode {
    Disable,
    Require,
    VerifyFull,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redis {
    #[serde(rename = "host")]
    _host: Option<String>,
    #[serde(rename = "port")]
    _port: Option<u16>,
    #[serde(rename = "database")]
    _database: Option<u32>,
    #[serde(rename = "password")]
    _password: Option<String>,
}

fn extension(case: &Case) -> &'static str {
    case.file
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
}

fn serde_yaml(case: &Case) -> Result<App, String> {
    if extension(case) != "yaml" {
        return Err(String::new());
    }
    serde_yaml::from_str(case.text).map_err(|error| error.to_string())
}

fn figment(case: &Case) -> Result<App, String> {
    let figment = match extension(case) {
        "yaml" => Figment::from(Yaml::string(case.text)),
        "toml" => Figment::from(Toml::string(case.text)),
        _ => Figment::from(Json::string(case.text)),
    };
    figment.extract().map_err(|error| error.to_string())
}

/// Its tables have no order, so that one of the mistakes is told by chance: here the first of the alphabet.
fn config(case: &Case) -> Result<App, String> {
    const TRIES: usize = 500;
    let errors = (1..TRIES).filter_map(|_| config_once(case).err());
    config_once(case).map_err(|error| errors.fold(error, Ord::min))
}

fn config_once(case: &Case) -> Result<App, String> {
    let format = match extension(case) {
        "yaml" => config::FileFormat::Yaml,
        "toml" => config::FileFormat::Toml,
        _ => config::FileFormat::Json,
    };
    let file = config::File::from_str(case.text, format);
    let built = config::Config::builder().add_source(file).build();
    let app = built.and_then(config::Config::try_deserialize);
    app.map_err(|error| error.to_string())
}
