//! The link-time slices of all connection types and providers of secrets; beside generated code, the only file that names `linkme`.

use linkme::distributed_slice;

use crate::descriptor::Descriptor;
use crate::secrets::LinkedProvider;

/// Every connection type that this binary links.
///
/// The name carries the breaking version, so that two generations of this crate can live in one binary.
#[distributed_slice]
pub static CONNREG_0_1_TYPES: [Option<&'static Descriptor>];

/// Every provider of secrets that this binary links.
#[distributed_slice]
pub static CONNREG_0_1_SECRET_PROVIDERS: [Option<&'static LinkedProvider>];

// An empty slice makes some linkers fail, so there is always one element, a `None`.
connreg_macros::__never_empty!(CONNREG_0_1_TYPES, Descriptor);
connreg_macros::__never_empty!(CONNREG_0_1_SECRET_PROVIDERS, LinkedProvider);

/// The linked types, in the linker's order.
pub(crate) fn linked() -> impl Iterator<Item = &'static Descriptor> {
    CONNREG_0_1_TYPES.iter().copied().flatten()
}

/// The linked providers of secrets, in the linker's order.
pub(crate) fn linked_providers() -> impl Iterator<Item = &'static LinkedProvider> {
    CONNREG_0_1_SECRET_PROVIDERS.iter().copied().flatten()
}
