use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(default = "30 sekunden")]
    field: Option<Duration>,
}

fn main() {}
