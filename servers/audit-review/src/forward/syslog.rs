//! Messages of syslog: RFC 5424, framed by counting octets as RFC 6587 (3.4.1) and RFC 5425 say.
//!
//! # Invariants
//!
//! - A record is one frame, whatever stands in it.
//! - What a header has no letters for is left out of it; the record is the message, whole.

use std::fmt::Write;

use guard::audit::Event;

use super::batch::Item;
use super::batch::weight;

/// Appends `item` to `out` as one frame, sent by `host`.
pub fn frame(out: &mut String, host: &str, item: &Item) {
    let line = item.text();
    let event = match item {
        Item::Line(_) => Event::parse(line.as_bytes()).ok(),
        Item::Notice(_) => None,
    };
    let field = |key: &str| event.as_ref().and_then(|event| event.text(key));
    let priority = FACILITY * 8 + weight(event.as_ref()).syslog();
    let time = field("time").filter(|text| is_time(text)).unwrap_or(NIL);
    let app = header(field("server.name").unwrap_or("keyhole"), 48);
    let kind = field("kind").or(field("t")).unwrap_or("notice");
    let kind = header(kind, 32);
    let host = header(host, 255);
    let mut message = format!("<{priority}>1 {time} {host} {app} - {kind} ");
    match event.as_ref().map(Event::seq) {
        // RFC 5424, 7.3.1: from 1 on, and again after 2^31 - 1
        Some(seq @ 1..) => {
            let id = (seq - 1) % 0x7FFF_FFFF + 1;
            add(&mut message, format_args!("[meta sequenceId=\"{id}\"]"));
        }
        Some(0) | None => message.push_str(NIL),
    }
    message.push(' ');
    message.push_str(&line);
    add(out, format_args!("{} {message}", message.len()));
}

/// What a field of the header may hold: printable ASCII without a space.
fn header(text: &str, most: usize) -> String {
    let fine = text.chars().filter(char::is_ascii_graphic).take(most);
    let fine: String = fine.collect();
    if fine.is_empty() {
        NIL.to_owned()
    } else {
        fine
    }
}

/// A time of a record is one of syslog, too, unless somebody else wrote it.
fn is_time(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z');
    (20..=27).contains(&text.len()) && text.bytes().all(fine)
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    // writing into a text does not fail
    let _written = out.write_fmt(text);
}

/// "log audit"; RFC 5424, section 6.2.1.
const FACILITY: u8 = 13;
/// What stands for nothing.
const NIL: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::batch::Notice;
    use proptest::prelude::*;

    fn framed(line: &str) -> String {
        let mut out = String::new();
        frame(&mut out, "host.example.org", &Item::Line(line.to_owned()));
        out
    }

    #[test]
    fn a_record_is_a_message_with_its_time_server_kind_and_number() {
        let line = r#"{"t":"event","seq":7,"time":"2026-05-05T12:00:00.000001Z","kind":"request","server.name":"readonly-fs","outcome":"denied"}"#;
        let message = format!(
            "<108>1 2026-05-05T12:00:00.000001Z host.example.org readonly-fs - request \
             [meta sequenceId=\"7\"] {line}"
        );
        assert_eq!(framed(line), format!("{} {message}", message.len()));
    }

    #[test]
    fn a_notice_is_a_message_without_a_number() {
        let mut out = String::new();
        let gap = Notice::Gap { after: 1, next: 9 };
        frame(&mut out, "", &Item::Notice(gap));
        assert!(out.contains("<107>1 - - keyhole - notice - {"), "{out}");
    }

    proptest! {
        #[test]
        fn any_text_in_a_record_is_one_frame(name in "\\PC{0,60}", kind in "[ -~\\n\\r]{0,60}", time in "[ -~]{0,30}") {
            let line = serde_json::json!({"t": "event", "seq": 1, "time": time, "kind": kind, "server.name": name});
            let out = framed(&line.to_string());
            let (length, message) = out.split_once(' ').unwrap();
            prop_assert_eq!(length.parse::<usize>().unwrap(), message.len());
            // seven fields before the message, one space between two
            let mut fields = message.splitn(8, ' ');
            prop_assert!(fields.next().unwrap().starts_with('<'));
            prop_assert!(message.ends_with(&line.to_string()));
            let header = message.strip_suffix(&line.to_string()).unwrap();
            prop_assert_eq!(header.split(' ').count(), 9, "{}", header);
        }
    }
}
