//! What detectors look at in a record.

use guard::audit::Event;
use guard::audit::Field;

/// The fields of a record that tell what somebody does. Texts come from clients.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen<'a> {
    /// `seq`.
    pub seq: u64,
    /// `time`, in seconds since 1970.
    pub time: Option<i64>,
    /// `kind`.
    pub kind: &'a str,
    /// Whether it announces an effect; its outcome tells the same again.
    pub is_intent: bool,
    /// `action`.
    pub action: &'a str,
    /// `server.name`.
    pub server: &'a str,
    /// `server.instance`.
    pub instance: &'a str,
    /// `principal.iss`.
    pub issuer: &'a str,
    /// `principal.id`.
    pub who: Option<&'a str>,
    /// `client.address`.
    pub address: Option<&'a str>,
    /// `mcp.resource.uri`.
    pub resource: Option<&'a str>,
    /// `db.tables`, several in one text.
    pub tables: Option<&'a str>,
    /// `api.request`: method and path of an endpoint.
    pub request: Option<&'a str>,
    /// `label.level`.
    pub level: Option<&'a str>,
    /// `label.categories`.
    pub categories: Vec<&'a str>,
    /// `outcome`.
    pub outcome: &'a str,
    /// `error.type`.
    pub error: &'a str,
    /// `result.items`.
    pub items: u64,
    /// `result.bytes`.
    pub bytes: u64,
    /// Whether fields were left out of the record.
    pub is_cut: bool,
}

impl<'a> Seen<'a> {
    /// What is in `event`.
    #[must_use]
    pub fn of(event: &'a Event<'a>) -> Self {
        let mut seen = Self::default();
        for (key, field) in event.fields() {
            match field {
                Field::Text(text) => seen.text(key, text),
                Field::Number(number) => match key {
                    "seq" => seen.seq = *number,
                    "result.items" => seen.items = *number,
                    "result.bytes" => seen.bytes = *number,
                    _ => {}
                },
                Field::Flag(flag) => {
                    if key == "truncated" {
                        seen.is_cut = *flag;
                    }
                }
                Field::Texts(texts) => {
                    if key == "label.categories" {
                        seen.categories = texts.iter().map(|text| &**text).collect();
                    }
                }
            }
        }
        seen
    }

    /// Whether it is how a request ended. Counting these counts each once.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.kind == "request" && !self.is_intent
    }

    fn text(&mut self, key: &str, text: &'a str) {
        match key {
            "time" => {
                let time = chrono::DateTime::parse_from_rfc3339(text);
                self.time = time.ok().map(|time| time.timestamp());
            }
            "kind" => self.kind = text,
            "phase" => self.is_intent = text == "intent",
            "action" => self.action = text,
            "server.name" => self.server = text,
            "server.instance" => self.instance = text,
            "principal.iss" => self.issuer = text,
            "principal.id" => self.who = Some(text),
            "client.address" => self.address = Some(text),
            "mcp.resource.uri" => self.resource = Some(text),
            "db.tables" => self.tables = Some(text),
            "api.request" => self.request = Some(text),
            "label.level" => self.level = Some(text),
            "outcome" => self.outcome = text,
            "error.type" => self.error = text,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_record_are_found() {
        let line = br#"{"seq":9,"time":"2026-05-05T12:00:01.5Z","kind":"request","phase":"outcome","server.name":"api-fetch","principal.iss":"local","principal.id":"ada","label.level":"confidential","label.categories":["personal"],"outcome":"allowed","result.items":3,"result.bytes":40,"api.request":"POST /notes","truncated":true}"#;
        let event = Event::parse(line).unwrap();
        let seen = Seen::of(&event);
        assert_eq!((seen.seq, seen.items, seen.bytes), (9, 3, 40));
        assert_eq!(seen.time, Some(1_777_982_401));
        assert_eq!((seen.issuer, seen.who), ("local", Some("ada")));
        assert_eq!(seen.categories, ["personal"]);
        assert_eq!(seen.request, Some("POST /notes"));
        assert!(seen.is_request() && seen.is_cut);
    }

    #[test]
    fn an_intent_is_no_request_of_its_own() {
        let event = Event::parse(br#"{"kind":"request","phase":"intent","time":"never"}"#).unwrap();
        let seen = Seen::of(&event);
        assert!(!seen.is_request());
        assert_eq!(seen.time, None);
    }
}
