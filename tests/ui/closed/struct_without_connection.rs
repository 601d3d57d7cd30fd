struct Thing {}

connreg::connection_enum! {
    enum Store {
        Thing,
    }
}

fn main() {}
