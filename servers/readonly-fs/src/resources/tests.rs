//! The files as resources, for readers of different clearance.

use guard::error::Denial;
use guard::error::Refusal;
use guard::server::Body;
use guard::server::Contents;
use guard::server::Page;
use guard::server::Server;

use crate::testing::World;
use crate::testing::block_on;

fn small() -> World {
    let files = [
        ("a b.md", "alpha"),
        ("%41.md", "percent"),
        ("new\nline", "odd"),
        (".hidden", "dot"),
        ("secret.md", "secret"),
        ("sub/deep.md", "deep"),
        ("sub/secret.md", "secret"),
        ("pic.png", "\u{89}PNG"),
    ];
    let rule = "[[roots.label-rules]]\npaths = [\"**/secret.md\"]\nlabel = \"confidential\"\n";
    World::new(&files, rule)
}

fn list(world: &World, clearance: &str, after: Option<String>) -> Page {
    let call = world.request(clearance);
    let reader = call.caller().clearance;
    let page = block_on(world.server.resources(call, after)).unwrap();
    page.release(reader).unwrap()
}

fn read(world: &World, clearance: &str, uri: &str) -> Result<Contents, Denial> {
    let call = world.request(clearance);
    let reader = call.caller().clearance;
    match block_on(world.server.read(call, uri.to_owned())) {
        Ok(contents) => Ok(contents.release(reader).unwrap().remove(0)),
        Err(Refusal::Denied(denial)) => Err(denial),
        Err(Refusal::Failed(fault)) => panic!("{}", fault.chain()),
    }
}

fn complete(world: &World, clearance: &str, variable: &str, typed: &str) -> Vec<String> {
    let call = world.request(clearance);
    let reader = call.caller().clearance;
    let known = vec![("root".to_owned(), "docs".to_owned())];
    let template = super::TEMPLATE.to_owned();
    let found = world
        .server
        .complete(call, template, variable.to_owned(), typed.to_owned(), known);
    block_on(found).unwrap().release(reader).unwrap()
}

#[test]
fn a2_every_resource_that_is_listed_can_be_read_and_no_other_is() {
    let world = small();
    for (clearance, count) in [("internal", 5), ("confidential", 6)] {
        let page = list(&world, clearance, None);
        assert_eq!(page.items.len(), count, "{:?}", page.items);
        for item in &page.items {
            assert!(read(&world, clearance, &item.uri).is_ok(), "{}", item.uri);
            assert!(item.uri.is_ascii() && !item.name.contains('\n'));
        }
    }
    let uris: Vec<String> = list(&world, "internal", None)
        .items
        .into_iter()
        .map(|item| item.uri)
        .collect();
    let wanted = [
        "fs://docs/",
        "fs://docs/%2541.md",
        "fs://docs/a%20b.md",
        "fs://docs/new%0Aline",
        "fs://docs/pic.png",
    ];
    assert_eq!(uris, wanted);
    assert!(list(&world, "public", None).items.is_empty());
}

#[test]
fn the_list_goes_on_after_any_of_its_uris() {
    let world = small();
    let all: Vec<String> = list(&world, "internal", None)
        .items
        .into_iter()
        .map(|item| item.uri)
        .collect();
    for (at, uri) in all.iter().enumerate() {
        let rest = list(&world, "internal", Some(uri.clone()));
        let rest: Vec<String> = rest.items.into_iter().map(|item| item.uri).collect();
        assert_eq!(rest, all[at + 1..]);
    }
}

#[test]
fn a3_a_resource_above_the_clearance_is_absent() {
    let world = small();
    for uri in [
        "fs://docs/secret.md",
        "fs://docs/sub/secret.md",
        "fs://docs/nothing",
        "fs://nowhere/a",
        "fs://docs/%2e%2e/x",
        "fs://docs/../x",
        "fs://docs//etc/passwd",
        "file:///etc/passwd",
        "fs://",
        "",
        "fs://docs/a%2fb",
        "fs://docs/%00",
    ] {
        let denial = read(&world, "internal", uri)
            .map(|contents| contents.uri)
            .unwrap_err();
        assert_eq!(
            (denial.code(), denial.to_string()),
            (Denial::NotFound.code(), Denial::NotFound.to_string()),
            "{uri}"
        );
    }
    assert!(read(&world, "confidential", "fs://docs/secret.md").is_ok());
}

#[test]
fn a_directory_is_read_as_the_names_in_it() {
    let world = small();
    let contents = read(&world, "internal", "fs://docs/sub").unwrap();
    assert!(matches!(contents.body, Body::Text(text) if text == "docs/sub/deep.md\n"));
    let contents = read(&world, "internal", "fs://docs/pic.png").unwrap();
    assert!(contents.untrusted && matches!(contents.body, Body::Text(_) | Body::Blob(_)));
}

#[test]
fn a2_completions_are_what_may_be_read() {
    let world = small();
    assert_eq!(complete(&world, "internal", "root", "d"), ["docs"]);
    assert!(complete(&world, "internal", "root", "x").is_empty());
    assert!(complete(&world, "public", "root", "d").is_empty());
    assert_eq!(complete(&world, "internal", "path", "s"), ["sub/"]);
    assert_eq!(
        complete(&world, "confidential", "path", "s"),
        ["secret.md", "sub/"]
    );
    assert_eq!(
        complete(&world, "internal", "path", "sub/"),
        ["sub/deep.md"]
    );
    assert_eq!(complete(&world, "internal", "path", "a%20"), ["a%20b.md"]);
    for typed in ["../", "/etc/", "nothing/", "secret.md/", "%", "sub/%2e%2e/"] {
        assert!(
            complete(&world, "internal", "path", typed).is_empty(),
            "{typed}"
        );
    }
}
