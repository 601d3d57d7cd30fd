//! The link-time slice of all connection types; beside generated code, the only file that names `linkme`.

use linkme::distributed_slice;

use crate::descriptor::Descriptor;

/// Every connection type that this binary links.
///
/// The name carries the breaking version, so that two generations of this crate can live in one binary.
#[distributed_slice]
pub static CONNREG_0_1_TYPES: [Option<&'static Descriptor>];

// An empty slice makes some linkers fail, so there is always one element, a `None`.
connreg_macros::__never_empty!();

/// The linked types, in the linker's order.
pub(crate) fn linked() -> impl Iterator<Item = &'static Descriptor> {
    CONNREG_0_1_TYPES.iter().copied().flatten()
}
