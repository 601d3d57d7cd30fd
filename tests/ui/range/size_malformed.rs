use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = "1 KiB..=many")]
    field: connreg::ByteSize,
}

fn main() {}
