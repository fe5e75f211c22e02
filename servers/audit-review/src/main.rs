//! `audit-review`: reads the audit trail that the other servers leave, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    guard::program::main::<audit_review::program::AuditReviewProgram>()
}
