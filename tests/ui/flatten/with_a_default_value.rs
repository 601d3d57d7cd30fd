use connreg::Settings;
#[derive(Settings)]
struct Inner {}

#[derive(Settings)]
struct Thing {
    #[setting(flatten, default = Inner {})]
    field: Inner,
}

fn main() {}
