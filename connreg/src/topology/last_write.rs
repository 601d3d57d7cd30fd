//! Reading what one has written, in spite of replicas that are behind.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::TopologySettings;

/// When a session last wrote.
///
/// # Examples
///
/// ```
/// use connreg::topology::{LastWrite, TopologySettings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (session, settings) = (LastWrite::new(), TopologySettings::default());
/// assert!(!session.is_recent(&settings));
/// session.wrote();
/// assert!(session.is_recent(&settings)); // for two seconds: read from the primary
/// # }
/// ```
#[derive(Debug, Default)]
pub struct LastWrite(Mutex<Option<Instant>>);

impl LastWrite {
    /// Of a session that has not written.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// It writes. To be called when the write begins and when it ends: it may have arrived even if its answer does not.
    pub fn wrote(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a replica may not have got its last write yet: reads go to the primary.
    pub fn is_recent(&self, settings: &TopologySettings) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() < settings.read_your_writes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_wrote_reads_from_the_primary_for_two_seconds() {
        let (session, settings) = (LastWrite::new(), TopologySettings::default());
        assert!(!session.is_recent(&settings));
        session.wrote();
        advance(Duration::from_millis(1_999)).await;
        assert!(session.is_recent(&settings));
        advance(Duration::from_millis(1)).await;
        assert!(!session.is_recent(&settings));
    }
}
