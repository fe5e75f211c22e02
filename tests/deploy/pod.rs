//! The Pod of Kubernetes: the profile `restricted` of the Pod Security Standards, field by field,
//! and which container has what.

use std::collections::BTreeSet;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use harness::Era;
use harness::PATIENCE;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;
use harness::verify;
use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::cell::Cell;
use super::deployment;
use super::is_set;
use super::program;
use super::sessions;
use super::text;

/// The documents of a manifest, with its aliases filled in.
fn documents(text: &str) -> Vec<Value> {
    let mut events: Vec<Event<'_>> = Parser::new_from_str(text)
        .map(|event| event.expect("YAML").0)
        .collect();
    events.reverse();
    let mut anchors = Vec::new();
    let mut found = Vec::new();
    while let Some(event) = events.pop() {
        if let Event::DocumentStart(_) = event {
            found.push(node(&mut events, &mut anchors).expect("a document"));
        }
    }
    found
}

/// The next value; none at the end of a collection.
fn node(events: &mut Vec<Event<'_>>, anchors: &mut Vec<(usize, Value)>) -> Option<Value> {
    let (anchor, value) = match events.pop().expect("more") {
        Event::Scalar(text, style, anchor, _) => (anchor, scalar(&text, style)),
        Event::SequenceStart(anchor, _) => {
            let mut list = Vec::new();
            while let Some(value) = node(events, anchors) {
                list.push(value);
            }
            (anchor, Value::Array(list))
        }
        Event::MappingStart(anchor, _) => {
            let mut object = Map::new();
            while let Some(key) = node(events, anchors) {
                let key = key.as_str().expect("a text").to_owned();
                let value = node(events, anchors).expect("a value");
                assert!(
                    object.insert(key, value).is_none(),
                    "a key that stands twice"
                );
            }
            (anchor, Value::Object(object))
        }
        Event::Alias(of) => {
            let known = anchors.iter().find(|(anchor, _)| *anchor == of);
            (0, known.expect("an anchor").1.clone())
        }
        _end => return None,
    };
    if anchor > 0 {
        anchors.push((anchor, value.clone()));
    }
    Some(value)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match text {
        _ if style != ScalarStyle::Plain => text.into(),
        "true" => true.into(),
        "false" => false.into(),
        "" | "~" | "null" => Value::Null,
        _ => text
            .parse::<i64>()
            .map_or_else(|_| text.into(), Value::from),
    }
}

/// The Pod of the example.
fn pod() -> Value {
    let mut all = documents(&text("kubernetes/pod.yaml")).into_iter();
    all.find(|one| one["kind"] == "Pod").expect("a Pod")
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let lists = lists.map(|list| pod["spec"][list].as_array());
    lists.into_iter().flatten().flatten()
}

/// What of the profile `restricted` a Pod does not keep (Kubernetes, "Pod Security Standards").
fn violations(pod: &Value) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut hold = |kept: bool, control: &'static str| {
        if !kept {
            found.push(control);
        }
    };
    let spec = &pod["spec"];
    let none = |value: &Value, allowed: &[Value]| value.is_null() || allowed.contains(value);
    for host in ["hostNetwork", "hostPID", "hostIPC"] {
        hold(none(&spec[host], &[json!(false)]), "host namespaces");
    }
    let kinds = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    for volume in spec["volumes"].as_array().into_iter().flatten() {
        let mut keys = volume.as_object().expect("a volume").keys();
        hold(
            keys.all(|key| key == "name" || kinds.contains(&key.as_str())),
            "volume types",
        );
    }
    let outer = &spec["securityContext"];
    hold(
        outer["sysctls"].as_array().is_none_or(Vec::is_empty),
        "sysctls",
    );
    for container in containers(pod) {
        let own = &container["securityContext"];
        let either = |key: &str| {
            if own[key].is_null() {
                &outer[key]
            } else {
                &own[key]
            }
        };
        for context in [outer, own] {
            hold(
                none(&context["windowsOptions"]["hostProcess"], &[json!(false)]),
                "host process",
            );
            hold(context["seLinuxOptions"].is_null(), "SELinux");
            let armor = [json!("RuntimeDefault"), json!("Localhost")];
            hold(
                none(&context["appArmorProfile"]["type"], &armor),
                "AppArmor",
            );
            hold(context["runAsUser"] != 0, "running as non-root user");
        }
        hold(
            none(&own["privileged"], &[json!(false)]),
            "privileged containers",
        );
        hold(
            none(&own["procMount"], &[json!("Default")]),
            "/proc mount type",
        );
        hold(
            own["allowPrivilegeEscalation"] == false,
            "privilege escalation",
        );
        hold(*either("runAsNonRoot") == true, "running as non-root");
        let seccomp = &either("seccompProfile")["type"];
        hold(
            matches!(seccomp.as_str(), Some("RuntimeDefault" | "Localhost")),
            "seccomp",
        );
        let capabilities = &own["capabilities"];
        let dropped = capabilities["drop"].as_array().into_iter().flatten();
        hold(dropped.into_iter().any(|one| one == "ALL"), "capabilities");
        let added = capabilities["add"].as_array().into_iter().flatten();
        hold(
            added.into_iter().all(|one| one == "NET_BIND_SERVICE"),
            "capabilities",
        );
        let ports = container["ports"].as_array().into_iter().flatten();
        hold(
            ports
                .into_iter()
                .all(|port| none(&port["hostPort"], &[json!(0)])),
            "host ports",
        );
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            for way in ["httpGet", "tcpSocket"] {
                hold(container[probe][way]["host"].is_null(), "host probes");
            }
        }
    }
    found
}

#[test]
fn the_pod_keeps_the_profile_restricted_and_the_namespace_enforces_it() {
    assert_eq!(violations(&pod()), Vec::<&str>::new());
    let all = documents(&text("kubernetes/pod.yaml"));
    let namespace = &all[0];
    assert_eq!(namespace["kind"], "Namespace");
    let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    assert_eq!(enforced, "restricted");
    for one in all.iter().skip(1) {
        assert_eq!(one["metadata"]["namespace"], namespace["metadata"]["name"]);
    }
}

#[test]
fn a_field_that_leaves_the_profile_is_noticed() {
    let first = "/spec/initContainers/0/securityContext";
    for (place, key, value, control) in [
        ("/spec", "hostNetwork", json!(true), "host namespaces"),
        ("/spec", "hostPID", json!(true), "host namespaces"),
        (
            "/spec/volumes/0",
            "hostPath",
            json!({"path": "/"}),
            "volume types",
        ),
        (
            "/spec/securityContext",
            "runAsNonRoot",
            json!(false),
            "running as non-root",
        ),
        (
            "/spec/securityContext",
            "seccompProfile",
            json!(null),
            "seccomp",
        ),
        (
            "/spec/securityContext",
            "sysctls",
            json!([{"name": "kernel.shm_rmid_forced"}]),
            "sysctls",
        ),
        (first, "runAsUser", json!(0), "running as non-root user"),
        (first, "privileged", json!(true), "privileged containers"),
        (
            first,
            "allowPrivilegeEscalation",
            json!(null),
            "privilege escalation",
        ),
        (
            first,
            "capabilities",
            json!({"drop": ["NET_RAW"]}),
            "capabilities",
        ),
        (
            first,
            "capabilities",
            json!({"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            "capabilities",
        ),
        (
            first,
            "seccompProfile",
            json!({"type": "Unconfined"}),
            "seccomp",
        ),
        (first, "procMount", json!("Unmasked"), "/proc mount type"),
        (
            "/spec/containers/0",
            "ports",
            json!([{"hostPort": 80}]),
            "host ports",
        ),
    ] {
        let mut pod = pod();
        pod.pointer_mut(place).expect(place)[key] = value;
        assert!(violations(&pod).contains(&control), "{place}/{key}");
    }
}

#[test]
fn the_agent_shares_the_socket_with_the_server_and_nothing_else() {
    let pod = pod();
    let mounts = |name: &str| -> BTreeSet<String> {
        let own = containers(&pod)
            .find(|one| one["name"] == name)
            .expect(name);
        let mounts = own["volumeMounts"].as_array().expect("mounts").iter();
        mounts
            .map(|mount| mount["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let agent: BTreeSet<String> = named(&["socket"]);
    assert_eq!(mounts("agent"), agent);
    let server: BTreeSet<String> = named(&["socket", "config", "keys", "handbook", "trail"]);
    assert_eq!(mounts("readonly-fs"), server);
    let watch: BTreeSet<String> = named(&["config", "keys", "trail"]);
    assert_eq!(mounts("watch"), watch);
    let user = |name: &str| {
        let own = containers(&pod)
            .find(|one| one["name"] == name)
            .expect(name);
        own["securityContext"]["runAsUser"]
            .as_i64()
            .expect("a user")
    };
    // the trail is its writer's alone, and the agent is another user than both
    assert_eq!(user("readonly-fs"), user("watch"));
    assert_ne!(user("readonly-fs"), user("agent"));
    let spec = &pod["spec"];
    assert_eq!(spec["automountServiceAccountToken"], false);
    assert_eq!(spec["shareProcessNamespace"], Value::Null);
    assert_eq!(
        spec["securityContext"]["fsGroupChangePolicy"],
        "OnRootMismatch"
    );
    for container in containers(&pod) {
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        for mount in container["volumeMounts"].as_array().expect("mounts") {
            let is_written = mount["readOnly"] != true;
            let name = mount["name"].as_str().expect("a name");
            assert_eq!(
                is_written,
                name == "trail" || (name == "socket" && container["name"] != "agent")
            );
        }
    }
}

/// The words of a container, which are all that is said to its image.
fn words(pod: &Value, name: &str) -> Vec<String> {
    let own = containers(pod).find(|one| one["name"] == name).expect(name);
    let words = own["args"].as_array().expect("words").iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

/// What the containers of the servers see, around the binary `server`.
fn container(world: &World, server: &str) -> Option<Cell> {
    let all = documents(&text("kubernetes/pod.yaml"));
    let config = all.iter().find(|one| one["kind"] == "ConfigMap");
    for (name, content) in config.expect("one")["data"].as_object().expect("files") {
        world.file(&format!("config/{name}"), content.as_str().expect("a text"));
    }
    let cell = Cell::new()?
        .libraries()
        .reads(&bin(server), "/server")
        .reads(&world.path("config"), "/etc/keyhole")
        .reads(
            &world.path("credentials/trail-key"),
            "/run/secrets/trail-key",
        )
        .reads(&world.path("root"), "/srv/handbook")
        .writes(&world.path("state"), "/state")
        .environment("XDG_STATE_HOME", "/state");
    Some(cell)
}

struct Sidecar(Child);

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_sidecar_serves_the_agent_over_the_socket_and_the_watch_reads_its_trail() {
    let world = sessions::world();
    let (Some(cell), Some(socat)) = (
        container(&world, "readonly-fs"),
        program("socat", "package socat"),
    ) else {
        return;
    };
    let pod = pod();
    let socket = world.path("socket");
    let place = socket.display().to_string();
    let mut command = Command::new(&socat);
    for word in words(&pod, "readonly-fs") {
        let served = word.strip_prefix("SYSTEM:exec ");
        command.arg(match served.and_then(|served| served.split_once(" 3>&-")) {
            Some((inner, closing)) => {
                let inner: Vec<String> = inner.split(' ').map(str::to_owned).collect();
                // socat takes no command that is as long as that of a cell
                let script = format!("#!/bin/sh\nexec {}\n", cell.words(&inner).join(" "));
                world.file("session", script).mode("session", 0o700);
                let session = world.path("session");
                format!("SYSTEM:exec {} 3>&-{closing}", session.display())
            }
            None => word.replace("/run/keyhole/handbook.sock", &place),
        });
    }
    let _sidecar = Sidecar(command.stderr(Stdio::null()).spawn().expect("it listens"));
    until(PATIENCE, || socket.exists().then_some(())).expect("a socket");
    let mut agent = Command::new(socat);
    agent.arg("-").arg(format!("UNIX-CONNECT:{place}"));
    let mut raw = Raw::spawn(&mut agent, Era::Modern);
    raw.listen();
    let read = raw.call("read_file", json!({"path": "handbook/welcome.md"}));
    assert_eq!(read.ok().text(), "welcome\n");
    assert_eq!(raw.close().code, Some(0));
    let trail = world.path("state/keyhole/audit");
    let told = verify(&trail).expect("whole");
    assert_eq!(told.of("1")[0]["principal.id"], "support-desk");

    let mut command = vec!["/server".to_owned()];
    command.extend(words(&pod, "watch"));
    command.push("--once".to_owned());
    let cell = container(&world, "audit-review").expect("as before");
    let output = cell.command(&command).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 10)), "{said}");
}

#[test]
fn the_manifest_is_what_kubernetes_own_schema_wants() {
    let python = harness::workspace().join("tests/foreign/venv/bin/kubernetes-validate");
    if !python.exists() {
        assert!(!is_set("KEYHOLE_FOREIGN"), "run tests/foreign/setup");
        harness::loudly("deployments: kubernetes-validate is missing; run tests/foreign/setup");
        return;
    }
    let validate = |file: &std::path::Path| {
        let mut command = Command::new(&python);
        command.arg("--strict").arg(file).output().expect("it runs")
    };
    let output = validate(&deployment("kubernetes/pod.yaml"));
    assert!(output.status.success(), "{output:?}");
    let world = harness::World::new();
    world.file(
        "bad.yaml",
        text("kubernetes/pod.yaml").replace("runAsUser", "runAsUsr"),
    );
    assert!(!validate(&world.path("bad.yaml")).status.success());
}
