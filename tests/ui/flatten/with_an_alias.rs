use connreg::Settings;
#[derive(Settings)]
struct Inner {}

#[derive(Settings)]
struct Thing {
    #[setting(flatten, alias = "x")]
    field: Inner,
}

fn main() {}
