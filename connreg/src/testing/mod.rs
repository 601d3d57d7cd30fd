//! For tests of back ends: what each capability promises, as a suite that any implementation can be put through.

pub mod key_value;
