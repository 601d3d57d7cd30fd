//! The server: it does what a fail point says.

use std::sync::Mutex;
use std::time::Duration;

use connreg::pool::Manage;
use connreg::{ConnectError, ErrorKind};
use tokio::time::sleep;

use crate::case::{FailPoint, Failure, Mode};

/// Their code for a credential that is not taken.
const AUTHENTICATION_FAILED: u32 = 18;

#[derive(Default)]
pub(crate) struct Server(Mutex<Option<FailPoint>>);

impl Server {
    pub(crate) fn set(&self, point: Option<FailPoint>) {
        *self.0.lock().unwrap() = point;
    }

    /// What befalls the next connection.
    fn next(&self) -> Failure {
        let mut point = self.0.lock().unwrap();
        let Some(FailPoint { mode, data }) = point.as_mut() else {
            return Failure::default();
        };
        match mode {
            Mode::AlwaysOn => *data,
            Mode::Times(0) => Failure::default(),
            Mode::Times(left) => {
                *left -= 1;
                *data
            }
        }
    }
}

pub(crate) struct Client(pub(crate) std::sync::Arc<Server>);

/// A connection, of which nothing is asked but to be there.
pub(crate) struct Link;

impl Manage for Client {
    type Connection = Link;

    async fn connect(&self) -> Result<Link, ConnectError> {
        let failure = self.0.next();
        if failure.block_connection {
            sleep(Duration::from_millis(failure.block_ms)).await;
        }
        if failure.close_connection {
            return Err(ConnectError::new(
                ErrorKind::Refused,
                "closed by the fail point",
            ));
        }
        match failure.error_code {
            None => Ok(Link),
            Some(AUTHENTICATION_FAILED) => {
                let message = "refused by the fail point";
                Err(ConnectError::new(ErrorKind::Authentication, message))
            }
            Some(code) => {
                let message = format!("error {code} by the fail point");
                Err(ConnectError::new(ErrorKind::Other, message))
            }
        }
    }

    async fn test(&self, _link: &mut Link) -> Result<(), ConnectError> {
        Ok(())
    }

    fn is_broken(&self, _link: &mut Link) -> bool {
        false
    }
}
