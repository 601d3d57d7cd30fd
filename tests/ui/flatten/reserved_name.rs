use connreg::{Backend, ConnectError, Context, Settings, connection};

#[derive(Settings)]
struct Inner {
    #[setting(default = 5)]
    pool_size: u32,
}

#[connection(type = "thing", category = "db")]
struct Thing {
    #[setting(flatten)]
    inner: Inner,
}

impl Backend for Thing {
    type Client = u64;

    async fn connect(&self, _: &Context) -> Result<u64, ConnectError> {
        Ok(1)
    }

    async fn check(_: &u64) -> Result<(), ConnectError> {
        Ok(())
    }
}

fn main() {}
