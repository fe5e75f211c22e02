//! From the configuration of a parameter to its check.

use std::ops::Range;

use regex_lite::RegexBuilder;

use guard::config::Spanned;

use super::Kind;
use super::List;
use super::Parameter;
use super::Pattern;
use super::Place;
use super::Text;
use super::headers;
use crate::config::In;
use crate::config::ParameterConfig;
use crate::config::Type;
use crate::endpoint::is_name;

/// What is wrong with a declaration, and where in the file. Nothing of the file is in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// Where.
    pub span: Range<usize>,
    /// What.
    pub reason: &'static str,
}

impl Trouble {
    /// At the place of `at`.
    pub fn at<T>(at: &Spanned<T>, reason: &'static str) -> Self {
        Self {
            span: at.span(),
            reason,
        }
    }
}

/// The check that `config` declares under `name`.
///
/// # Errors
///
/// [`Trouble`] where the declaration is not one.
pub fn declare(name: &Spanned<String>, config: &ParameterConfig) -> Result<Parameter, Trouble> {
    if OWN.contains(&name.get_ref().as_str()) {
        return Err(Trouble::at(name, TAKEN));
    }
    let Some(place) = &config.place else {
        return Err(Trouble::at(name, PLACE));
    };
    let place = match place.get_ref() {
        In::Path => Place::Path,
        In::Query => Place::Query,
        In::Header => Place::Header,
        In::Body => Place::Body,
    };
    one(name, config, place, 0)
}

/// A parameter, or a member of one, with `depth` objects around it.
fn one(
    name: &Spanned<String>,
    config: &ParameterConfig,
    place: Place,
    depth: usize,
) -> Result<Parameter, Trouble> {
    if !is_name(name.get_ref()) {
        return Err(Trouble::at(name, NAME));
    }
    let wire_at = config.name.as_ref().unwrap_or(name);
    let mut wire = wire_at.get_ref().clone();
    if place == Place::Header {
        wire = wire.to_ascii_lowercase();
        if !headers::is_fit(&wire) {
            return Err(Trouble::at(wire_at, HEADER));
        }
    } else if !(1..=128).contains(&wire.len()) || wire.chars().any(char::is_control) {
        return Err(Trouble::at(wire_at, "expected a name of 1 to 128 bytes"));
    }
    matches_type(name, config, place)?;
    let mut parameter = Parameter {
        name: name.get_ref().clone(),
        wire,
        place,
        about: config.about.clone().unwrap_or_default(),
        required: config.required || place == Place::Path,
        kind: kind(config, place, depth)?,
        list: list(config, place)?,
        expected: String::new(),
    };
    parameter.expected = expected(&parameter);
    Ok(parameter)
}

/// The members of an object, each checked like a parameter.
fn members(config: &ParameterConfig, depth: usize) -> Result<Vec<Parameter>, Trouble> {
    if depth >= DEEPEST {
        let reason = "expected objects that nest less deep";
        return Err(Trouble::at(&config.kind, reason));
    }
    let mut all: Vec<Parameter> = Vec::with_capacity(config.members.len());
    for (name, member) in &config.members {
        if let Some(place) = &member.place {
            let reason = "expected no `in` of a member: it goes where its object goes";
            return Err(Trouble::at(place, reason));
        }
        let declared = one(name, member, Place::Body, depth + 1)?;
        if all.iter().any(|other| other.wire == declared.wire) {
            let reason = "another member goes under this name already";
            return Err(Trouble::at(member.name.as_ref().unwrap_or(name), reason));
        }
        all.push(declared);
    }
    Ok(all)
}

/// A key that would do nothing for this type or place is refused, so that nobody relies on it.
fn matches_type(
    name: &Spanned<String>,
    config: &ParameterConfig,
    place: Place,
) -> Result<(), Trouble> {
    let kind = *config.kind.get_ref();
    let text = matches!(kind, Type::Text | Type::Texts);
    let number = matches!(
        kind,
        Type::Integer | Type::Integers | Type::Number | Type::Numbers
    );
    if let (false, Some(at)) = (text, &config.pattern) {
        return Err(Trouble::at(at, "expected a pattern only for texts"));
    }
    if let (false, Some(at)) = (text, &config.one_of) {
        return Err(Trouble::at(at, "expected one-of only for texts"));
    }
    if !text && config.max_length.is_some() {
        return Err(Trouble::at(
            &config.kind,
            "expected max-length only for texts",
        ));
    }
    if let (false, Some(at)) = (number, config.min.as_ref().or(config.max.as_ref())) {
        return Err(Trouble::at(at, "expected min and max only for numbers"));
    }
    if let (true, Some(at)) = (place != Place::Path || !text, &config.reserved) {
        let reason = "expected reserved only for texts in a path";
        return Err(Trouble::at(at, reason));
    }
    if config.lines && (place != Place::Body || !text) {
        let reason = "expected lines only for texts in a body";
        let at = config.place.as_ref().map(Spanned::span);
        return Err(Trouble {
            span: at.unwrap_or_else(|| name.span()),
            reason,
        });
    }
    let object = matches!(kind, Type::Object | Type::Objects);
    if object && place != Place::Body {
        let reason = "expected objects only in a body";
        return Err(Trouble::at(&config.kind, reason));
    }
    if object == config.members.is_empty() {
        let reason = "expected members of an object, and of nothing else";
        let first = config.members.keys().next();
        return Err(Trouble::at(first.unwrap_or(name), reason));
    }
    if place == Place::Path && matches!(kind, Type::Number | Type::Flag) {
        return Err(Trouble::at(
            &config.kind,
            "expected texts or whole numbers in a path",
        ));
    }
    if !is_list(kind) && config.max_items.is_some() {
        return Err(Trouble::at(
            &config.kind,
            "expected max-items only for lists",
        ));
    }
    if let (true, Some(at)) = (!is_list(kind) || place != Place::Query, &config.join) {
        return Err(Trouble::at(at, "expected join only for lists in the query"));
    }
    if is_list(kind) && matches!(place, Place::Path | Place::Header) {
        let reason = "expected lists only in a query or a body";
        return Err(Trouble::at(&config.kind, reason));
    }
    Ok(())
}

const fn is_list(kind: Type) -> bool {
    matches!(
        kind,
        Type::Texts | Type::Integers | Type::Numbers | Type::Flags | Type::Objects
    )
}

fn kind(config: &ParameterConfig, place: Place, depth: usize) -> Result<Kind, Trouble> {
    let (least, most) = (config.min.as_ref(), config.max.as_ref());
    for bound in [least, most].into_iter().flatten() {
        if !bound.get_ref().is_finite() {
            return Err(Trouble::at(bound, "expected a number"));
        }
    }
    if let (Some(least), Some(most)) = (least, most)
        && least.get_ref() > most.get_ref()
    {
        return Err(Trouble::at(most, "expected max not below min"));
    }
    Ok(match config.kind.get_ref() {
        Type::Text | Type::Texts => Kind::Text(text(config, place)?),
        Type::Integer | Type::Integers => Kind::Integer(
            least.map_or(Ok(i64::MIN), whole)?,
            most.map_or(Ok(i64::MAX), whole)?,
        ),
        Type::Number | Type::Numbers => Kind::Number(
            least.map_or(f64::MIN, |at| *at.get_ref()),
            most.map_or(f64::MAX, |at| *at.get_ref()),
        ),
        Type::Flag | Type::Flags => Kind::Flag,
        Type::Object | Type::Objects => Kind::Object(members(config, depth)?),
    })
}

/// A bound of whole numbers, which JSON holds exactly up to 2^53.
fn whole(bound: &Spanned<f64>) -> Result<i64, Trouble> {
    let figure = *bound.get_ref();
    if figure.fract() != 0.0 || figure.abs() > EXACT {
        return Err(Trouble::at(bound, "expected a whole number"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and in range, as checked"
    )]
    let figure = figure as i64;
    Ok(figure)
}

fn text(config: &ParameterConfig, place: Place) -> Result<Text, Trouble> {
    let usual = match place {
        Place::Path => 128,
        Place::Query | Place::Header => 256,
        Place::Body => 4096,
    };
    let pattern = config.pattern.as_ref().map(pattern).transpose()?;
    let words = config.one_of.as_ref();
    if let Some(at) = words.filter(|words| words.get_ref().is_empty()) {
        return Err(Trouble::at(at, "expected at least one word"));
    }
    let reserved = config.reserved.as_ref();
    let control = |text: &&Spanned<String>| text.get_ref().chars().any(char::is_control);
    if let Some(at) = reserved.filter(control) {
        return Err(Trouble::at(at, "expected no control characters"));
    }
    Ok(Text {
        most: config.max_length.map_or(usual, |most| most.count()),
        pattern,
        words: words.map_or_else(Vec::new, |words| words.get_ref().clone()),
        reserved: reserved.map_or_else(String::new, |text| text.get_ref().clone()),
        lines: config.lines,
    })
}

/// Compiles a pattern that a whole text must match. It runs in time linear in the text.
fn pattern(text: &Spanned<String>) -> Result<Pattern, Trouble> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(SIZE).build();
    let shown = format!("^(?:{})$", text.get_ref());
    // by itself first, so that `a)|(?:b` cannot lift the anchors
    let regex = compile(text.get_ref()).and_then(|_| compile(&shown));
    let regex = regex.map_err(|_| Trouble::at(text, PATTERN))?;
    Ok(Pattern { regex, shown })
}

fn list(config: &ParameterConfig, place: Place) -> Result<Option<List>, Trouble> {
    if !is_list(*config.kind.get_ref()) || place == Place::Path {
        return Ok(None);
    }
    let one = |join: &&Spanned<String>| {
        let mut chars = join.get_ref().chars();
        let first = chars.next();
        first.is_none_or(char::is_control) || chars.next().is_some()
    };
    let join = config.join.as_ref();
    if let Some(at) = join.filter(one) {
        return Err(Trouble::at(at, "expected one character"));
    }
    Ok(Some(List {
        most: config.max_items.map_or(20, |most| most.count()),
        join: join.map(|join| join.get_ref().clone()),
    }))
}

/// What a refusal says: from the declaration alone.
fn expected(parameter: &Parameter) -> String {
    let one = match &parameter.kind {
        Kind::Text(rule) if !rule.words.is_empty() => {
            format!("one of `{}`", rule.words.join("`, `"))
        }
        Kind::Text(rule) => {
            let mut text = format!("a text of at most {} characters", rule.most);
            if let Some(pattern) = &rule.pattern {
                text.push_str(&format!(" that matches `{}`", pattern.shown));
            } else if parameter.place == Place::Path {
                text.push_str(" of `A-Z a-z 0-9 . _ ~ -");
                text.push_str(&rule.reserved);
                text.push('`');
            }
            text
        }
        Kind::Integer(i64::MIN, i64::MAX) => "a whole number".to_owned(),
        Kind::Integer(..) => "a whole number within its range".to_owned(),
        Kind::Number(..) => "a number within its range".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Object(_) => "an object with the members of the schema and no others".to_owned(),
    };
    match &parameter.list {
        Some(list) => format!("a list of at most {}, each {one}", list.most),
        None => one,
    }
}

/// Arguments that every tool has.
pub(crate) const OWN: [&str; 2] = ["cursor", "fields"];
const NAME: &str =
    "expected a name of letters, digits, `_`, `-` and `.` that begins with a letter, up to 64";
const TAKEN: &str = "`cursor` and `fields` are arguments of every tool; choose another name, and \
                     write the upstream's under `name`";
const HEADER: &str = "expected a header that neither frames a message nor says who asks, from \
                      where, or what is really meant";
const PATTERN: &str = "expected a regular expression without look-around and back-references";
const PLACE: &str = "expected where it goes: in = \"path\", \"query\", \"header\" or \"body\"";
/// Objects inside of objects.
const DEEPEST: usize = 5;
/// Bytes that a compiled pattern may take.
const SIZE: usize = 256 << 10;
/// 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;
