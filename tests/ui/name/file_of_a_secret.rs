use connreg::{Secret, Settings};

#[derive(Settings)]
struct Thing {
    password: Secret,
    password_file: Option<std::path::PathBuf>,
}

fn main() {}
