//! Programs a user would copy; see the `[[example]]` targets.
