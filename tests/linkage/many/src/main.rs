//! A thousand connection types: says how many there are, and how many microseconds pass until they can be looked up.
//!
//! All are declared for one struct, as the macro declares them: a thousand structs would take minutes to compile, and
//! the registry can't tell the difference.

use std::time::Instant;

use connreg::private::{CONNREG_0_1_TYPES, Declaration, Descriptor, linkme};
use connreg::{Backend, ConnectError, Context, Registry, connection};

/// The one struct.
#[connection(type = "many", category = "many")]
pub struct Many {}

impl Backend for Many {
    type Client = ();

    async fn connect(&self, _: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check((): &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

macro_rules! declare {
    ($descriptor:ident, $element:ident, $name:literal, [$($alias:literal)?]) => {
        static $descriptor: Descriptor = Descriptor::of::<Many>(Declaration {
            name: $name,
            category: "many",
            aliases: &[$($alias)?],
            sections: &[],
            doc: "",
            provides: &[],
            rust_name: "Many",
            package: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            file: file!(),
            line: line!(),
        });

        #[linkme::distributed_slice(CONNREG_0_1_TYPES)]
        #[linkme(crate = linkme)]
        static $element: Option<&'static Descriptor> = Some(&$descriptor);
    };
}

include!(concat!(env!("OUT_DIR"), "/types.rs"));

fn main() -> Result<(), connreg::Error> {
    let start = Instant::now();
    let registry = Registry::linked()?;
    let found = registry.get("MANY-999")?;
    let elapsed = start.elapsed();
    assert_eq!(found.name(), "many_999");
    println!("{} {}", registry.len(), elapsed.as_micros());
    Ok(())
}
