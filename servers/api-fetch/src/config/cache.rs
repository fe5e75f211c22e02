//! `cache = true` of an endpoint, or `cache = { seconds = 60 }`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;

use guard::config::Limit;

use super::EndpointConfig;
use crate::parameters::declare::Trouble;
use crate::permit::Method;

/// Whether answers are kept for the one who asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheConfig {
    /// They are not, which is the default.
    No,
    /// As the upstream says, but no longer than so many seconds without asking it.
    For(Limit<86_400>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[serde(default = "usual")]
    seconds: Limit<86_400>,
}

struct Form;

impl EndpointConfig {
    /// The longest that an answer is given without asking again, where answers are kept.
    pub(crate) fn cached(&self, method: Method) -> Result<Option<Duration>, Trouble> {
        match &self.cache {
            None => Ok(None),
            Some(at) => match at.get_ref() {
                CacheConfig::No => Ok(None),
                CacheConfig::For(_) if method != Method::Get => {
                    Err(Trouble::at(at, "expected a cache only of GET"))
                }
                CacheConfig::For(seconds) => Ok(Some(Duration::from_secs(seconds.get()))),
            },
        }
    }
}

impl<'de> Deserialize<'de> for CacheConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Form)
    }
}

impl<'de> Visitor<'de> for Form {
    type Value = CacheConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a table such as { seconds = 60 }")
    }

    fn visit_bool<E>(self, on: bool) -> Result<CacheConfig, E> {
        Ok(match on {
            true => CacheConfig::For(usual()),
            false => CacheConfig::No,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<CacheConfig, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(CacheConfig::For(table.seconds))
    }
}

const fn usual() -> Limit<86_400> {
    Limit::near(300)
}
