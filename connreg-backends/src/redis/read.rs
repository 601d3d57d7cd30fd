//! Reading what one has written, in spite of replicas that are behind.

use std::fmt;
use std::sync::Arc;

use connreg::topology::LastWrite;

use super::commands::{Commands, Session};

/// Reads from replicas and writes to the master, such that what was written is read: made by
/// [`Client::read_your_writes`](super::Client::read_your_writes). Cheap to clone; clones remember the same writes.
///
/// For 2 s after a write its reads go to the master.
///
/// # Examples
///
/// ```
/// # async fn rename(redis: &connreg_backends::redis::Client) -> connreg_backends::redis::driver::RedisResult<()> {
/// use connreg_backends::redis::driver::AsyncCommands;
///
/// let user = redis.read_your_writes();
/// let () = user.commands().set("user:7:name", "Ada").await?;
/// let name: String = user.read().get("user:7:name").await?; // already from the master
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReadYourWrites {
    commands: Commands,
    read: Commands,
}

impl ReadYourWrites {
    pub(super) fn new(mut commands: Commands, mut read: Commands) -> Self {
        let last = Arc::<LastWrite>::default();
        commands.session = Session::Writes(Arc::clone(&last));
        read.session = Session::Reads(last);
        Self { commands, read }
    }

    /// The handle for commands that write; whatever is sent through it counts as a write.
    pub fn commands(&self) -> Commands {
        self.commands.clone()
    }

    /// The handle for reads.
    pub fn read(&self) -> Commands {
        self.read.clone()
    }
}

impl fmt::Debug for ReadYourWrites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadYourWrites").finish_non_exhaustive()
    }
}
