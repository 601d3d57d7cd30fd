//! What `docs/cli.md` shows is what the program says.

use std::fs;

use crate::program::Folder;

const PAGE: &str = include_str!("../../../docs/cli.md");

/// The page's blocks: what stands behind the fence, and the text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    // Every second fence closes a block.
    let parts = PAGE.split("\n```").skip(1).step_by(2);
    parts.filter_map(|part| part.split_once('\n')).collect()
}

/// Without what differs from run to run: times, and the widths that come of them.
fn comparable(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut shown = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_time = words
                .get(index + 1)
                .is_some_and(|unit| ["ms", "s"].contains(unit));
            shown.push(if is_time && word.parse::<f64>().is_ok() {
                "N"
            } else {
                word
            });
        }
        lines.push(shown.join(" "));
    }
    lines.join("\n").trim().to_owned()
}

#[test]
fn the_page_shows_what_the_program_says() {
    let folder = Folder::new("");
    let mut seen = 0;
    for (language, text) in blocks() {
        match language {
            "yaml" => folder.write("config/application.yaml", text),
            "yaml broken" => {
                fs::create_dir(folder.path().join("broken")).expect("a folder");
                folder.write("broken/application.yaml", text);
            }
            "console" => {
                let (command, expected) = text.split_once('\n').unwrap_or((text, ""));
                let arguments = command.strip_prefix("$ connreg ").expect("a command");
                let ran = folder.run(arguments);
                let said = format!("{}{}", ran.out, ran.err);
                assert_eq!(comparable(&said), comparable(expected), "{command}\n{said}");
                seen += 1;
            }
            _ => {}
        }
    }
    assert!(seen >= 5, "{seen} commands");
}
