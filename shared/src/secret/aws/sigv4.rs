//! Signs one kind of request as AWS asks for it: `POST /`, without a query.
//!
//! Signature Version 4, from "AWS Signature Version 4 for API requests" in the IAM User Guide.
//!
//! # Invariants
//!
//! - The secret key and what is derived from it are wiped; the session token goes into the hash
//!   piece by piece, so that no copy of it is made.

use std::fmt::Write;

use chrono::DateTime;
use chrono::Utc;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use secrecy::zeroize::Zeroizing;
use sha2::Digest;
use sha2::Sha256;

use super::credentials::Credentials;

/// What is signed.
#[derive(Debug)]
pub(super) struct Unsigned<'a> {
    /// As in the header `host`, so with a port that is not the usual one.
    pub(super) host: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// The headers beside `host`, `x-amz-date` and `x-amz-security-token`: lower-case names, values
    /// without blanks at their ends.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// The two headers that go along.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Signed {
    /// `x-amz-date`.
    pub(super) date: String,
    /// `authorization`. Good for five minutes and this request only.
    pub(super) authorization: String,
}

impl Unsigned<'_> {
    /// Signs it as of `now`.
    pub(super) fn sign(&self, with: &Credentials, now: DateTime<Utc>) -> Signed {
        let date = now.format("%Y%m%dT%H%M%SZ").to_string();
        let day = now.format("%Y%m%d").to_string();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (names, canonical) = self.canonical(with, &date);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{canonical}");
        let mut key = with.key.show_to(|key| {
            let mut first = Zeroizing::new(Vec::with_capacity(4 + key.len()));
            first.extend_from_slice(b"AWS4");
            first.extend_from_slice(key.as_bytes());
            mac(&first, day.as_bytes())
        });
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(&*key, part.as_bytes());
        }
        let signature = hex(&*mac(&*key, to_sign.as_bytes()));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            with.id
        );
        Signed {
            date,
            authorization,
        }
    }

    /// The names of the signed headers, and the hash of the request in its canonical form.
    fn canonical(&self, with: &Credentials, date: &str) -> (String, String) {
        with.show_token(|token| {
            let mut headers = self.headers.to_vec();
            headers.extend([("host", self.host), ("x-amz-date", date)]);
            headers.extend(token.map(|token| ("x-amz-security-token", token)));
            headers.sort_unstable();
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let names = names.join(";");
            let mut hash = Sha256::new();
            hash.update("POST\n/\n\n");
            for (name, value) in headers {
                for part in [name, ":", value, "\n"] {
                    hash.update(part);
                }
            }
            let body = hex(&Sha256::digest(self.body));
            for part in ["\n", &names, "\n", &body] {
                hash.update(part);
            }
            (names, hex(&hash.finalize()))
        })
    }
}

fn mac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut block = Zeroizing::new([0_u8; 64]);
    let hashed;
    let key = if key.len() > block.len() {
        hashed = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(key)));
        hashed.as_slice()
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    Zeroizing::new(mac.chain_update(text).finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secret::Secret;

    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwA\
        eMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy\
        0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz\
        +scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    fn keys(key: &str, token: Option<&str>) -> Credentials {
        let secret = |text: &str| Arc::new(Secret::new(text).unwrap());
        let token = token.map(secret);
        Credentials::new("AKIDEXAMPLE".to_owned(), secret(key), token, None).unwrap()
    }

    /// Signs as the published vectors do, and gives the signed headers and the signature.
    fn signed(headers: &[(&str, &str)], body: &str, token: Option<&str>) -> (String, String) {
        let unsigned = Unsigned {
            host: "example.amazonaws.com",
            region: "us-east-1",
            service: "service",
            headers,
            body: body.as_bytes(),
        };
        let keys = keys("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token);
        let at = "2015-08-30T12:36:00Z".parse().unwrap();
        let signed = unsigned.sign(&keys, at);
        assert_eq!(signed.date, "20150830T123600Z");
        let start = "AWS4-HMAC-SHA256 \
            Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=";
        let rest = signed.authorization.strip_prefix(start).unwrap();
        let (names, signature) = rest.split_once(", Signature=").unwrap();
        (names.to_owned(), signature.to_owned())
    }

    /// The vectors of AWS's signing test suite that are a `POST` to `/`.
    #[test]
    fn a_request_is_signed_as_the_published_vectors_are() {
        let hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let form = "application/x-www-form-urlencoded";
        let utf8 = "application/x-www-form-urlencoded; charset=utf-8";
        let with = |kind| {
            [
                ("content-length", "13"),
                ("content-type", kind),
                ("x-amz-content-sha256", hash),
            ]
        };
        for (name, headers, body, token, signature) in [
            (
                "post-vanilla",
                &[][..],
                "",
                None,
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "post-header-key-sort",
                &[("my-header1", "value1")],
                "",
                None,
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
            (
                "post-header-value-case",
                &[("my-header1", "VALUE1")],
                "",
                None,
                "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            ),
            (
                "post-sts-header-before",
                &[],
                "",
                Some(TOKEN),
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
            (
                "post-x-www-form-urlencoded",
                &with(form),
                "Param1=value1",
                None,
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
            (
                "post-x-www-form-urlencoded-parameters",
                &with(utf8),
                "Param1=value1",
                None,
                "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
            ),
        ] {
            assert_eq!(signed(headers, body, token).1, signature, "{name}");
        }
    }

    #[test]
    fn the_token_is_signed_and_everything_changes_the_signature() {
        let (names, plain) = signed(&[], "", None);
        assert_eq!(names, "host;x-amz-date");
        let (names, with_token) = signed(&[("a", "b")], "", Some(TOKEN));
        assert_eq!(names, "a;host;x-amz-date;x-amz-security-token");
        let others = [
            with_token,
            signed(&[], "{}", None).1,
            signed(&[("a", "b")], "", None).1,
            signed(&[("a", "c")], "", None).1,
        ];
        for (at, one) in others.iter().enumerate() {
            assert!(*one != plain && !others.iter().skip(at + 1).any(|other| one == other));
        }
    }

    #[test]
    fn a_key_longer_than_a_block_is_hashed_first() {
        // RFC 4231, test case 6.
        let tag = mac(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex(&*tag),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
