//! The codes of mistakes: each has a number that stays, and a text that explains it, `code/CR0301.md`.
//!
//! The first line of an example says whether it is wrong or right, in which file it stands, and what is set.

use std::fmt;

/// Declares the codes once: enum, numbers and titles can't come apart.
macro_rules! codes {
    ($($variant:ident = $number:literal $title:literal)*) => {
        /// What kind of mistake one is: a number that stays, `CR0301`, with a longer text behind it.
        ///
        /// # Examples
        ///
        /// ```
        /// use connreg::config::Code;
        ///
        /// let code = Code::by_name("cr0301").expect("a known code");
        /// assert_eq!(code, Code::UnknownKey);
        /// assert_eq!(code.as_str(), "CR0301");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $number, "`: ", $title, ".")] $variant,)*
        }

        impl Code {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number: `CR0301`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// What is wrong, in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }

            /// What it means, and examples in which it is wrong and right; Markdown.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("code/", $number, ".md")),)*
                }
            }
        }
    };
}

codes! {
    // Files and syntax.
    UnreadableFile = "CR0101" "a configuration file can't be read"
    NotUtf8 = "CR0102" "a file is not UTF-8"
    InvalidYaml = "CR0103" "a file is not valid YAML"
    InvalidToml = "CR0104" "a file is not valid TOML"
    InvalidJson = "CR0105" "a file is not valid JSON"
    TooDeep = "CR0106" "lists and tables are nested too deeply"
    SecondDocument = "CR0107" "a YAML file holds more than one document"
    AliasInItself = "CR0108" "a YAML alias refers to what it stands in"
    TooManyCopies = "CR0109" "YAML aliases copy too much"
    MergeKey = "CR0110" "a YAML merge key has no mapping"
    UnknownTag = "CR0111" "a YAML tag does not fit"
    KeyNotText = "CR0112" "a key is not text"
    DuplicateKey = "CR0113" "a key is there twice"
    NotATable = "CR0114" "a file does not hold keys and values"
    UnreadableDirectory = "CR0115" "the configuration directory can't be read"
    NoFiles = "CR0116" "the directory holds no configuration file"
    FilePassedOver = "CR0117" "a file was not read"
    NoFileOfProfile = "CR0118" "no file belongs to the profile"
    ProfileIsCategory = "CR0119" "the profile bears the name of a category"
    // Shape and names.
    ForeignKey = "CR0201" "a key at the top is neither a category nor `connections`"
    ForeignKeyIgnored = "CR0202" "a key at the top is ignored, though close to a known one"
    NoType = "CR0203" "a connection has no type"
    UnknownType = "CR0204" "there is no such connection type"
    TypeNotText = "CR0205" "a type is not the name of one"
    TypeTwice = "CR0206" "the type is given twice"
    WrongCategory = "CR0207" "a connection stands below another category than its type's"
    ConfiguredTwice = "CR0208" "a connection is configured twice"
    Undecided = "CR0209" "a shared table does not say which type is meant"
    TableExpected = "CR0210" "a table is expected here"
    // Keys.
    UnknownKey = "CR0301" "a key is unknown"
    MissingSetting = "CR0302" "a setting is missing"
    SetTwice = "CR0303" "a setting is set under two names"
    Deprecated = "CR0304" "a setting is deprecated"
    NoSuchConnection = "CR0305" "a value from outside is for no connection"
    KeyMissing = "CR0306" "a value from outside has no key"
    NoSuchSetting = "CR0307" "a value from outside is for no setting"
    // Values.
    WrongKind = "CR0401" "a value is of another kind than its setting takes"
    OutOfRange = "CR0402" "a number is out of range"
    WrongLength = "CR0403" "a value is too long or too short"
    NotAllowed = "CR0404" "a value is none of those that are allowed"
    Refused = "CR0405" "a value is refused by its setting's own check"
    DoNotFit = "CR0406" "settings do not fit together"
    NotAUrl = "CR0407" "a value is not a URL"
    // Interpolation and secrets.
    VariableNotSet = "CR0501" "a variable is not set"
    PlaceholderNotClosed = "CR0502" "a `${` is not closed"
    NotAName = "CR0503" "a `${…}` does not hold a variable's name"
    TokenNotSet = "CR0504" "a `#{…}#` was not replaced"
    LineBreak = "CR0505" "the value of a variable holds a line break"
    UnreadableValueFile = "CR0506" "the file that holds a value can't be read"
    NotAPath = "CR0507" "the path of a value's file is missing"
    DefaultsTooDeep = "CR0508" "defaults are nested too deeply"
    NoSuchProvider = "CR0509" "there is no such provider of secrets"
    SecretNotFound = "CR0510" "a provider has no such secret"
    SecretNotGiven = "CR0511" "a provider could not give a secret"
    CommandsOff = "CR0512" "commands are switched off"
    PlaceholderInCommand = "CR0513" "a command holds a placeholder"
    ProviderBeforeVariable = "CR0514" "a provider of secrets has the name of a variable"
    // References between connections.
    ReferenceToNothing = "CR0601" "a reference leads to no connection"
    ReferenceToOtherType = "CR0602" "a reference leads to a connection of another type"
    ReferenceToDisabled = "CR0603" "a reference leads to a disabled connection"
    ReferencesInACircle = "CR0604" "connections refer to each other in a circle"
    // Effects.
    NoPool = "CR0701" "a pool is configured for a type that keeps none"
    // Policies and defaults.
    UnknownPolicy = "CR0801" "there is no such policy"
    NotADefault = "CR0802" "a default is set for what each connection says itself"
    UnknownCategory = "CR0803" "defaults are set for an unknown category"
    DefaultsElsewhere = "CR0804" "defaults and policies stand in a category's file"
}

impl Code {
    /// Every code, in the order of the numbers.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// Whether a value is only not to be had here, and may be elsewhere.
    pub(crate) fn is_unresolved(self) -> bool {
        matches!(
            self,
            Self::VariableNotSet
                | Self::TokenNotSet
                | Self::UnreadableValueFile
                | Self::CommandsOff
        )
    }

    /// All titles and texts as one Markdown document: `docs/configuration-errors.md`.
    #[cfg(test)]
    fn document() -> String {
        use std::fmt::Write;

        let mut text = "# Mistakes in a configuration\n\n\
            Each mistake that a load reports has a code, which stays the same; `connreg explain-error CR0301` prints what stands here.\n\
            The examples are loaded by the tests: what is called wrong is reported with that code, what is called right loads.\n\n\
            | code | what is wrong |\n|---|---|\n"
            .to_owned();
        for code in Self::all() {
            let (number, title) = (code.as_str(), code.title());
            let anchor: String = format!("{number} {title}")
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect();
            let _ = writeln!(text, "| [{number}](#{anchor}) | {title} |");
        }
        for code in Self::all() {
            let _ = write!(text, "\n## {code} {}\n\n{}", code.title(), code.text());
        }
        text
    }

    /// The code with this number, without regard to case.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|code| code.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_every_text() {
        expect_test::expect_file!["../../../docs/configuration-errors.md"]
            .assert_eq(&Code::document());
    }

    #[test]
    fn numbers_are_unique_and_in_order() {
        let numbers: Vec<_> = Code::all().map(Code::as_str).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert!(
            Code::all().is_sorted(),
            "the order of the enum is that of the numbers"
        );
    }
}
