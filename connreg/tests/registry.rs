//! Connection types: found by name, alias, id and category; told apart; told of when unknown.

use std::str::FromStr;

use connreg::{Backend, ConnectError, ConnectionType, Context, ErrorKind, Registry, connection};

macro_rules! does_nothing {
    ($($backend:ty),*) => {$(
        impl Backend for $backend {
            type Client = ();
            async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
                Ok(())
            }
            async fn check(_client: &()) -> Result<(), ConnectError> {
                Ok(())
            }
        }
    )*};
}

/// A shelf of books.
#[connection(type = "book-shelf", category = "storage", aliases("shelf"))]
pub(crate) struct BookShelf {
    /// How many books fit.
    #[setting(default = 40)]
    pub(crate) capacity: u16,
}

/// A heap of papers.
#[connection(type = "heap", category = "storage")]
pub(crate) struct Heap {}

/// A telephone.
#[connection(type = "telephone", category = "external")]
pub(crate) struct Telephone {}

does_nothing!(Heap, Telephone);

impl Backend for BookShelf {
    type Client = u16;

    async fn connect(&self, _context: &Context) -> Result<u16, ConnectError> {
        Ok(self.capacity)
    }

    async fn check(_client: &u16) -> Result<(), ConnectError> {
        Ok(())
    }
}

#[test]
fn types_are_found_by_name_and_alias_as_configuration_writes_them() {
    for name in [
        "book-shelf",
        "BookShelf",
        "book_shelf",
        "BOOKSHELF",
        "shelf",
        "Shelf",
    ] {
        assert_eq!(
            ConnectionType::by_name(name).unwrap(),
            BookShelf::TYPE,
            "{name}"
        );
        assert_eq!(
            ConnectionType::from_str(name).unwrap(),
            BookShelf::TYPE,
            "{name}"
        );
    }
}

#[test]
fn a_handle_tells_all_of_its_type() {
    let shelf = BookShelf::TYPE;
    assert_eq!((shelf.name(), shelf.category()), ("book-shelf", "storage"));
    assert_eq!(shelf.aliases(), ["shelf"]);
    assert_eq!(shelf.doc(), "A shelf of books.");
    assert_eq!(
        (shelf.package(), shelf.version()),
        ("connreg", env!("CARGO_PKG_VERSION"))
    );
    let (file, line) = shelf.defined_at();
    assert!(file.ends_with("registry.rs") && line > 0, "{file}:{line}");
    let capacity = &shelf.settings()[0];
    assert_eq!((capacity.name, capacity.default), ("capacity", Some("40")));
    assert_eq!(
        format!("{shelf} {shelf:?}"),
        "book-shelf ConnectionType(book-shelf)"
    );
}

#[test]
fn ids_are_dense_and_in_the_order_of_names() {
    let all: Vec<_> = ConnectionType::all().collect();
    assert_eq!(all, [BookShelf::TYPE, Heap::TYPE, Telephone::TYPE]);
    for (id, kind) in all.iter().enumerate() {
        assert_eq!(kind.id(), Some(id));
        assert_eq!(ConnectionType::by_id(id), Some(*kind));
    }
    assert_eq!(ConnectionType::by_id(all.len()), None);
    let storage: Vec<_> = ConnectionType::by_category("Storage").collect();
    assert_eq!(storage, [BookShelf::TYPE, Heap::TYPE]);
}

#[test]
fn an_unknown_name_is_told_with_what_there_is_and_what_may_be_missing() {
    let error = ConnectionType::by_name("telefone").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "there is no connection type `telefone`; \
         did you mean `telephone`? linked: book-shelf, heap, telephone"
    );
    let error = ConnectionType::by_name("postgresql")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("enable the feature `postgres` of connreg-backends"),
        "{error}"
    );
    assert!(error.contains("use connreg_backends as _;"), "{error}");
    let error = ConnectionType::by_name("carrier-pigeon")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("linked: book-shelf, heap, telephone"),
        "{error}"
    );
}

#[test]
fn a_type_is_written_as_its_name_and_read_from_any_of_its_names() {
    let written = serde_json::to_string(&BookShelf::TYPE).unwrap();
    assert_eq!(written, r#""book-shelf""#);
    for text in [r#""book-shelf""#, r#""Shelf""#] {
        assert_eq!(
            serde_json::from_str::<ConnectionType>(text).unwrap(),
            BookShelf::TYPE
        );
    }
    let error = serde_json::from_str::<ConnectionType>(r#""heep""#).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `heap`?"),
        "{error}"
    );
}

#[test]
fn a_registry_tells_which_types_come_from_where() {
    let registry = Registry::linked().unwrap();
    assert_eq!(registry.len(), 3);
    let text = registry.to_string();
    let line = text.lines().find(|line| line.starts_with("heap")).unwrap();
    assert!(
        line.contains("storage") && line.contains("connreg 0.1.0"),
        "{line}"
    );
    assert!(line.contains("registry.rs:"), "{line}");
    assert!(text.starts_with("3 connection types\n"), "{text}");
}

#[tokio::test]
async fn an_explicit_registry_has_its_own_types_and_no_others() {
    let registry = Registry::from_types([Heap::TYPE]).unwrap();
    assert_eq!(registry.types(), [Heap::TYPE]);
    let builder = connreg::Connections::builder()
        .environment([("", ""); 0])
        .registry(registry);
    let error = builder
        .set("line.type", "telephone")
        .load()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("there is no connection type `telephone`"),
        "{error}"
    );
    assert!(error.contains("linked: heap"), "{error}");
}
