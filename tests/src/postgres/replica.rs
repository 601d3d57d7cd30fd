//! Servers that follow another one, and change places with it.

use std::fs;

use super::{Postgres, USER, program};
use crate::error::{HarnessError, or_panic};
use crate::place::Folder;
use crate::process::run;

/// Replication, of a server that was started [`replicated`](super::PostgresOptions::replicated).
impl Postgres {
    /// A new server that follows this one and takes no writes, from a copy of all that is there.
    ///
    /// # Panics
    ///
    /// When it can't be copied or started; the message says why.
    #[must_use]
    pub fn replica(&self) -> Self {
        or_panic(self.try_replica())
    }

    fn try_replica(&self) -> Result<Self, HarnessError> {
        let folder = Folder::new("postgres")?;
        self.copy_to(&folder)?;
        let (source, options) = (self.source.clone(), self.options.clone());
        Self::launch(source, options, folder, self.password.clone())
    }

    /// Ends recovery: a standby becomes a primary of its own. Returns when it takes writes.
    ///
    /// # Panics
    ///
    /// When it does not within a minute, or is no standby.
    pub fn promote(&self) {
        let mut promote = program(&self.source, "pg_ctl", &self.folder);
        promote
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["promote", "--wait"]);
        or_panic(run(promote).map(drop));
    }

    /// Stops this server if it is up, forgets what it has, and starts it again on the same port as a standby of
    /// `primary`.
    ///
    /// # Panics
    ///
    /// When `primary` can't be copied, or the server does not come back.
    pub fn restart_as_standby_of(&self, primary: &Self) {
        self.server.stop();
        self.remove_segment();
        let data = self.folder.path().join("data");
        let removed = fs::remove_dir_all(&data)
            .map_err(|error| HarnessError::failed("can't remove a server's data", error));
        or_panic(removed.and_then(|()| primary.copy_to(&self.folder)));
        self.server.restart();
    }

    /// Copies everything into `folder`, with what makes the copy follow this server.
    fn copy_to(&self, folder: &Folder) -> Result<(), HarnessError> {
        if !self.options.replicated {
            let message = "this Postgres has no replicas: start it with `replicated`";
            return Err(HarnessError::Failed(message.to_owned()));
        }
        let mut copy = program(&self.source, "pg_basebackup", folder);
        copy.args(["-h", self.host(), "-U", USER, "-R", "-X", "stream"])
            .args(["-p", &self.port().to_string()])
            .args(["-c", "fast", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .env("PGPASSWORD", &self.password);
        run(copy).map(drop)
    }
}
