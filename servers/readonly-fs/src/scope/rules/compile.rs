//! Rules as the operator writes them, made into rules that answer.

use std::collections::HashMap;

use globset::GlobBuilder;
use globset::GlobSet;
use globset::GlobSetBuilder;
use guard::label::Clearance;
use guard::label::Label;
use unicode_normalization::UnicodeNormalization;

use super::Marks;
use super::Rules;

/// One rule as configured, its labels parsed.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The globs of what it covers, relative to the root.
    pub paths: Vec<String>,
    /// The label of the content.
    pub label: Label,
    /// The label of the name, where that is another.
    pub visible: Option<Label>,
}

/// Why a rule cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidRule {
    /// It would match nothing, or more than it seems to.
    #[error(
        "a pattern is relative to its root: no empty, `.` or `..` part, no slash at either end"
    )]
    Relative,
    /// Too long or too many alternatives.
    #[error("a pattern has at most {MAX_GLOB} bytes and {MAX_BRACES} braces")]
    TooLarge,
    /// Too many.
    #[error("a root has at most {MAX_RULES} patterns")]
    TooMany,
    /// Not a glob.
    #[error("not a glob: check its brackets and braces")]
    Syntax,
    /// Names would be more secret than what they name.
    #[error("`visible` must not be above the rule's label")]
    Visible,
}

impl Rules {
    /// Compiles `rules` for a root labelled `default`, whose disk folds case if `fold`.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] with the position of the rule it is about.
    pub fn new(default: Label, rules: &[Rule], fold: bool) -> Result<Self, (usize, InvalidRule)> {
        let mut built = Self {
            globs: GlobSet::empty(),
            composed: GlobSet::empty(),
            says: Vec::new(),
            patterns: Vec::new(),
            default: Marks {
                content: default,
                name: default,
            },
            passages: HashMap::new(),
            fold,
        };
        let (mut set, mut composed) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for (at, rule) in rules.iter().enumerate() {
            let says = marks(rule).map_err(|why| (at, why))?;
            for pattern in &rule.paths {
                built
                    .add(&mut set, &mut composed, pattern, says)
                    .map_err(|why| (at, why))?;
            }
        }
        built.globs = set.build().map_err(|_| (0, InvalidRule::TooLarge))?;
        built.composed = if built.patterns.iter().all(|pattern| pattern.is_ascii()) {
            built.globs.clone()
        } else {
            composed.build().map_err(|_| (0, InvalidRule::TooLarge))?
        };
        built.add_passages(rules);
        Ok(built)
    }

    fn add(
        &mut self,
        set: &mut GlobSetBuilder,
        composed: &mut GlobSetBuilder,
        pattern: &str,
        says: Marks,
    ) -> Result<(), InvalidRule> {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if !pattern.split('/').all(plain) {
            return Err(InvalidRule::Relative);
        }
        let folded = self.folded(pattern.as_bytes());
        let folded = std::str::from_utf8(&folded).map_err(|_| InvalidRule::Syntax)?;
        // what covers all that is in a directory covers the directory
        let whole = folded.strip_suffix("/**");
        for glob in whole.into_iter().chain([folded]) {
            set.add(compile(glob)?);
            composed.add(compile(&glob.nfc().collect::<String>())?);
            self.says.push(says);
            self.patterns.push(pattern.to_owned());
        }
        if self.says.len() > 2 * MAX_RULES {
            return Err(InvalidRule::TooMany);
        }
        Ok(())
    }

    fn add_passages(&mut self, rules: &[Rule]) {
        for rule in rules {
            let name = rule.visible.unwrap_or(rule.label);
            for pattern in &rule.paths {
                let mut way = Vec::new();
                for part in pattern.split('/') {
                    // rules that cover the way cover what it leads to
                    let covered = self.covered_with_parents(&way).map(|marks| marks.name);
                    let label = covered.map_or(name, |above| above.join(name));
                    let labels = self.passages.entry(way.clone()).or_default();
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                    if part.contains(['*', '?', '[', '{', '\\']) {
                        break;
                    }
                    if !way.is_empty() {
                        way.push(b'/');
                    }
                    way.extend_from_slice(&self.folded(part.as_bytes()));
                }
            }
        }
    }
}

fn marks(rule: &Rule) -> Result<Marks, InvalidRule> {
    let name = rule.visible.unwrap_or(rule.label);
    if name.flows_to(Clearance::up_to(rule.label)) {
        Ok(Marks {
            content: rule.label,
            name,
        })
    } else {
        Err(InvalidRule::Visible)
    }
}

/// Compiles one glob. `*` stays within a name, `**` does not.
pub(crate) fn compile(pattern: &str) -> Result<globset::Glob, InvalidRule> {
    let braces = pattern.bytes().filter(|&b| b == b'{').count();
    if pattern.len() > MAX_GLOB || braces > MAX_BRACES {
        return Err(InvalidRule::TooLarge);
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|_| InvalidRule::Syntax)
}

/// The most bytes of a glob.
pub(crate) const MAX_GLOB: usize = 256;
/// The most alternatives of a glob.
pub(crate) const MAX_BRACES: usize = 8;
const MAX_RULES: usize = 1024;
