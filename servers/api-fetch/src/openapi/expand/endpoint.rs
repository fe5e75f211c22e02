//! One operation of an import as the configuration of an endpoint, which is checked like any other.

use std::ops::Range;

use guard::config::ConfigError;
use guard::config::Limit;
use guard::config::Spanned;

use super::One;
use crate::config::ByName;
use crate::config::CredentialConfig;
use crate::config::EndpointConfig;
use crate::config::In;
use crate::config::OverrideConfig;
use crate::config::ParameterConfig;
use crate::config::Type;
use crate::openapi::operation::Endpoint;
use crate::openapi::parameter::Drafted;

impl One<'_> {
    /// The endpoint that `drafted` is with what is `own` to it; `at` is where errors are told.
    pub(super) fn endpoint(
        &self,
        at: &Spanned<String>,
        own: &OverrideConfig,
        drafted: &Endpoint,
    ) -> Result<(Spanned<String>, EndpointConfig), ConfigError> {
        let import = self.import;
        let reads = matches!(drafted.method, "get" | "head");
        let usual = if reads {
            Some(&import.permission)
        } else {
            import.write_permission.as_ref()
        };
        let Some(permission) = own.permission.as_ref().or(usual) else {
            let reason = "what is not GET or HEAD needs write-permission, or a permission here";
            return Err(self.source.error_at(at.span(), reason));
        };
        let here = |text: String| Spanned::new(at.span(), text);
        let path = |method: &str| (drafted.method == method).then(|| here(drafted.path.clone()));
        let named = &drafted.answer.fields;
        let fields = (!named.is_empty()).then(|| named.iter().map(|(path, _)| here(path.clone())));
        let returns = named.iter().filter(|_| import.returns);
        let returns = returns.map(|(path, shape)| (here(path.clone()), *shape));
        let name = own.name.clone();
        let name = name.unwrap_or_else(|| here(format!("{}{}", import.prefix, drafted.name)));
        let config = EndpointConfig {
            upstream: import.upstream.clone(),
            get: path("get"),
            head: path("head"),
            post: path("post"),
            put: path("put"),
            patch: path("patch"),
            delete: path("delete"),
            permission: Some(permission.clone()),
            label: own.label.clone().or_else(|| import.label.clone()),
            title: own.title.clone(),
            about: own.about.clone().or_else(|| self.quoted(&drafted.about)),
            fields: own.fields.clone().or_else(|| fields.map(Iterator::collect)),
            returns: own.returns.clone().unwrap_or_else(|| returns.collect()),
            field_labels: own.field_labels.clone(),
            max_bytes: own.max_bytes,
            seconds: own.seconds,
            redirects: own.redirects,
            retry: own.retry,
            query: own.query.clone(),
            headers: own.headers.clone(),
            parameters: self.parameters(at, own, drafted)?,
            pagination: own.pagination.clone(),
            cache: own.cache.clone(),
            trusted: own.trusted,
        };
        Ok((name, config))
    }

    fn parameters(
        &self,
        at: &Spanned<String>,
        own: &OverrideConfig,
        drafted: &Endpoint,
    ) -> Result<ByName<ParameterConfig>, ConfigError> {
        for name in &own.without {
            let mut all = drafted.parameters.iter();
            if !all.any(|p| p.name == *name.get_ref() && !p.required && p.place != "path") {
                let reason = "expected the name of a parameter that is not required";
                return Err(self.source.error_at(name.span(), reason));
            }
        }
        let kept = drafted.parameters.iter().filter(|p| {
            // under the credential's own names nothing else is ever sent
            !own.without.iter().any(|name| *name.get_ref() == p.name) && !self.is_closed(p)
        });
        let kept = kept.map(|p| {
            let name = Spanned::new(at.span(), p.name.clone());
            (name, self.parameter(at.span(), p))
        });
        Ok(kept.collect())
    }

    fn parameter(&self, at: Range<usize>, drafted: &Drafted) -> ParameterConfig {
        let simple = &drafted.simple;
        let here = |text: &String| Spanned::new(at.clone(), text.clone());
        let members = simple.members.iter().map(|member| {
            let name = Spanned::new(at.clone(), member.name.clone());
            (name, self.parameter(at.clone(), member))
        });
        let bound = |figure: f64| Spanned::new(at.clone(), figure);
        ParameterConfig {
            place: place(drafted.place).map(|place| Spanned::new(at.clone(), place)),
            kind: Spanned::new(at.clone(), kind(&simple.kind)),
            name: drafted.wire.as_ref().map(here),
            about: self.quoted(&drafted.about),
            required: drafted.required,
            pattern: simple.pattern.as_ref().map(here),
            one_of: (!simple.words.is_empty())
                .then(|| Spanned::new(at.clone(), simple.words.clone())),
            max_length: simple.max_length.map(Limit::near),
            min: simple.min.map(bound),
            max: simple.max.map(bound),
            reserved: None,
            lines: false,
            max_items: simple
                .max_items
                .map(|most| Limit::near(most.clamp(1, 1000))),
            join: drafted.joined.then(|| here(&",".to_owned())),
            members: members.collect(),
        }
    }

    /// The words of the document's author, as theirs; none where they are not wanted.
    fn quoted(&self, words: &str) -> Option<String> {
        let wanted = self.import.texts && !words.is_empty();
        wanted.then(|| format!("The API's author says: \"{}\"", words.replace('"', "'")))
    }

    /// Whether a parameter goes where the upstream's credential or the user context does.
    fn is_closed(&self, drafted: &Drafted) -> bool {
        let credential = self
            .upstream
            .and_then(|upstream| upstream.credential.as_ref());
        let context = self
            .upstream
            .and_then(|upstream| upstream.user_context.as_ref());
        let same = |name: &str| name.eq_ignore_ascii_case(drafted.wire());
        let of_credential = credential.is_some_and(|credential| match credential.get_ref() {
            CredentialConfig::Header(named) => drafted.place == "header" && same(&named.name),
            CredentialConfig::Query(named) => drafted.place == "query" && same(&named.name),
            CredentialConfig::Bearer(_)
            | CredentialConfig::Basic(_)
            | CredentialConfig::Oauth2(_) => false,
        });
        let of_context = context.is_some_and(|context| same(&context.get_ref().header));
        of_credential || (of_context && drafted.place == "header")
    }
}

fn place(word: &str) -> Option<In> {
    match word {
        "path" => Some(In::Path),
        "query" => Some(In::Query),
        "header" => Some(In::Header),
        "body" => Some(In::Body),
        _ => None,
    }
}

fn kind(word: &str) -> Type {
    match word {
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Flag,
        "string[]" => Type::Texts,
        "integer[]" => Type::Integers,
        "number[]" => Type::Numbers,
        "boolean[]" => Type::Flags,
        "object" => Type::Object,
        "object[]" => Type::Objects,
        _ => Type::Text,
    }
}
