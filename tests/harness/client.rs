//! A client over the protocol library, as a host would use it.

use rmcp::RoleClient;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResult;
use rmcp::service::Peer;
use rmcp::service::RunningService;
use rmcp::service::ServiceError;
use rmcp::transport::TokioChildProcess;
use serde_json::Value;

use crate::World;
use crate::bin;

/// A connected client.
#[derive(Debug)]
pub struct Client(RunningService<RoleClient, ()>);

impl Client {
    /// Starts `readonly-fs` with these arguments and shakes hands.
    pub async fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::new(bin("readonly-fs"));
        command.args(world.arguments(arguments)).env_clear();
        let transport = TokioChildProcess::new(command).expect("starts");
        Self(().serve(transport).await.expect("initializes"))
    }

    /// The connection itself.
    #[must_use]
    pub fn peer(&self) -> &Peer<RoleClient> {
        self.0.peer()
    }

    /// Calls a tool.
    ///
    /// # Errors
    ///
    /// What the protocol library makes of the response.
    pub async fn call(
        &self,
        tool: &'static str,
        arguments: Value,
    ) -> Result<CallToolResult, ServiceError> {
        let arguments = arguments.as_object().expect("an object").clone();
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        self.0.call_tool(params).await
    }

    /// Hangs up.
    pub async fn close(self) {
        self.0.cancel().await.expect("the connection ends");
    }
}
