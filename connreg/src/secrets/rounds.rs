//! Reading configuration that refers to secrets.
//!
//! Reading is a plain function of files, environment and the secrets looked up so far, and blocks; looking secrets up
//! waits. So reading notes what it lacks, that is looked up side by side, and reading begins again. Nothing blocks a
//! thread while a provider is asked, and dropping the load ends the lookups.

use std::sync::Arc;

use super::{Lookups, Secrets};
use crate::config::Options;
use crate::error::{Error, ErrorKind};

/// Runs `read` on a thread where it may block, again for as long as it lacks secrets that can be looked up.
///
/// # Errors
///
/// What is wrong with the providers themselves; or the runtime shuts down.
pub(crate) async fn resolved<T: Send + 'static>(
    options: Options,
    read: impl Fn(&Options) -> T + Send + Sync + 'static,
) -> Result<T, Error> {
    let secrets = Secrets {
        lookups: Arc::new(Lookups::default()),
        ..options.secrets
    };
    secrets.providers.assemble()?;
    let options = Options {
        secrets: secrets.clone(),
        ..options
    };
    let shared = Arc::new((options, read));
    loop {
        let work = Arc::clone(&shared);
        let done = tokio::task::spawn_blocking(move || {
            let (options, read) = &*work;
            read(options)
        });
        let result = match done.await {
            Ok(result) => result,
            Err(error) => {
                // A bug of ours must not pass for a mistake of the user's.
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
                let message = "reading the configuration was cut off: the runtime shuts down";
                return Err(Error::usage(ErrorKind::Closed, message, None));
            }
        };
        // Each round resolves the placeholders that the next ones stand in, and these are not nested without end.
        if !secrets.lookups.is_wanting() {
            return Ok(result);
        }
        secrets.look_up().await;
    }
}
