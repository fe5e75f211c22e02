//! `[tables.columns]`: a name each, in the operator's order, with what is said of it.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;

use guard::config::Spanned;

use crate::schema::Mask;

/// The columns of one table, in the operator's order.
#[derive(Clone, Debug, Default)]
pub struct Columns(pub Vec<(Spanned<String>, ColumnConfig)>);

/// What is said of one column: `true`, a label, or a table with more.
#[derive(Clone, Debug, Default)]
pub struct ColumnConfig {
    /// Its label; without one, that of the table.
    pub label: Option<String>,
    /// How it is shown to those who are not cleared for it.
    pub mask: Option<Mask>,
    /// The label of what the mask leaves; without one, that of the table.
    pub masked_label: Option<String>,
    /// What it holds, for the model.
    pub about: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Full {
    label: Option<String>,
    mask: Option<Mask>,
    masked_label: Option<String>,
    about: Option<String>,
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Columns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
                let mut columns = Vec::new();
                while let Some(column) = map.next_entry()? {
                    columns.push(column);
                }
                Ok(Columns(columns))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

impl<'de> Deserialize<'de> for ColumnConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Said;

        impl<'de> Visitor<'de> for Said {
            type Value = ColumnConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "`true`, a label, or a table with `label`, `mask`, `masked-label`, `about`",
                )
            }

            fn visit_bool<E: serde::de::Error>(self, shown: bool) -> Result<ColumnConfig, E> {
                if shown {
                    Ok(ColumnConfig::default())
                } else {
                    Err(guard::config::expected(
                        &"`true`; a column that shall not exist is left out",
                    ))
                }
            }

            fn visit_str<E: serde::de::Error>(self, label: &str) -> Result<ColumnConfig, E> {
                Ok(ColumnConfig {
                    label: Some(label.to_owned()),
                    ..ColumnConfig::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnConfig, A::Error> {
                let Full {
                    label,
                    mask,
                    masked_label,
                    about,
                } = Full::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ColumnConfig {
                    label,
                    mask,
                    masked_label,
                    about,
                })
            }
        }

        deserializer.deserialize_any(Said)
    }
}
