use connreg::{Backend, ConnectError, Context, connection};

#[connection(type = "thing", category = "db")]
struct Thing {}

impl Backend for Thing {
    type Client = u64;

    async fn connect(&self, _: &Context) -> Result<u64, ConnectError> {
        Ok(1)
    }

    async fn check(_: &u64) -> Result<(), ConnectError> {
        Ok(())
    }
}

connreg::connection_enum! {
    enum Store {
        Thing,
    }
}

fn forgetful(store: Store) {
    match store {}
}

fn main() {}
