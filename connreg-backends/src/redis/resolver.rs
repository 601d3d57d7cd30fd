//! Names for the driver, looked up as connreg does: those of last time if nobody can tell.

use std::net::SocketAddr;
use std::time::Duration;

use ::redis::RedisFuture;
use ::redis::io::AsyncDNSResolver;
use connreg::resolve;

use super::error::OwnWord;

/// Looks names up, each within so long.
#[derive(Clone, Copy)]
pub(super) struct Resolver(pub(super) Duration);

impl AsyncDNSResolver for Resolver {
    fn resolve<'a, 'b: 'a>(
        &'a self,
        host: &'b str,
        port: u16,
    ) -> RedisFuture<'a, Box<dyn Iterator<Item = SocketAddr> + Send + 'a>> {
        Box::pin(async move {
            match resolve(host, port, self.0).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Box<_>),
                Err(error) => Err(OwnWord::of(&error).into_driver()),
            }
        })
    }
}
