//! Files as resources: listed, read, completed, in both eras of the protocol.

use harness::Client;
use harness::Era;
use harness::World;
use serde_json::json;

const ERAS: [Era; 2] = [Era::Modern, Era::Legacy];
const SERVED: [&str; 2] = ["--audit={dir}/audit", "docs={dir}/root"];

fn world() -> World {
    let world = World::new();
    world.file("root/notes.md", "# Notes\n");
    world.file("root/data.bin", [0_u8, 1, 2, 255]);
    world.file("root/sub/deep/inner.txt", "inner\n");
    world.file("root/.hidden.txt", "hidden\n");
    world
}

#[test]
fn a_file_reads_the_same_as_a_resource_and_by_the_tool() {
    let world = world();
    for era in ERAS {
        let mut raw = world.start(era, &SERVED);
        for path in ["docs/notes.md", "docs/sub/deep/inner.txt"] {
            let uri = format!("fs://{path}");
            let read = raw.ask("resources/read", json!({"uri": uri})).ok();
            let contents = &read.result()["contents"][0];
            let text = raw.call("read_file", json!({"path": path})).ok().text();
            assert_eq!(contents["text"], text, "{era:?}");
            assert_eq!(contents["uri"], uri);
            for meta in [&contents["_meta"], &read.result()["_meta"]] {
                assert_eq!(meta["dev.keyhole/security-label"]["level"], "internal");
                assert_eq!(
                    meta["io.modelcontextprotocol/trust-annotations"]["untrusted"],
                    true
                );
            }
        }
        let blob = raw
            .ask("resources/read", json!({"uri": "fs://docs/data.bin"}))
            .ok();
        assert_eq!(blob.result()["contents"][0]["blob"], "AAEC/w==");
        assert_eq!(raw.close().code, Some(0));
    }
}

#[test]
fn the_list_has_the_roots_and_their_files_with_labels() {
    let world = world();
    for era in ERAS {
        let mut raw = world.start(era, &SERVED);
        let listed = raw.ask("resources/list", json!({})).ok();
        let resources = listed.result()["resources"].as_array().unwrap();
        let uris: Vec<_> = resources.iter().filter_map(|r| r["uri"].as_str()).collect();
        assert_eq!(
            uris,
            ["fs://docs/", "fs://docs/data.bin", "fs://docs/notes.md"]
        );
        for resource in resources {
            assert_eq!(
                resource["_meta"]["dev.keyhole/security-label"]["level"],
                "internal"
            );
        }
        let scope = &listed.result()["cacheScope"];
        assert!(era == Era::Legacy || scope == "private", "{scope}");
        let templates = raw.ask("resources/templates/list", json!({})).ok();
        let template = &templates.result()["resourceTemplates"][0];
        assert_eq!(template["uriTemplate"], "fs://{root}/{+path}");
        assert!(template["_meta"]["dev.keyhole/security-label"].is_object());
    }
}

#[test]
fn a_directory_reads_as_what_is_in_it() {
    let world = world();
    let mut raw = world.serve();
    let read = raw
        .ask("resources/read", json!({"uri": "fs://docs/sub/"}))
        .ok();
    let text = read.result()["contents"][0].to_string();
    assert!(text.contains("deep") && !text.contains("hidden"), "{text}");
}

#[test]
fn what_is_not_there_has_the_code_of_its_era() {
    let world = world();
    for (era, code) in [(Era::Modern, -32602), (Era::Legacy, -32002)] {
        let mut raw = world.start(era, &SERVED);
        let answer = raw.ask("resources/read", json!({"uri": "fs://docs/none"}));
        assert_eq!(answer.error()["code"], code);
        assert_eq!(answer.error()["message"], "resource not found");
    }
}

#[test]
fn the_list_comes_in_pages_that_together_are_all() {
    let world = World::new();
    for number in 0..2500 {
        world.file(&format!("root/{number:04}.txt"), "x");
    }
    let mut raw = world.serve();
    let (mut uris, mut params) = (Vec::new(), json!({}));
    loop {
        let page = raw.ask("resources/list", params).ok();
        let resources = page.result()["resources"].as_array().unwrap();
        assert!(resources.len() <= 1000);
        uris.extend(resources.iter().map(|r| r["uri"].to_string()));
        let Some(next) = page.result().get("nextCursor") else {
            break;
        };
        params = json!({"cursor": next});
    }
    let mut unique = uris.clone();
    unique.dedup();
    assert_eq!((uris.len(), unique.len()), (2501, 2501));
    assert!(raw.close().peak < 64 * 1024);
}

#[test]
fn completions_follow_what_is_typed() {
    let world = world();
    for era in ERAS {
        let mut raw = world.start(era, &SERVED);
        for (argument, typed, expected) in [
            ("root", "", json!(["docs"])),
            ("root", "do", json!(["docs"])),
            ("root", "x", json!([])),
            ("path", "no", json!(["notes.md"])),
            ("path", "sub/", json!(["sub/deep/"])),
            ("path", "sub/deep/in", json!(["sub/deep/inner.txt"])),
            ("path", "../", json!([])),
            ("path", "/etc/", json!([])),
            ("other", "", json!([])),
        ] {
            let params = json!({
                "ref": {"type": "ref/resource", "uri": "fs://{root}/{+path}"},
                "argument": {"name": argument, "value": typed},
                "context": {"arguments": {"root": "docs"}},
            });
            let answer = raw.ask("completion/complete", params);
            if answer.is_ok() {
                let values = &answer.result()["completion"]["values"];
                assert_eq!(*values, expected, "{era:?} {argument} {typed}");
            } else {
                assert_eq!(
                    expected,
                    json!([]),
                    "{argument} {typed}: {}",
                    answer.short()
                );
            }
        }
    }
}

#[tokio::test]
async fn the_protocol_librarys_own_client_finds_and_reads() {
    let world = world();
    let client = Client::start(&world, &SERVED).await;
    let tools = client.peer().list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 6);
    let read = client
        .call("read_file", json!({"path": "docs/notes.md"}))
        .await
        .unwrap();
    let text = serde_json::to_value(&read.content).unwrap();
    assert_eq!(text[0]["text"], "# Notes\n");
    let refused = client
        .call("read_file", json!({"path": "docs/none"}))
        .await
        .unwrap();
    assert_eq!(refused.is_error, Some(true));
    assert!(client.call("no_such", json!({})).await.is_err());
    let resources = client.peer().list_all_resources().await.unwrap();
    assert_eq!(resources.len(), 3);
    let label = resources[0]
        .meta
        .as_ref()
        .and_then(|meta| meta.0.get("dev.keyhole/security-label"));
    assert!(label.is_some(), "labels outlive the library");
    client.close().await;
    assert_eq!(world.trail().of("1").len(), 1);
}
