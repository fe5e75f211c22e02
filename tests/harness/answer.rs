//! One response, taken apart.

use serde_json::Value;

/// A JSON-RPC response as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(pub Value);

impl Answer {
    /// Its result, which it must have.
    #[must_use]
    pub fn result(&self) -> &Value {
        let result = self.0.get("result");
        result.unwrap_or_else(|| panic!("no result: {}", self.0))
    }

    /// Its error, which it must have.
    #[must_use]
    pub fn error(&self) -> &Value {
        let error = self.0.get("error");
        error.unwrap_or_else(|| panic!("no error: {}", self.short()))
    }

    /// The text of all blocks.
    #[must_use]
    pub fn text(&self) -> String {
        let blocks = self.result()["content"].as_array();
        let texts = blocks.into_iter().flatten();
        texts.filter_map(|block| block["text"].as_str()).collect()
    }

    /// The lines of the text, without the trailer that leads to the next page.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| !line.is_empty());
        let own = |line: &&str| !line.starts_with("[more: ") && *line != "[nothing]";
        lines.filter(own).map(str::to_owned).collect()
    }

    /// The structured part of a tool's result.
    #[must_use]
    pub fn structured(&self) -> &Value {
        &self.result()["structuredContent"]
    }

    /// The code of the refusal, whichever way it came; none for an answer.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        if let Some(error) = self.0.get("error") {
            let named = error["data"]["code"].as_str();
            return Some(named.unwrap_or_else(|| error["message"].as_str().unwrap_or("?")));
        }
        let refused = self.0["result"]["isError"] == true;
        refused.then(|| self.structured()["code"].as_str().unwrap_or("?"))
    }

    /// Whether it is an answer, not a refusal.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code().is_none()
    }

    /// The answer itself, which must not be a refusal.
    pub fn ok(self) -> Self {
        assert!(self.is_ok(), "refused: {}", self.short());
        self
    }

    /// The same without its id: what another request's answer can be compared with.
    #[must_use]
    pub fn without_id(&self) -> String {
        let mut bare = self.0.clone();
        bare.as_object_mut().expect("an object").remove("id");
        bare.to_string()
    }

    /// The beginning of it, for messages.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.to_string().chars().take(600).collect()
    }
}
