use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "64 pounds")]
    field: connreg::ByteSize,
}

fn main() {}
