use connreg::Settings;

#[derive(Clone, Debug)]
struct Foreign;

#[derive(Settings)]
struct Thing {
    #[setting(serde)]
    field: Foreign,
}

fn main() {}
