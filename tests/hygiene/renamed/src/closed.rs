//! A closed set of types.

::renamed::connection_enum! {
    /// Some of this crate's types.
    pub enum Closed {
        crate::every_word::EveryWord,
        crate::shadowed::Shadowed,
        #[cfg(feature = "extra")]
        crate::from_macro::First,
    }
}
