//! What kind of setting a field's type is, as far as its spelling tells.
//!
//! Only used to check literals early and to word messages; the generated code asks the type itself.

use syn::{Expr, GenericArgument, PathArguments, Type};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer(Integer),
    Float,
    Text,
    Duration,
    ByteSize,
    Url,
    Path,
    Secret,
    Reference,
    Option(Box<Self>),
    List(Box<Self>),
    Map(Box<Self>),
    /// A nested struct, an enum, an alias, a type of `serde`'s.
    Other,
}

/// An integer type by name, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Integer {
    pub(crate) name: &'static str,
    pub(crate) min: i128,
    pub(crate) max: i128,
}

impl Integer {
    /// Whether `number`, written as `at`, is one.
    pub(crate) fn check(&self, number: i128, at: &Expr) -> syn::Result<()> {
        if (self.min..=self.max).contains(&number) {
            return Ok(());
        }
        let message = format!("a `{}` takes {} to {}", self.name, self.min, self.max);
        Err(syn::Error::new_spanned(at, message))
    }
}

macro_rules! integers {
    ($($name:ident)*) => {
        const INTEGERS: &[Integer] = &[$(
            #[allow(clippy::cast_lossless, clippy::cast_possible_wrap)]
            Integer { name: stringify!($name), min: $name::MIN as i128, max: $name::MAX as i128 },
        )*];
    };
}

integers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

impl Kind {
    pub(crate) fn of(ty: &Type) -> Self {
        let path = match ty {
            Type::Group(group) => return Self::of(&group.elem),
            Type::Paren(paren) => return Self::of(&paren.elem),
            Type::Path(path) if path.qself.is_none() => &path.path,
            _ => return Self::Other,
        };
        let Some(last) = path.segments.last() else {
            return Self::Other;
        };
        let name = last.ident.to_string();
        let arguments: Vec<&Type> = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => arguments
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        if let Some(integer) = INTEGERS.iter().find(|integer| integer.name == name) {
            return Self::Integer(*integer);
        }
        match (name.as_str(), arguments.as_slice()) {
            ("bool", []) => Self::Bool,
            ("f32" | "f64", []) => Self::Float,
            ("String", []) => Self::Text,
            ("Duration", []) => Self::Duration,
            ("ByteSize", []) => Self::ByteSize,
            ("Url", []) => Self::Url,
            ("PathBuf", []) => Self::Path,
            ("Secret", []) => Self::Secret,
            ("ConnectionRef", [_]) => Self::Reference,
            ("Option", [inner]) => Self::Option(Box::new(Self::of(inner))),
            ("Vec", [inner]) => Self::List(Box::new(Self::of(inner))),
            ("HashMap" | "BTreeMap", [_, inner]) => Self::Map(Box::new(Self::of(inner))),
            _ => Self::Other,
        }
    }

    /// The kind without `Option`s around it.
    pub(crate) fn required(&self) -> &Self {
        match self {
            Self::Option(inner) => inner.required(),
            other => other,
        }
    }

    /// What it is called in a table of settings; `None` where only the type's name tells.
    pub(crate) fn label(&self) -> Option<String> {
        Some(match self {
            Self::Bool => "boolean".into(),
            Self::Integer(_) => "integer".into(),
            Self::Float => "number".into(),
            Self::Text => "text".into(),
            Self::Duration => "duration".into(),
            Self::ByteSize => "size".into(),
            Self::Url => "url".into(),
            Self::Path => "path".into(),
            Self::Secret => "secret".into(),
            Self::Reference => "connection".into(),
            Self::Option(inner) => inner.label()?,
            Self::List(inner) => format!("list of {}", inner.label()?),
            Self::Map(inner) => format!("map of {}", inner.label()?),
            Self::Other => return None,
        })
    }
}
