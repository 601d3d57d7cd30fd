//! Closing when the system asks the program to end.

use std::io;

use crate::connections::{CloseReport, Connections};

/// Resolves when the program is asked to end: by `SIGTERM` or `SIGINT`, elsewhere by Ctrl-C.
///
/// From its first poll on, these signals don't end the process by themselves.
///
/// # Errors
///
/// The system does not let signals be listened to.
#[cfg(unix)]
pub async fn shutdown_signal() -> io::Result<()> {
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    std::future::poll_fn(|context| {
        let told =
            terminate.poll_recv(context).is_ready() || interrupt.poll_recv(context).is_ready();
        if told { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    Ok(())
}

/// Resolves when the program is asked to end: by Ctrl-C, on Unix by `SIGTERM` too.
///
/// # Errors
///
/// The system does not let signals be listened to.
#[cfg(not(unix))]
pub async fn shutdown_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

impl Connections {
    /// Waits until the program is asked to end ([`shutdown_signal`]), then closes as [`close`](Self::close) does.
    ///
    /// # Errors
    ///
    /// The system does not let signals be listened to; nothing is closed then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(connections: connreg::Connections) -> std::io::Result<()> {
    /// let report = connections.close_on_signal().await?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn close_on_signal(&self) -> io::Result<CloseReport> {
        shutdown_signal().await?;
        Ok(self.close().await)
    }
}
