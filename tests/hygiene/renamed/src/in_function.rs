//! Private types, within a function's body.

use ::renamed::{ConnectionType, connection};
use ::std::string::String;

/// The type that only this function knows.
pub fn kind() -> ConnectionType {
    const PORT: u16 = 7;

    #[connection(type = "in_function", category = "hygiene", crate = ::renamed)]
    struct Local {
        #[setting(default = PORT)]
        port: u16,
        #[setting(default = "here")]
        place: String,
    }

    impl ::renamed::Backend for Local {
        type Client = (u16, String);

        async fn connect(
            &self,
            _: &::renamed::Context,
        ) -> ::core::result::Result<Self::Client, ::renamed::ConnectError> {
            ::core::result::Result::Ok((self.port, ::core::clone::Clone::clone(&self.place)))
        }

        async fn check(_: &Self::Client) -> ::core::result::Result<(), ::renamed::ConnectError> {
            ::core::result::Result::Ok(())
        }
    }

    Local::TYPE
}

mod inner {
    /// Visible to the parent only.
    #[::renamed::connection(type = "half_private", category = "hygiene", crate = ::renamed)]
    pub(super) struct HalfPrivate {}

    backend!(HalfPrivate);
}

/// The type that only this module's parent knows.
pub fn half_private() -> ConnectionType {
    inner::HalfPrivate::TYPE
}
