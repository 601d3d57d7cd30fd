//! A type that programs name only by `use linkage_first as _;`.
#![forbid(unsafe_code)]

use connreg::{Backend, ConnectError, Context, connection};

/// The first type.
#[connection(type = "linkage_first", category = "linkage")]
pub struct First {
    /// A number.
    #[setting(default = 1)]
    pub number: u8,
}

impl Backend for First {
    type Client = u8;

    async fn connect(&self, _: &Context) -> Result<u8, ConnectError> {
        Ok(self.number)
    }

    async fn check(_: &u8) -> Result<(), ConnectError> {
        Ok(())
    }
}
