//! Two types that answer to one name: found when the registry is first used, both places named.

use connreg::{Backend, ConnectError, ConnectionType, Connections, Context, Registry, connection};

/// The first with the name.
#[connection(type = "rabbit", category = "queue", aliases("bunny"))]
pub(crate) struct Rabbit {}

/// The second with the name, spelt differently.
#[connection(type = "hare", category = "queue", aliases("bun-ny"))]
pub(crate) struct Hare {}

impl Backend for Rabbit {
    type Client = ();
    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }
    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

impl Backend for Hare {
    type Client = ();
    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }
    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_clash_of_aliases_names_both_places_wherever_the_registry_is_used() {
    let lines = [Rabbit::TYPE.defined_at().1, Hare::TYPE.defined_at().1];
    let errors = [
        Registry::linked().unwrap_err(),
        ConnectionType::by_name("rabbit").unwrap_err(),
        Connections::builder()
            .environment([("", ""); 0])
            .load()
            .await
            .unwrap_err(),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(
            text.contains("two connection types answer to one name"),
            "{text}"
        );
        assert!(
            text.contains("`rabbit`") && text.contains("`hare`"),
            "{text}"
        );
        for line in lines {
            assert!(
                text.contains(&format!("registry_clash.rs:{line}")),
                "{text}"
            );
        }
    }
    assert_eq!(ConnectionType::all().count(), 0);
}

#[test]
fn a_registry_of_one_of_them_works() {
    let registry = Registry::from_types([Hare::TYPE]).unwrap();
    assert_eq!(registry.get("bunny").unwrap(), Hare::TYPE);
    assert_eq!(
        Registry::from_types([Hare::TYPE, Hare::TYPE])
            .unwrap()
            .len(),
        1
    );
}
