//! The examples in the texts of the codes: the wrong ones are wrong in that way, and the right ones load.

#[expect(dead_code, reason = "settings are only there to be configured")]
mod types;

use std::fs;

use connreg::Connections;
use connreg::config::{Code, Mistake, Report};

/// An example's fenced block.
struct Example {
    wrong: bool,
    file: String,
    /// A right file that stands beside it.
    beside: Option<String>,
    profile: Option<String>,
    variables: Vec<(String, String)>,
    content: String,
}

/// Codes that no file of a few lines can show.
const WITHOUT_EXAMPLE: &[Code] = &[
    Code::UnreadableFile,
    Code::NotUtf8,
    Code::TooDeep,
    Code::TooManyCopies,
    Code::UnreadableDirectory,
    Code::NoFiles,
    Code::LineBreak,
    Code::DefaultsTooDeep,
    Code::SecretNotFound,
    Code::SecretNotGiven,
    Code::ProviderBeforeVariable,
];

fn examples(code: Code) -> Vec<Example> {
    let blocks = code.text().split("```").skip(1).step_by(2);
    blocks.map(|block| example(code, block)).collect()
}

/// Reads `yaml\n# wrong, in application.yaml, where A=b is set\n…`.
fn example(code: Code, block: &str) -> Example {
    let (language, content) = block.split_once('\n').expect("a block has lines");
    let (head, _) = content.split_once('\n').expect("a block has a head");
    let mut parts = head.trim_start_matches(['#', '/', ' ']).split(", ");
    let wrong = match parts.next() {
        Some("wrong") => true,
        Some("right") => false,
        _ => panic!("{code}: an example begins with `wrong` or `right`: {head}"),
    };
    let mut example = Example {
        wrong,
        file: format!("application.{language}"),
        beside: None,
        profile: None,
        variables: Vec::new(),
        content: content.to_owned(),
    };
    for part in parts {
        if let Some(file) = part.strip_prefix("in ") {
            file.clone_into(&mut example.file);
        } else if let Some(file) = part.strip_prefix("beside ") {
            example.beside = Some(file.to_owned());
        } else if let Some(profile) = part.strip_prefix("with the profile ") {
            example.profile = Some(profile.to_owned());
        } else if let Some((name, value)) = part
            .strip_prefix("where ")
            .and_then(|part| part.strip_suffix(" is set")?.split_once('='))
        {
            example.variables.push((name.to_owned(), value.to_owned()));
        } else {
            panic!("{code}: what does `{part}` mean?");
        }
    }
    example
}

async fn check(code: Code, number: usize, example: &Example) -> Report {
    let name = format!("connreg-codes-{}-{code}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("a temporary folder");
    fs::write(folder.join(&example.file), &example.content).expect("a file");
    if let Some(file) = &example.beside {
        fs::write(folder.join(file), "").expect("a file");
    }
    let mut builder = Connections::builder()
        .directory(&folder)
        .environment(example.variables.iter().cloned());
    if let Some(profile) = &example.profile {
        builder = builder.profile(profile);
    }
    let report = builder.check().await.expect("it can be looked at");
    let _ = fs::remove_dir_all(&folder);
    report
}

#[tokio::test]
async fn examples_are_what_they_are_called() {
    let mut failures = Vec::new();
    for code in Code::all() {
        let examples = examples(code);
        if examples.iter().any(|example| example.wrong) == WITHOUT_EXAMPLE.contains(&code) {
            failures.push(format!(
                "{code}: there must be a wrong example, and only then it is not in the list"
            ));
        }
        for (number, example) in examples.iter().enumerate() {
            let report = check(code, number, example).await;
            let codes: Vec<Code> = report.mistakes().iter().map(Mistake::code).collect();
            let expected = if example.wrong {
                vec![code]
            } else {
                Vec::new()
            };
            if codes != expected {
                failures.push(format!(
                    "{code}, example {number}: {codes:?}\n{}\n{report}",
                    example.content
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
