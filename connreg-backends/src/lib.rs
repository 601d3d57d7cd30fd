//! Back ends for `connreg`, one cargo feature each.
#![forbid(unsafe_code)]
