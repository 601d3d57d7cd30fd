use connreg::Settings;

#[derive(Clone, Debug)]
struct Inner;

#[derive(Settings)]
struct Thing {
    inner: Inner,
}

fn main() {}
