//! Which headers an operator may open to a caller, or set.

/// Whether `name` is the name of a header, in lower case, that neither frames a message, nor says
/// who asks, nor where it goes, nor what it really means.
#[must_use]
pub fn is_fit(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let plain = (1..=64).contains(&name.len()) && name.bytes().all(token);
    // a server that reads `_` as `-` must not see more in it than we do
    let name = name.replace('_', "-");
    plain && !CLOSED.contains(&name.as_str()) && !FAMILIES.iter().any(|f| name.starts_with(f))
}

const CLOSED: [&str; 47] = [
    "accept-encoding",
    "api-key",
    "apikey",
    "authorization",
    "baggage",
    "client-ip",
    "cluster-client-ip",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "destination",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "from",
    "front-end-https",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "range",
    "referer",
    "remote-addr",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "user-agent",
    "via",
    "warning",
    "x-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-method-override",
    "x-user-context",
];

const FAMILIES: [&str; 11] = [
    "cf-",
    "proxy-",
    "sec-",
    "x-amz-",
    "x-authenticated-",
    "x-forwarded",
    "x-http-method-",
    "x-original-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o3_no_header_that_moves_authority_can_be_opened() {
        for fit in [
            "accept-language",
            "if-none-match",
            "idempotency-key",
            "x-request-id",
            "prefer",
        ] {
            assert!(is_fit(fit), "{fit}");
        }
        for unfit in [
            "",
            "Authorization",
            "authorization",
            "host",
            "cookie",
            "connection",
            "content-length",
            "transfer-encoding",
            "transfer_encoding",
            "x-user-context",
            "x_user_context",
            "x-forwarded-for",
            "x-forwarded",
            "forwarded",
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-original-url",
            "x-rewrite-url",
            "proxy-authorization",
            "a b",
            "a:b",
            "a\r\nb",
            "é",
            "te",
            "upgrade",
            "range",
            "expect",
            "traceparent",
            "tracestate",
            "baggage",
            "x-real-ip",
        ] {
            assert!(!is_fit(unfit), "{unfit}");
        }
    }
}
