//! A C library with connection types. It can't forbid unsafe code: a symbol with a name of its own counts as that.

use connreg::ConnectionType;
use linkage_first as _;
use linkage_second as _;

/// How many connection types there are, for `main.c`.
#[unsafe(no_mangle)]
pub extern "C" fn linkage_count() -> usize {
    ConnectionType::all().count()
}
