//! Fields and words that are there under a condition.

use ::renamed::connection;
use ::std::string::String;

/// A type whose fields depend on features.
#[connection(type = "conditional", category = "hygiene", crate = ::renamed)]
pub struct Conditional {
    /// Always there.
    #[cfg_attr(not(feature = "extra"), setting(default = "plain"))]
    #[cfg_attr(feature = "extra", setting(default = "extra"))]
    pub always: String,
    /// There with the feature; its type does not exist otherwise.
    #[cfg(feature = "extra")]
    #[setting(default)]
    pub extra: Extra,
    /// There without the feature.
    #[cfg(not(feature = "extra"))]
    #[setting(default = 1)]
    pub plain: u8,
}

/// Only there with the feature.
#[cfg(feature = "extra")]
#[derive(::renamed::Settings)]
#[setting(crate = ::renamed)]
pub struct Extra {
    /// A number.
    #[setting(default = 2)]
    pub number: u8,
}

backend!(Conditional);
