//! Messages to a webhook, signed as the Standard Webhooks specification says.
//!
//! ```text
//! webhook-id: kh_CHAIN_SEGMENT_BYTE_COUNT       the same when it is sent again
//! webhook-timestamp: 1777982400                 seconds
//! webhook-signature: v1,BASE64                  HMAC-SHA256 over `ID.TIMESTAMP.BODY`
//!
//! {"v":1,"sink":"NAME","records":[LINE,...]}    each line as it stands in the trail
//! ```
//!
//! # Invariants
//!
//! - The key is wiped when it is not needed any more.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;
use zeroize::Zeroizing;

use guard::secret::Secret;

use super::batch::Item;

/// The body of the message.
#[must_use]
pub fn body(sink: &str, items: &[Item]) -> String {
    let mut out = format!("{{\"v\":1,\"sink\":\"{sink}\",\"records\":[");
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&item.text());
    }
    out.push_str("\n]}");
    out
}

/// The header `webhook-signature`. A secret `whsec_BASE64` is the bytes that it encodes, as the
/// specification has it; any other is the bytes that it is. `None` if it encodes nothing.
#[must_use]
pub fn signature(secret: &Secret, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let mac = secret.show_to(|text| {
        let key = match text.strip_prefix("whsec_") {
            Some(encoded) => Zeroizing::new(STANDARD.decode(encoded).ok()?),
            None => Zeroizing::new(text.as_bytes().to_vec()),
        };
        Hmac::<Sha256>::new_from_slice(&key).ok()
    });
    let mut mac = mac?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    let tag = mac.finalize().into_bytes();
    Some(format!("v1,{}", STANDARD.encode(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // the example in the documentation of Standard Webhooks
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
        let secret = Secret::new("whsec_not base64!").unwrap();
        assert_eq!(signature(&secret, "a", 1, ""), None);
    }

    #[test]
    fn the_body_is_json_and_holds_the_lines_as_they_are() {
        let items = [
            Item::Line("{\"seq\":1}".to_owned()),
            Item::Line("{\"seq\":2}".to_owned()),
        ];
        let body = body("siem", &items);
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["records"][1]["seq"], 2);
        assert!(body.contains("\n{\"seq\":2}\n"));
    }
}
