//! One server process and the client that talks to it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;

use rmcp::RoleClient;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResult;
use rmcp::model::ReadResourceRequestParams;
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use serde_json::Value;
use tokio::task::JoinSet;

/// A client with its server.
#[derive(Debug)]
pub struct Client {
    service: RunningService<RoleClient, ()>,
    pid: Option<u32>,
}

/// What the server said to one call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// The text that a model would read.
    pub text: String,
    /// Whether it was refused.
    pub refused: bool,
    /// The label of the whole answer: `confidential+personal`.
    pub label: String,
    /// The same as the text, for programs; null where there is none.
    pub structured: Value,
    /// The whole answer as JSON, to compare.
    pub whole: String,
}

/// A client that keeps all that it is told, to be searched.
#[derive(Debug)]
pub struct Talk {
    client: Client,
    heard: String,
}

impl Client {
    /// Starts `binary` in the directory `place` with `arguments`.
    ///
    /// # Errors
    ///
    /// If it does not start or does not speak the protocol.
    pub async fn start<A: AsRef<OsStr>>(
        binary: &Path,
        place: &Path,
        arguments: &[A],
    ) -> io::Result<Self> {
        let mut command = tokio::process::Command::new(binary);
        command.args(arguments).current_dir(place);
        Self::connect(command).await
    }

    /// Starts the server as `command` says.
    ///
    /// # Errors
    ///
    /// As [`Client::start`].
    pub async fn connect(command: tokio::process::Command) -> io::Result<Self> {
        Self::connect_logged(command, Stdio::inherit()).await
    }

    /// Starts the server as `command` says; what it logs goes to `log`.
    ///
    /// # Errors
    ///
    /// As [`Client::start`].
    pub async fn connect_logged(
        command: tokio::process::Command,
        log: impl Into<Stdio>,
    ) -> io::Result<Self> {
        let process = TokioChildProcess::builder(command).stderr(log).spawn();
        let (process, _) = process?;
        let pid = process.id();
        let service = ().serve(process).await.map_err(io::Error::other)?;
        Ok(Self { service, pid })
    }

    /// Sends the signal at which the server reads its policy again.
    ///
    /// # Errors
    ///
    /// If it is gone.
    pub fn hang_up(&self) -> io::Result<()> {
        let pid = self.pid.and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the server is gone"))?;
        Ok(kill_process(pid, Signal::HUP)?)
    }

    /// Calls a tool that may not be there: then it is the error that there is no such tool.
    pub async fn attempt(&self, tool: &'static str, arguments: &Value) -> Result<Said, String> {
        let result = self.service.call_tool(request(tool, arguments)).await;
        let result = result.map_err(|error| error.to_string())?;
        Said::new(&result).map_err(|error| error.to_string())
    }

    /// Calls `tool` with an object of `arguments`.
    ///
    /// # Errors
    ///
    /// If there is no answer at all. A refusal is an answer.
    pub async fn call(&self, tool: &'static str, arguments: &Value) -> io::Result<Said> {
        let result = self.service.call_tool(request(tool, arguments)).await;
        Said::new(&result.map_err(io::Error::other)?)
    }

    /// Makes the same call `count` times at once.
    ///
    /// # Errors
    ///
    /// If one of them has no answer at all.
    pub async fn call_at_once(
        &self,
        count: usize,
        tool: &'static str,
        arguments: &Value,
    ) -> io::Result<Vec<Said>> {
        let mut calls = JoinSet::new();
        for _ in 0..count {
            let (peer, request) = (self.service.peer().clone(), request(tool, arguments));
            calls.spawn(async move { peer.call_tool(request).await });
        }
        let mut all = Vec::with_capacity(count);
        while let Some(ended) = calls.join_next().await {
            let result = ended.map_err(io::Error::other)?;
            all.push(Said::new(&result.map_err(io::Error::other)?)?);
        }
        Ok(all)
    }

    /// Reads the resource `uri`; the error's text if it is refused.
    pub async fn resource(&self, uri: &str) -> Result<String, String> {
        let request = ReadResourceRequestParams::new(uri);
        let result = self.service.read_resource(request).await;
        let result = result.map_err(|error| error.to_string())?;
        serde_json::to_string(&result).map_err(|error| error.to_string())
    }

    /// The names of the tools.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub async fn tools(&self) -> io::Result<Vec<String>> {
        // a client may keep a list for a while; what is shown is what is there now
        self.service.peer().clear_response_cache().await;
        let tools = self.service.list_all_tools().await;
        let tools = tools.map_err(io::Error::other)?;
        Ok(tools.iter().map(|tool| tool.name.to_string()).collect())
    }

    /// Closes the server's input and waits for its end.
    ///
    /// # Errors
    ///
    /// If the connection broke off.
    pub async fn stop(self) -> io::Result<()> {
        let quit = self.service.cancel().await;
        quit.map(drop).map_err(io::Error::other)
    }
}

impl Talk {
    /// Nothing is said yet.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        let heard = String::new();
        Self { client, heard }
    }

    /// Who talks.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Calls a tool that may not be there: then it is the error that there is no such tool.
    pub async fn ask(&mut self, tool: &'static str, arguments: &Value) -> Result<Said, String> {
        let answer = self.client.attempt(tool, arguments).await;
        self.heard
            .push_str(answer.as_ref().map_or_else(String::as_str, |s| &s.whole));
        self.heard.push('\n');
        answer
    }

    /// Ends it; gives all that was told, one answer a line.
    ///
    /// # Errors
    ///
    /// If the connection broke off.
    pub async fn end(self) -> io::Result<String> {
        self.client.stop().await?;
        Ok(self.heard)
    }
}

impl Said {
    fn new(result: &CallToolResult) -> io::Result<Self> {
        let whole = serde_json::to_value(result)?;
        let texts = result.content.iter().filter_map(|block| block.as_text());
        let texts: Vec<_> = texts.map(|block| block.text.as_str()).collect();
        Ok(Self {
            text: texts.join("\n"),
            refused: result.is_error == Some(true),
            label: label(whole.pointer("/_meta/dev.keyhole~1security-label")),
            structured: result.structured_content.clone().unwrap_or_default(),
            whole: whole.to_string(),
        })
    }

    /// Whether `word` is anywhere in the answer, seen by the model or not.
    #[must_use]
    pub fn mentions(&self, word: &str) -> bool {
        self.whole.contains(word)
    }
}

fn request(tool: &'static str, arguments: &Value) -> CallToolRequestParams {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(tool).with_arguments(arguments)
}

fn label(meta: Option<&Value>) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(meta) = meta else {
        return "none".to_owned();
    };
    let categories = meta.get("categories").and_then(Value::as_array);
    let level = meta.get("level").map(word).into_iter();
    let words = level.chain(categories.into_iter().flatten().map(word));
    words.collect::<Vec<_>>().join("+")
}
