//! One set of connections for the whole process, for programs that don't hand theirs around.
//!
//! # Examples
//!
//! ```no_run
//! # async fn example() -> Result<(), connreg::Error> {
//! connreg::global::init(connreg::Connections::load("config").await?)?;
//! // Anywhere in the program:
//! let names = connreg::global()?.list();
//! // At its end:
//! connreg::global::close_all().await;
//! # Ok(())
//! # }
//! ```

use std::sync::{PoisonError, RwLock};

use crate::connections::{CloseReport, Connections};
use crate::error::{Error, ErrorKind};

static CONNECTIONS: RwLock<Option<Connections>> = RwLock::new(None);

/// Makes `connections` those of the process.
///
/// # Errors
///
/// There are some already, which stay; [`close_all`] makes room for others.
pub fn init(connections: Connections) -> Result<(), Error> {
    let mut global = CONNECTIONS.write().unwrap_or_else(PoisonError::into_inner);
    if global.is_some() {
        let help = "call `init` once, or `global::close_all` before";
        let message = "the process has its connections already";
        return Err(Error::usage(
            ErrorKind::Configuration,
            message,
            Some(help.to_owned()),
        ));
    }
    *global = Some(connections);
    Ok(())
}

/// The connections of the process.
///
/// # Errors
///
/// [`init`] has not been called, or [`close_all`] has.
pub fn get() -> Result<Connections, Error> {
    let global = CONNECTIONS.read().unwrap_or_else(PoisonError::into_inner);
    global.clone().ok_or_else(|| {
        let help = "call `connreg::global::init` first";
        let message = "the process has no connections";
        Error::usage(ErrorKind::Closed, message, Some(help.to_owned()))
    })
}

/// Takes the connections from the process and closes them all. `None`: there were none.
pub async fn close_all() -> Option<CloseReport> {
    let connections = CONNECTIONS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .take()?;
    Some(connections.close().await)
}
