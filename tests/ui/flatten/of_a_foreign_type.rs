use connreg::Settings;

#[derive(Clone, Debug)]
struct Inner;

#[derive(Settings)]
struct Thing {
    #[setting(flatten)]
    inner: Inner,
}

fn main() {}
