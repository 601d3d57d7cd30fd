//! The broken files, and the lines of their mistakes.

pub(crate) const SECRET: &str = "hunter2";

pub(crate) struct Case {
    pub(crate) title: &'static str,
    pub(crate) file: &'static str,
    pub(crate) text: &'static str,
    /// One for each mistake.
    pub(crate) lines: &'static [u32],
    /// Whether the page shows in full what everybody says.
    pub(crate) example: bool,
}

impl Case {
    pub(crate) fn heading(&self) -> String {
        let mut letters = self.title.chars();
        let first = letters.next().map(char::to_uppercase);
        first.into_iter().flatten().chain(letters).collect()
    }
}

const fn case(
    title: &'static str,
    file: &'static str,
    text: &'static str,
    lines: &'static [u32],
) -> Case {
    Case {
        title,
        file,
        text,
        lines,
        example: false,
    }
}

const fn example(
    title: &'static str,
    file: &'static str,
    text: &'static str,
    lines: &'static [u32],
) -> Case {
    Case {
        title,
        file,
        text,
        lines,
        example: true,
    }
}

pub(crate) const CASES: &[Case] = &[
    example(
        "four mistakes in two tables",
        "application.yaml",
        "db:\n  postgres:\n    hots: db.internal\n    port: 54x32\n    database: shop\n    ssl_mode: verify_everything\n    password: hunter2\n    username: app\n  redis:\n    port: 637900\n",
        &[3, 4, 6, 10],
    ),
    case(
        "a password that begins with `@`",
        "application.yaml",
        "db:\n  postgres:\n    host: db.internal\n    database: shop\n    password: @hunter2\n    prot: 5432\n    username: app\n",
        &[5, 6],
    ),
    example(
        "a password that is no text",
        "application.yaml",
        "db:\n  postgres:\n    host: db.internal\n    database: shop\n    password: [hunter2]\n    username: app\n  redis:\n    password: {hunter2: x}\n",
        &[5, 8],
    ),
    case(
        "a misspelt key of a password",
        "application.yaml",
        "db:\n  postgres:\n    host: db.internal\n    database: shop\n    pasword: hunter2\n    pool: {max_size: 0}\n    username: app\n",
        &[5, 6],
    ),
    case(
        "a colon is missing",
        "application.yaml",
        "db:\n  postgres:\n    host db.internal\n    database: shop\n    port: 0x1ffff\n    username: app\n",
        &[3, 5],
    ),
    case(
        "a quote is not closed",
        "application.yaml",
        "db:\n  postgres:\n    host: db.internal\n    database: shop\n    password: \"hunter2\n    port: many\n    username: app\n",
        &[5, 6],
    ),
    case(
        "a key is there twice, another in the wrong place",
        "application.yaml",
        "db:\n  postgres:\n    host: db.internal\n    database: shop\n    database: store\n    username: app\n  redis:\n    hots: db.internal\n",
        &[5, 8],
    ),
    case(
        "three kinds of mistake",
        "application.toml",
        "[db.postgres]\nhots = \"db.internal\"\nport = \"many\"\ndatabase = \"shop\"\nusername = \"app\"\n\n[db.redis]\ndatabase = -1\n",
        &[2, 3, 8],
    ),
    case(
        "texts without quotes",
        "application.toml",
        "[db.postgres]\nhost = db.internal\ndatabase = \"shop\"\npassword = hunter2\nport = 70000\nusername = \"app\"\n",
        &[2, 4, 5],
    ),
    case(
        "a password without quotes",
        "application.toml",
        "[db.postgres]\nhost = \"db.internal\"\ndatabase = \"shop\"\nusername = \"app\"\npassword = hunter2\nport = 70000\n",
        &[5, 6],
    ),
    case(
        "a list is not closed",
        "application.toml",
        "[db.redis]\nnodes = [\"a:6379\", \"b:6379\"\nport = 0\n",
        &[2, 3],
    ),
    example(
        "commas are missing",
        "application.json",
        "{\n  \"db\": {\n    \"postgres\": {\n      \"host\": \"db.internal\"\n      \"database\": \"shop\",\n      \"username\": \"app\",\n      \"password\": \"hunter2\"\n      \"port\": \"many\"\n    }\n  }\n}\n",
        &[4, 7, 8],
    ),
];
