//! The providers that the linker found: one constant each, made by `#[secret_provider]`.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::provider::SecretProvider;
use crate::error::{Error, ErrorKind};
use crate::slice;

/// What the macro writes down of an annotated provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderDeclaration {
    /// `name = "…"`.
    pub name: &'static str,
    /// `CARGO_PKG_NAME` of the defining crate.
    pub package: &'static str,
    /// `CARGO_PKG_VERSION` of the defining crate.
    pub version: &'static str,
    /// `file!()` of the definition.
    pub file: &'static str,
    /// `line!()` of the definition, from 1.
    pub line: u32,
}

/// A provider, erased: its declaration, and how one is made.
pub struct LinkedProvider {
    pub(super) declaration: ProviderDeclaration,
    pub(super) make: fn() -> Arc<dyn SecretProvider>,
}

impl LinkedProvider {
    /// The provider `P`.
    pub const fn of<P: SecretProvider + Default>(declaration: ProviderDeclaration) -> Self {
        Self {
            declaration,
            make: || Arc::new(P::default()),
        }
    }

    fn place(&self) -> String {
        let d = &self.declaration;
        format!("{} {}, {}:{}", d.package, d.version, d.file, d.line)
    }
}

impl fmt::Debug for LinkedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedProvider")
            .field("declaration", &self.declaration)
            .finish_non_exhaustive()
    }
}

/// The linked providers, by name; assembled once. Two of one name are an error that names both places.
pub(super) fn linked() -> Result<&'static [&'static LinkedProvider], Error> {
    static LINKED: OnceLock<Result<Vec<&'static LinkedProvider>, Error>> = OnceLock::new();
    LINKED
        .get_or_init(|| assemble(slice::linked_providers().collect()))
        .as_ref()
        .map(Vec::as_slice)
        .map_err(Clone::clone)
}

fn assemble(
    mut providers: Vec<&'static LinkedProvider>,
) -> Result<Vec<&'static LinkedProvider>, Error> {
    providers.sort_by_key(|provider| (provider.declaration.name, provider.place()));
    // One crate may be linked twice into its own tests.
    providers.dedup_by_key(|provider| (provider.declaration.name, provider.place()));
    let clashes: Vec<String> = providers
        .windows(2)
        .filter(|pair| pair[0].declaration.name == pair[1].declaration.name)
        .map(|pair| {
            let name = pair[0].declaration.name;
            format!(
                "`{name}` is both {} and {}",
                pair[0].place(),
                pair[1].place()
            )
        })
        .collect();
    if clashes.is_empty() {
        return Ok(providers);
    }
    let message = format!(
        "two providers of secrets have one name: {}",
        clashes.join("; ")
    );
    let help = "rename one of them, or drop the crate".to_owned();
    Err(Error::usage(ErrorKind::Configuration, message, Some(help)))
}
