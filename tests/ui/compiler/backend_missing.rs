use connreg::connection;

/// A thing.
#[connection(type = "thing", category = "db")]
pub struct Thing {
    /// Where it is.
    #[setting(default = "localhost")]
    pub host: String,
}

fn main() {}
