connreg::connection_enum! {
    enum Store {
        "postgres",
    }
}

fn main() {}
