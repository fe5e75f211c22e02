//! What AWS's answers mean: the value, or the remedy.
//!
//! Codes from "Common errors" and `GetSecretValue` in the AWS Secrets Manager API reference, and from
//! the AWS STS API reference.
//!
//! # Invariants
//!
//! - Nothing of AWS's text is repeated: of a refusal the code alone is looked at.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use secrecy::zeroize::Zeroizing;

use super::place::Place;
use super::sts;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::secret::http::Answer;
use crate::secret::json::NoText;
use crate::secret::json::Object;
use crate::secret::value::MAX_BYTES;

/// The value that the answer to `GetSecretValue` holds for the place.
pub(super) fn value(body: &[u8], place: &Place<'_>) -> Result<Secret, Trouble> {
    let answer = Object::parse(body).map_err(|_| STRANGE)?;
    let whole = match answer.text("SecretString") {
        Ok(text) => text.into_bytes(),
        Err(NoText::Absent) => {
            let encoded = answer.text("SecretBinary").map_err(|_| STRANGE)?;
            decode(&encoded)?
        }
        Err(NoText::Malformed | NoText::OtherKind) => return Err(STRANGE),
    };
    let Some(field) = place.field else {
        return Secret::new(whole);
    };
    let whole = Zeroizing::new(whole);
    let object = Object::parse(&whole).map_err(|_| NO_OBJECT)?;
    let text = object.text(field).map_err(|why| match why {
        NoText::Absent => NO_FIELD,
        NoText::OtherKind | NoText::Malformed => NO_TEXT,
    })?;
    Secret::new(text.into_bytes())
}

/// Base64, decoded into one allocation of the final size.
fn decode(encoded: &[u8]) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let decoded = BASE64_STANDARD.decode_slice(encoded, &mut bytes);
    let length = decoded.map_err(|_| STRANGE)?;
    if length > MAX_BYTES {
        return Err(Trouble::TooLarge(MAX_BYTES));
    }
    bytes.truncate(length);
    Ok(std::mem::take(&mut *bytes))
}

/// Whether the same request may be answered better in a moment.
pub(super) fn is_passing(answer: &Answer) -> bool {
    let throttled = code(answer).is_some_and(|code| SLOWER.contains(&&*code));
    throttled || matches!(answer.status, 429 | 500 | 502 | 503 | 504)
}

/// Whether other credentials may be answered better.
pub(super) fn is_about_credentials(answer: &Answer) -> bool {
    let code = code(answer);
    code.is_some_and(|code| ENDED.contains(&&*code) || UNKNOWN.contains(&&*code))
}

/// What a refusal means for the operator.
pub(super) fn refusal(answer: &Answer, now: DateTime<Utc>) -> Trouble {
    let status = answer.status;
    let remedy = remedy(answer, now);
    if is_passing(answer) {
        Trouble::Unready { status, remedy }
    } else {
        Trouble::Refused { status, remedy }
    }
}

fn remedy(answer: &Answer, now: DateTime<Utc>) -> &'static str {
    let code = code(answer).unwrap_or_default();
    let code = &*code;
    let signature = SIGNATURE.contains(&code);
    if LATE.contains(&code) || (signature && is_skewed(answer, now)) {
        return CLOCK;
    }
    if signature {
        return WRONG_KEY;
    }
    match MEANINGS.iter().find(|(codes, _)| codes.contains(&code)) {
        Some((_, remedy)) => remedy,
        None if answer.status == 429 => BUSY,
        None if answer.status >= 500 => BROKEN,
        None if answer.status < 400 => ELSEWHERE,
        None => UNKNOWN_REFUSAL,
    }
}

/// The code of a refusal: in a header, in JSON behind a namespace, or in STS's XML.
pub(super) fn code(answer: &Answer) -> Option<String> {
    if answer.status == 200 {
        return None;
    }
    let code = answer.header("x-amzn-errortype").map(str::to_owned);
    let code = code.or_else(|| sts::code(&answer.body));
    let code = code.or_else(|| {
        let text = Object::parse(&answer.body).ok()?.text("__type").ok()?;
        String::from_utf8(text.into_bytes()).ok()
    })?;
    let code = code.rsplit_once('#').map_or(&*code, |(_, code)| code);
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    Some(code.to_owned())
}

/// AWS takes a signature for five minutes.
fn is_skewed(answer: &Answer, now: DateTime<Utc>) -> bool {
    let date = answer.header("date");
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    date.is_some_and(|date| (now - date.with_timezone(&Utc)).abs() > TimeDelta::minutes(4))
}

const SLOWER: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "LimitExceededException",
    "IDPCommunicationError",
    "InternalServiceError",
    "InternalFailure",
    "ServiceUnavailable",
];

const ENDED: &[&str] = &["ExpiredToken", "ExpiredTokenException"];

const UNKNOWN: &[&str] = &[
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "OptInRequired",
];

const SIGNATURE: &[&str] = &["InvalidSignatureException", "SignatureDoesNotMatch"];

const LATE: &[&str] = &[
    "RequestTimeTooSkewed",
    "RequestExpired",
    "RequestInTheFuture",
];

const MEANINGS: &[(&[&str], &str)] = &[
    (SLOWER, BUSY),
    (ENDED, EXPIRED),
    (UNKNOWN, STRANGER),
    (
        &[
            "AccessDeniedException",
            "AccessDenied",
            "UnauthorizedException",
        ],
        DENIED,
    ),
    (&["ResourceNotFoundException", "ResourceNotFound"], ABSENT),
    (&["DecryptionFailure", "DecryptionFailureException"], SEALED),
    (&["InvalidRequestException"], DELETED),
    (
        &[
            "InvalidParameterException",
            "ValidationException",
            "ValidationError",
        ],
        REFUSED,
    ),
    (&["RegionDisabledException"], REGION),
];

const STRANGE: Trouble = Trouble::Unfit(
    "AWS answered with something that is no secret: look at its endpoint (AWS_ENDPOINT_URL...)",
);

const NO_OBJECT: Trouble = Trouble::Unfit(
    "the secret is no JSON object, so it has no fields: leave #FIELD away, or store it as one",
);

const NO_FIELD: Trouble = Trouble::Absent("the secret's JSON object has no such field");

const NO_TEXT: Trouble =
    Trouble::Unfit("that field of the secret is no text: store it between quotes");

const CLOCK: &str = "the clock of this machine and that of AWS are minutes apart, so AWS takes no signature: set the \
     clock (NTP)";

const WRONG_KEY: &str =
    "AWS does not take the signature: the secret access key is not that of the access key id";

const EXPIRED: &str = "the credentials for AWS have expired: renew them where they come from";

const STRANGER: &str = "AWS does not know these credentials in this region: they were deleted or deactivated, lack their \
     session token, or the account has not opted in to the region";

const DENIED: &str = "AWS denies it: allow these credentials secretsmanager:GetSecretValue on the secret, and \
     kms:Decrypt on the key that seals it";

const ABSENT: &str = "AWS has no such secret or version in this account and region; another account's secret needs its \
     ARN";

const SEALED: &str =
    "AWS cannot decrypt the secret: enable the KMS key that seals it, and allow kms:Decrypt on it";

const DELETED: &str =
    "the secret is scheduled for deletion, or has no value in that version: restore it, or put one";

const REFUSED: &str = "AWS takes the reference for malformed: look at its name, stage and version";

const REGION: &str = "the region is disabled for this account: enable it";

const UNKNOWN_REFUSAL: &str =
    "AWS refuses and says nothing that is known here: look at its endpoint (AWS_ENDPOINT_URL...)";

const BUSY: &str =
    "AWS was busy, or asked for fewer requests, for as long as we tried: start again later";

const BROKEN: &str = "AWS failed for as long as we tried: start again later";

const ELSEWHERE: &str = "AWS sent us elsewhere, and nobody is followed there: look at its endpoint (AWS_ENDPOINT_URL...)";
