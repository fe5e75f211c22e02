//! The suite's own types as protocol messages.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol library adds variants; what is not known gets the strictest reading"
)]

use std::sync::Arc;

use rmcp::model::Annotations;
use rmcp::model::CacheScope;
use rmcp::model::ContentBlock;
use rmcp::model::Implementation;
use rmcp::model::JsonObject;
use rmcp::model::MetaObject;
use rmcp::model::ResourceContents;
use rmcp::model::Role;
use rmcp::model::Tool as ToolModel;
use rmcp::model::ToolAnnotations;

use crate::label::Label;
use crate::label::Taxonomy;
use crate::label::wire;
use crate::schema;
use crate::server::Block;
use crate::server::Body;
use crate::server::Contents;
use crate::server::Resource;
use crate::server::Server;
use crate::server::Template;
use crate::server::Tool;

/// What depends on the caller, and everything here does.
pub(super) const SCOPE: CacheScope = CacheScope::Private;

pub(super) fn implementation<S: Server>() -> Implementation {
    Implementation::new(S::NAME, S::VERSION).with_title(S::TITLE)
}

pub(super) fn tool(tool: &Tool) -> ToolModel {
    let annotations = ToolAnnotations::new()
        .read_only(!tool.writes)
        .destructive(tool.writes)
        .idempotent(!tool.writes)
        .open_world(tool.open_world);
    let input = Arc::new(schema::json_schema(tool.parameters));
    let mut model = ToolModel::new(tool.name, tool.about, input).with_annotations(annotations);
    model.title = (!tool.title.is_empty()).then(|| tool.title.to_owned());
    match serde_json::from_str::<JsonObject>(tool.output) {
        Ok(output) => model.with_raw_output_schema(Arc::new(output)),
        Err(_) => model,
    }
}

/// The content of an answer. Of several blocks each carries the answer's label; a single one says
/// what its result says, once.
pub(super) fn blocks(answer: Vec<Block>, meta: Option<&MetaObject>) -> Vec<ContentBlock> {
    answer
        .into_iter()
        .map(|block| self::block(block, meta))
        .collect()
}

fn block(block: Block, meta: Option<&MetaObject>) -> ContentBlock {
    let mut model = match block {
        Block::Text(text) => ContentBlock::text(text),
        Block::Image(image) => ContentBlock::image(image.base64, image.mime),
        Block::Audio(audio) => ContentBlock::audio(audio.base64, audio.mime),
        Block::Blob { uri, content } => {
            let contents = ResourceContents::blob(content.base64, uri);
            ContentBlock::resource(contents.with_mime_type(content.mime))
        }
    };
    let place = match &mut model {
        ContentBlock::Text(text) => Some(&mut text.meta),
        ContentBlock::Image(image) => Some(&mut image.meta),
        ContentBlock::Audio(audio) => Some(&mut audio.meta),
        ContentBlock::Resource(resource) => Some(&mut resource.meta),
        _ => None,
    };
    if let (Some(place), Some(meta)) = (place, meta) {
        *place = Some(meta.clone());
    }
    model
}

pub(super) fn resource(resource: Resource, taxonomy: &Taxonomy) -> rmcp::model::Resource {
    let mut annotations = Annotations::default();
    if let Some(modified) = resource.modified {
        annotations = annotations.with_timestamp(modified);
    }
    if wire::is_for_people(taxonomy, resource.label) {
        annotations = annotations
            .with_audience(vec![Role::User])
            .with_priority(0.1);
    }
    let mut model = rmcp::model::Resource::new(resource.uri, resource.name)
        .with_meta(wire::meta(taxonomy, resource.label, true, None))
        .with_annotations(annotations);
    model.mime_type = resource.mime;
    model.size = resource.size;
    model
}

pub(super) fn template(template: &Template, meta: MetaObject) -> rmcp::model::ResourceTemplate {
    rmcp::model::ResourceTemplate::new(template.uri, template.name)
        .with_description(template.about)
        .with_meta(meta)
}

pub(super) fn contents(contents: Contents, taxonomy: &Taxonomy, id: &str) -> ResourceContents {
    let meta = wire::meta(taxonomy, contents.label, contents.untrusted, Some(id));
    let model = match contents.body {
        Body::Text(text) => ResourceContents::text(text, contents.uri),
        Body::Blob(base64) => ResourceContents::blob(base64, contents.uri),
    };
    match contents.mime {
        Some(mime) => model.with_mime_type(mime),
        None => model,
    }
    .with_meta(meta)
}

/// How many bytes of content an answer gives away.
pub(super) fn size(blocks: &[Block]) -> u64 {
    let sizes = blocks.iter().map(|block| match block {
        Block::Text(text) => text.len() as u64,
        Block::Image(binary) | Block::Audio(binary) => binary.base64.len() as u64,
        Block::Blob { content, .. } => content.base64.len() as u64,
    });
    sizes.sum()
}

/// How many bytes the contents of a resource are.
pub(super) fn contents_size(contents: &[Contents]) -> u64 {
    let sizes = contents.iter().map(|c| match &c.body {
        Body::Text(text) | Body::Blob(text) => text.len() as u64,
    });
    sizes.sum()
}

/// How many bytes the content of an answer is at most when it is written as JSON.
pub(super) fn weight(blocks: &[Block]) -> u64 {
    let blocks = blocks.iter().map(|block| match block {
        Block::Text(text) => written(text),
        Block::Image(binary) | Block::Audio(binary) => binary.base64.len() as u64,
        Block::Blob { content, .. } => content.base64.len() as u64,
    });
    blocks.sum()
}

/// The same of the contents of a resource.
pub(super) fn contents_weight(contents: &[Contents]) -> u64 {
    let bodies = contents.iter().map(|c| match &c.body {
        Body::Text(text) => written(text),
        Body::Blob(base64) => base64.len() as u64,
    });
    bodies.sum()
}

/// What JSON escapes takes up to six bytes.
fn written(text: &str) -> u64 {
    // without branches and with sums that fit a byte: the compiler looks at many at a time
    let escaped = |b: u8| u8::from((b < 0x20) | (b == b'"') | (b == b'\\'));
    let parts = text.as_bytes().chunks(255);
    let escapes = parts.map(|part| u64::from(part.iter().fold(0, |n, &b| n + escaped(b))));
    text.len() as u64 + 5 * escapes.sum::<u64>()
}

/// The join of all items is what a list of them is labelled.
pub(super) fn join(labels: impl Iterator<Item = Label>) -> Label {
    labels.fold(Label::PUBLIC, Label::join)
}
