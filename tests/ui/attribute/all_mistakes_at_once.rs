use connreg::connection;

#[connection(type = "Thing", categry = "db")]
struct Thing {
    #[setting(default = "x", rang = 1..=2)]
    size: u8,
    #[setting(secret)]
    password: String,
    timeout: std::time::Duration,
    #[setting(alias = "time_out")]
    deadline: std::time::Duration,
}

fn main() {}
