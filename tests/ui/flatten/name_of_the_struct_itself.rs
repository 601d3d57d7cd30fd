use connreg::Settings;

#[derive(Settings)]
struct Inner {
    host_name: String,
}

#[derive(Settings)]
struct Thing {
    hostname: String,
    #[setting(flatten)]
    inner: Inner,
}

fn main() {}
