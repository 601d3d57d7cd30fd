use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(max_len = 100)]
    field: std::path::PathBuf,
}

fn main() {}
