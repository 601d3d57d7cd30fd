//! What other readers say of the same broken files: `docs/comparison-errors.md` is this program's output.
//!
//! `UPDATE_EXPECT=1` writes the page anew.

mod cases;
mod others;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use connreg::Connections;
use connreg::config::{Report, Severity, Style};
use connreg_backends as _;

use self::cases::{CASES, Case, SECRET};
use self::others::{READERS, Reader};

/// What one reader said of one file.
struct Verdict {
    /// The mistakes that it told, by line; those without a line are only counted.
    lines: BTreeSet<u32>,
    told: usize,
    secret: bool,
    text: String,
}

impl Verdict {
    /// How many of the mistakes it placed.
    fn placed(&self, case: &Case) -> usize {
        let lines = case.lines.iter();
        lines.filter(|line| self.lines.contains(line)).count()
    }

    /// How many of the mistakes it found, whether it knew the places, and whether it showed the secret.
    fn cell(&self, case: &Case) -> String {
        let expected = case.lines.len();
        let place = match (self.told, self.placed(case)) {
            (0, _) => "",
            (1, 1) => ", with its line",
            (told, placed) if placed == told => ", each with its line",
            _ if self.lines.is_empty() && self.text.contains("for key") => ", its key and no line",
            _ if self.lines.is_empty() => ", no line",
            _ => ", another line",
        };
        let secret = if self.secret {
            ", **shows the secret**"
        } else {
            ""
        };
        format!("{} of {expected}{place}{secret}", self.told)
    }
}

/// What one reader said of all files that it reads.
#[derive(Clone, Default)]
struct Sum {
    mistakes: usize,
    told: usize,
    lines: usize,
    secrets: usize,
}

impl Sum {
    fn add(&mut self, verdict: &Verdict, case: &Case) {
        self.mistakes += case.lines.len();
        self.told += verdict.told;
        self.lines += verdict.placed(case);
        self.secrets += usize::from(verdict.secret);
    }
}

async fn connreg(case: &Case) -> Verdict {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(case.file), case.text).expect("a file");
    let loading = Connections::builder()
        .directory(folder.path())
        .environment(Vec::<(String, String)>::new())
        .load()
        .await;
    let error = loading.expect_err("every case is broken");
    let report: &Report = error.report().expect("a report");
    let errors = || {
        let all = report.mistakes().iter();
        all.filter(|mistake| mistake.severity() == Severity::Error)
    };
    let line = |mistake: &connreg::config::Mistake| Some(mistake.origin()?.span()?.line);
    let text = report.render(Style::Plain);
    Verdict {
        lines: errors().filter_map(line).collect(),
        told: errors().count(),
        secret: text.contains(SECRET),
        text: text.replace(&format!("{}/", folder.path().display()), ""),
    }
}

/// The line that a message names: `at line 3 column 7`.
fn line(message: &str) -> Option<u32> {
    let (_, behind) = message.split_once("line ")?;
    let end = behind.find(|c: char| !c.is_ascii_digit());
    behind[..end.unwrap_or(behind.len())].parse().ok()
}

fn other(reader: &Reader, case: &Case) -> Verdict {
    let text = (reader.read)(case).err().unwrap_or_default();
    Verdict {
        lines: line(&text).into_iter().collect(),
        told: usize::from(!text.is_empty()),
        secret: text.contains(SECRET),
        text,
    }
}

const HEAD: &str = "\
# What is said of broken configuration

The same broken files, read by connreg and by three libraries that configuration is often read with, each into structs
that refuse unknown fields. They are general readers, and stop at the first mistake; connreg knows the types of
connections and reads on. The test `comparison` writes this page from what each of them says.

A cell tells how many of the mistakes in a file are told in one go, and whether the line is: \"another line\" is often the
next one, where the parser noticed. The last row counts, and tells how many messages show the password in the file.

";

async fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| file | mistakes | connreg |");
    for reader in READERS {
        let _ = write!(page, " {} |", reader.name);
    }
    page.push_str("\n|---|---|---|");
    page.push_str(&"---|".repeat(READERS.len()));
    page.push('\n');
    let mut examples = String::new();
    let mut sums = vec![Sum::default(); READERS.len() + 1];
    for case in CASES {
        let ours = connreg(case).await;
        let lines: BTreeSet<u32> = case.lines.iter().copied().collect();
        assert_eq!(ours.lines, lines, "{}: {}", case.title, ours.text);
        assert_eq!(ours.told, case.lines.len(), "{}: {}", case.title, ours.text);
        assert!(!ours.secret, "{}: {}", case.title, ours.text);
        sums[0].add(&ours, case);
        let (_, extension) = case.file.rsplit_once('.').expect("an extension");
        let _ = write!(
            page,
            "| {} ({extension}) | {} | {} |",
            case.title,
            case.lines.len(),
            ours.cell(case)
        );
        let verdicts: Vec<Verdict> = READERS.iter().map(|reader| other(reader, case)).collect();
        for (number, verdict) in verdicts.iter().enumerate() {
            let reads = READERS[number].reads.contains(&extension);
            let cell = if reads {
                verdict.cell(case)
            } else {
                "–".to_owned()
            };
            if reads {
                sums[number + 1].add(verdict, case);
            }
            let _ = write!(page, " {cell} |");
        }
        page.push('\n');
        if case.example {
            let _ = write!(
                examples,
                "\n## {}\n\n```{extension}\n{}```\n\nconnreg:\n\n```text\n{}\n```\n",
                case.heading(),
                case.text,
                ours.text.trim_end()
            );
            for (reader, verdict) in READERS
                .iter()
                .zip(&verdicts)
                .filter(|(r, _)| r.reads.contains(&extension))
            {
                let said = if verdict.text.is_empty() {
                    "(nothing)"
                } else {
                    verdict.text.trim_end()
                };
                let _ = write!(examples, "\n{}:\n\n```text\n{said}\n```\n", reader.name);
            }
        }
    }
    let _ = write!(page, "| all that it reads | {} |", sums[0].mistakes);
    for sum in sums {
        let Sum {
            mistakes,
            told,
            lines,
            secrets,
        } = sum;
        let _ = write!(
            page,
            " {told} of {mistakes}; {lines} with the line; {secrets} show the secret |"
        );
    }
    page + "\n" + &examples
}

#[tokio::test]
async fn the_page_says_what_the_readers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/comparison-errors.md");
    let page = page().await;
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &page).expect("the page");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "run it again with UPDATE_EXPECT=1, and read what has changed:\n{page}"
    );
}
