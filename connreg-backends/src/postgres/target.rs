//! What to open: the servers to try, the session to ask for, and how it is protected.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::Config;

use super::conninfo::{Mistake, Parameters};
use super::place::Place;
use super::reading::Reading;
use super::settings::{SslMode, TargetSessionAttrs};
use crate::tls::{Roots, Tls, Verify};

/// Everything that opening one session takes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// In the order of trying.
    pub(crate) places: Vec<Place>,
    /// User, database, password and all that concerns neither the host nor TLS.
    pub(crate) session: Config,
    /// What a server has to be, if that was said.
    pub(crate) attributes: Option<TargetSessionAttrs>,
    /// Whether the order of trying is random.
    pub(crate) shuffle: bool,
    /// How long one host may take.
    pub(crate) host_timeout: Option<Duration>,
    pub(crate) passfile: Option<PathBuf>,
    pub(super) mode: Option<SslMode>,
    pub(super) roots: Option<Roots>,
    pub(super) tls: Tls,
}

impl Target {
    /// Reads parameters; later ones win.
    pub(crate) fn new(parameters: &Parameters) -> Result<Self, Mistake> {
        let mut reading = Reading::new();
        for (key, value) in parameters {
            reading.parameter(key, value)?;
        }
        reading.finish()
    }

    /// How a session with `place` is protected.
    pub(crate) fn mode(&self, place: &Place) -> SslMode {
        match (place, self.mode) {
            // The server does not speak TLS on sockets.
            (Place::Socket { .. }, _) => SslMode::Disable,
            (_, Some(mode)) => mode,
            (place, None) if place.is_local() => SslMode::Prefer,
            (_, None) => SslMode::VerifyFull,
        }
    }

    /// The TLS for `mode`.
    pub(crate) fn tls(&self, mode: SslMode) -> Tls {
        let verify = match mode {
            SslMode::VerifyFull => Verify::Full,
            SslMode::VerifyCa => Verify::Chain,
            // With roots at hand libpq checks the chain whatever the mode.
            _ if self.roots.is_some() => Verify::Chain,
            _ => Verify::Nothing,
        };
        let roots = self.roots.clone().unwrap_or(Roots::System);
        Tls {
            verify,
            roots,
            ..self.tls.clone()
        }
    }
}

#[cfg(test)]
mod tests;
