//! The `#[connection]` attribute and the `Settings` derive of `connreg`.
