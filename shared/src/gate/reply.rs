//! What a caller hears when there is no answer.
//!
//! # Invariants
//!
//! - A denial is the same bytes whatever was asked for: no name, no reference, no time.
//! - A fault is its reference and nothing else.

use rmcp::ErrorData;
use rmcp::model::CallToolResult;
use rmcp::model::ErrorCode;
use rmcp::model::ServerResult;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::outcome::Kind;
use crate::error::Denial;
use crate::label::Label;
use crate::label::Taxonomy;
use crate::label::wire;

/// What to say, in the form that the request wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) denial: Option<Denial>,
    pub(super) reference: Option<Uuid>,
}

impl Refused {
    pub(super) const fn denied(denial: Denial) -> Self {
        Self {
            code: denial.code(),
            denial: Some(denial),
            reference: None,
        }
    }

    pub(super) const fn failed(reference: Uuid) -> Self {
        Self {
            code: "failed",
            denial: None,
            reference: Some(reference),
        }
    }

    pub(super) const fn unrecorded(reference: Uuid) -> Self {
        Self {
            code: "unavailable",
            denial: None,
            reference: Some(reference),
        }
    }

    pub(super) fn reply(
        self,
        kind: Kind,
        modern: bool,
        taxonomy: &Taxonomy,
    ) -> Result<ServerResult, ErrorData> {
        let unroutable = matches!(
            self.denial,
            Some(Denial::UnknownTool | Denial::NotPermitted | Denial::InvalidRequest)
        );
        if kind == Kind::Tool && !unroutable {
            let mut result = CallToolResult::structured_error(self.data());
            result.content = vec![rmcp::model::ContentBlock::text(format!(
                "{}: {}",
                self.code,
                self.message()
            ))];
            result.meta = Some(wire::meta(taxonomy, Label::PUBLIC, false, None));
            if !modern {
                result.result_type = None;
            }
            return Ok(ServerResult::CallToolResult(result));
        }
        Err(self.error(kind, modern))
    }

    fn error(self, kind: Kind, modern: bool) -> ErrorData {
        let not_found = self.code == "not_found";
        let code = match self.denial {
            _ if not_found && kind == Kind::Resource && !modern => ErrorCode::RESOURCE_NOT_FOUND,
            Some(Denial::UnknownMethod) => ErrorCode::METHOD_NOT_FOUND,
            Some(Denial::InvalidRequest) => ErrorCode::INVALID_REQUEST,
            Some(Denial::Busy | Denial::Quota { .. }) => TOO_MANY,
            Some(Denial::TimedOut) => TIMED_OUT,
            Some(Denial::Expired) => EXPIRED,
            Some(_) => ErrorCode::INVALID_PARAMS,
            None => ErrorCode::INTERNAL_ERROR,
        };
        if not_found && kind == Kind::Resource {
            return ErrorData::new(code, "resource not found", None);
        }
        ErrorData::new(code, self.message(), Some(self.data()))
    }

    fn message(self) -> String {
        match self.denial {
            Some(denial) => denial.to_string(),
            None => "could not be done; the operator's log has the reason".to_owned(),
        }
    }

    fn data(self) -> Value {
        let mut data = json!({"code": self.code, "message": self.message()});
        if let Some(data) = data.as_object_mut() {
            if let Some(reference) = self.reference {
                data.insert("ref".to_owned(), reference.to_string().into());
            }
            if let Some(Denial::Quota { retry_after_s, .. }) = self.denial {
                data.insert("retryAfterSeconds".to_owned(), retry_after_s.into());
            }
        }
        data
    }
}

// own codes lie outside the range that JSON-RPC and MCP reserve; these are HTTP's words
const TOO_MANY: ErrorCode = ErrorCode(429);
const TIMED_OUT: ErrorCode = ErrorCode(408);
const EXPIRED: ErrorCode = ErrorCode(401);
