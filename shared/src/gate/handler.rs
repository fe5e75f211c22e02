//! Each method of the protocol as a question to the server; calls of tools are in `tools`.
//!
//! Whatever is refused here is kept in the [`Call`]; the gate makes reply and record of it.

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::ServerHandler;
use rmcp::model::CompleteRequestParams;
use rmcp::model::CompleteResult;
use rmcp::model::CompletionInfo;
use rmcp::model::CustomRequest;
use rmcp::model::CustomResult;
use rmcp::model::DiscoverResult;
use rmcp::model::Implementation;
use rmcp::model::ListResourceTemplatesResult;
use rmcp::model::ListResourcesResult;
use rmcp::model::ListToolsResult;
use rmcp::model::MetaObject;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ReadResourceRequestParams;
use rmcp::model::ReadResourceResponse;
use rmcp::model::ReadResourceResult;
use rmcp::model::Reference;
use rmcp::model::ServerCapabilities;
use rmcp::model::ServerConfig;
use rmcp::model::SubscribeRequestParams;
use rmcp::model::SubscriptionFilter;
use rmcp::model::UnsubscribeRequestParams;
use rmcp::service::RequestContext;
use rmcp::service::SubscriptionContext;

use super::desk::Desk;
use super::model;
use super::tools::Labels;
use super::watch::Watches;
use crate::call::Call;
use crate::call::Caller;
use crate::error::Denial;
use crate::error::Refusal;
use crate::label::Label;
use crate::label::wire;
use crate::server::Server;
use crate::server::Tool;

/// The protocol's view of a server.
#[derive(Debug)]
pub(super) struct Handler<S> {
    pub(super) server: Arc<S>,
    pub(super) desk: Arc<Desk>,
    pub(super) tools: Vec<(Tool, rmcp::model::Tool)>,
    implementation: Implementation,
    watches: Watches,
    pub(super) labels: Labels,
}

/// A refusal that the call keeps; what the protocol layer sees of it never leaves.
fn kept(call: &Call, refusal: Refusal) -> ErrorData {
    call.refuse(refusal);
    ErrorData::internal_error("", None)
}

fn call_of(context: &RequestContext<RoleServer>) -> Result<Call, ErrorData> {
    let call = context.extensions.get::<Call>();
    // only the gate calls a handler, and it always brings the call along
    call.cloned()
        .ok_or_else(|| ErrorData::internal_error("no call", None))
}

impl<S: Server> Handler<S> {
    pub(super) fn new(server: Arc<S>, desk: Arc<Desk>) -> Self {
        let tools = server.tools().iter();
        let implementation = model::implementation::<S>();
        Self {
            tools: tools.map(|tool| (*tool, model::tool(tool))).collect(),
            labels: Labels::new(&implementation),
            implementation,
            watches: Watches::default(),
            server,
            desk,
        }
    }

    pub(super) fn server(&self) -> &S {
        &self.server
    }

    /// Whether `tool` exists for `caller`.
    pub(super) fn may_use(&self, caller: &Caller, tool: &Tool) -> bool {
        caller.may(tool.permission) && self.server.offers(caller, tool)
    }

    /// The `_meta` of a result: its label.
    fn meta(&self, call: &Call, label: Label, untrusted: bool) -> MetaObject {
        let id = call.id().to_string();
        wire::meta(self.desk.taxonomy(), label, untrusted, Some(&id))
    }

    async fn read(&self, call: &Call, uri: String) -> Result<ReadResourceResult, Refusal> {
        let labeled = self.server.read(call.clone(), uri).await?;
        let label = labeled.label();
        let contents = labeled.release(call.caller().clearance)?;
        let size = model::contents_size(&contents);
        call.reserve(model::contents_weight(&contents)).await?;
        call.give(label, contents.len() as u64, size, false)?;
        let id = call.id().to_string();
        let taxonomy = self.desk.taxonomy();
        let models = contents
            .into_iter()
            .map(|c| model::contents(c, taxonomy, &id));
        let mut result = ReadResourceResult::new(models.collect());
        result.meta = Some(self.meta(call, label, true));
        result.ttl_ms = Some(wire::ttl_ms(taxonomy, label));
        result.cache_scope = Some(model::SCOPE);
        Ok(result)
    }

    async fn list(
        &self,
        call: &Call,
        cursor: Option<String>,
    ) -> Result<ListResourcesResult, Refusal> {
        let after = cursor
            .map(|cursor| call.unseal(&RESOURCES, &cursor))
            .transpose()?;
        let labeled = self.server.resources(call.clone(), after).await?;
        let label = labeled.label();
        let page = labeled.release(call.caller().clearance)?;
        call.give(label, page.items.len() as u64, 0, page.next.is_some())?;
        let taxonomy = self.desk.taxonomy();
        let label = label.join(model::join(page.items.iter().map(|item| item.label)));
        let models = page
            .items
            .into_iter()
            .map(|item| model::resource(item, taxonomy));
        let mut result = ListResourcesResult::with_all_items(models.collect());
        result.next_cursor = page.next.map(|next| call.seal(&RESOURCES, &next));
        result.meta = Some(self.meta(call, label, true));
        result.ttl_ms = Some(wire::ttl_ms(taxonomy, label));
        result.cache_scope = Some(model::SCOPE);
        Ok(result)
    }

    async fn completion(
        &self,
        call: &Call,
        params: CompleteRequestParams,
    ) -> Result<CompleteResult, Refusal> {
        let Reference::Resource(template) = params.r#ref else {
            return Err(Denial::NotFound.into());
        };
        let known = params
            .context
            .and_then(|context| context.arguments)
            .unwrap_or_default();
        let (variable, typed) = (params.argument.name, params.argument.value);
        let question = self.server.complete(
            call.clone(),
            template.uri,
            variable,
            typed,
            known.into_iter().collect(),
        );
        let labeled = question.await?;
        let label = labeled.label();
        let mut values = labeled.release(call.caller().clearance)?;
        values.truncate(CompletionInfo::MAX_VALUES);
        let bytes: usize = values.iter().map(String::len).sum();
        call.give(label, values.len() as u64, bytes as u64, false)?;
        let info = CompletionInfo::new(values).unwrap_or_default();
        let mut result = CompleteResult::new(info);
        result.meta = Some(self.meta(call, label, true));
        Ok(result)
    }
}

impl<S: Server> ServerHandler for Handler<S> {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::builder().enable_tools().build();
        if S::RESOURCES {
            let all = ServerCapabilities::builder()
                .enable_tools()
                .enable_completions();
            capabilities = all.enable_resources().enable_resources_subscribe().build();
        }
        let extensions = capabilities.extensions.get_or_insert_default();
        extensions.insert(wire::TRUST.to_owned(), rmcp::model::JsonObject::new());
        let caller = self.desk.session().caller(self.desk.now()).ok();
        let mut config = ServerConfig::new(capabilities);
        config.server_info = self.implementation.clone();
        // only handshakes read it; whoever has no authority is told nothing
        config.instructions = caller.map(|caller| {
            let about = self.server.instructions(&caller);
            format!("{about} {}", self.desk.enforced().clause())
        });
        config
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        call_of(&context)?;
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info());
        result.cache_scope = model::SCOPE;
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let call = call_of(&context)?;
        if request.and_then(|request| request.cursor).is_some() {
            // all tools are one page, so no cursor was ever given out
            return Err(kept(&call, Denial::StaleCursor.into()));
        }
        let taxonomy = self.desk.taxonomy();
        let ceiling = model::join(call.caller().clearance.ceilings());
        let own = wire::ceiling(taxonomy, ceiling);
        let meta = MetaObject([(wire::OWN.to_owned(), own)].into_iter().collect());
        let permitted = self
            .tools
            .iter()
            .filter(|(tool, _)| self.may_use(call.caller(), tool));
        let models = permitted.map(|(_, model)| {
            let mut model = model.clone();
            model.meta = Some(meta.clone());
            model
        });
        let mut result = ListToolsResult::with_all_items(models.collect());
        result.meta = Some(self.meta(&call, Label::PUBLIC, false));
        result.ttl_ms = Some(wire::ttl_ms(taxonomy, Label::PUBLIC));
        result.cache_scope = Some(model::SCOPE);
        call.give(Label::PUBLIC, result.tools.len() as u64, 0, false)
            .map_err(|denial| kept(&call, denial.into()))?;
        Ok(result)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let call = call_of(&context)?;
        let cursor = request.and_then(|request| request.cursor);
        self.list(&call, cursor)
            .await
            .map_err(|refusal| kept(&call, refusal))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let call = call_of(&context)?;
        if request.and_then(|request| request.cursor).is_some() {
            // as of tools
            return Err(kept(&call, Denial::StaleCursor.into()));
        }
        let taxonomy = self.desk.taxonomy();
        let ceiling = model::join(call.caller().clearance.ceilings());
        let templates = self.server.templates(&call);
        let meta = || wire::meta(taxonomy, ceiling, true, None);
        let models = templates
            .iter()
            .map(|template| model::template(template, meta()));
        let mut result = ListResourceTemplatesResult::with_all_items(models.collect());
        result.meta = Some(self.meta(&call, Label::PUBLIC, false));
        result.ttl_ms = Some(wire::ttl_ms(taxonomy, Label::PUBLIC));
        result.cache_scope = Some(model::SCOPE);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let call = call_of(&context)?;
        let result = self.read(&call, request.uri).await;
        result
            .map(Into::into)
            .map_err(|refusal| kept(&call, refusal))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let call = call_of(&context)?;
        let result = self.completion(&call, request).await;
        result.map_err(|refusal| kept(&call, refusal))
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        // what may not be read is accepted like what is not there: neither ever changes
        S::RESOURCES.then(|| {
            let mut accepted = SubscriptionFilter::new();
            accepted.resource_subscriptions = requested.resource_subscriptions.clone();
            accepted
        })
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let call = call_of(context.request_context())?;
        let uris = context
            .accepted()
            .resource_subscriptions
            .clone()
            .unwrap_or_default();
        super::watch::listen(&self.server, &self.desk, &call, uris, &context)
            .await
            .map_err(|refusal| kept(&call, refusal))
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let call = call_of(&context)?;
        self.watches
            .add(&self.server, &self.desk, &call, request.uri, context.peer)
            .await
            .map_err(|refusal| kept(&call, refusal))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        call_of(&context)?;
        self.watches.remove(&request.uri);
        Ok(())
    }

    async fn on_custom_request(
        &self,
        _request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let call = call_of(&context)?;
        Err(kept(&call, Denial::UnknownMethod.into()))
    }
}

/// What a cursor of the resource list is bound to.
const RESOURCES: &str = "resources/list";
