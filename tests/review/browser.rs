//! The report as one page, in a real browser: Debian's `chromium`, without a window.
//!
//! Where it is missing the tests say so and pass, unless `KEYHOLE_FOREIGN` is set: then they fail.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use harness::World;
use harness::loudly;

use super::forge::Forged;
use super::review;

/// Names that run when they are read as HTML, each in a way of its own: in an element, and out of
/// an attribute.
const EVIL: [&str; 4] = [
    "<script>document.title='owned'</script>",
    "\\\"><img src=x onerror=\\\"document.title='owned'\\\">",
    "'><svg onload=document.title='owned'>",
    "</title></style><script>document.title='owned'</script>",
];

/// A page as the browser sees it.
struct Seen {
    /// Its document, as it is after all scripts ran.
    dom: String,
    /// What the browser said, and the page on its console.
    log: String,
}

/// The browser; none, and a loud word, where there is none.
fn browser() -> Option<&'static str> {
    let found = Command::new("chromium")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return Some("chromium");
    }
    let must = std::env::var("KEYHOLE_FOREIGN");
    let must = must.is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!must, "chromium is missing: install Debian's package");
    loudly("no browser looked at the report: chromium is missing");
    None
}

/// Runs the browser on `page` with `more`, without a network.
fn run(world: &World, page: &str, more: &[&str]) -> Seen {
    let path = world.path(page);
    let (dom, log) = (world.path("dom.txt"), world.path("log.txt"));
    let file = |path: &Path| std::fs::File::create(path).unwrap();
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--disable-gpu", "--no-first-run"])
        .args(["--disable-dev-shm-usage", "--enable-logging=stderr"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!(
            "--user-data-dir={}",
            world.path("browser").display()
        ))
        .env("HOME", world.path("."))
        .stdout(file(&dom))
        .stderr(file(&log));
    if rustix::process::geteuid().is_root() {
        // root has nothing that its sandbox could take away
        command.arg("--no-sandbox");
    }
    command.args(more).arg(format!("file://{}", path.display()));
    let mut child = command.spawn().expect("it starts");
    let until = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let seen = Seen {
        dom: std::fs::read_to_string(dom).unwrap(),
        log: std::fs::read_to_string(log).unwrap(),
    };
    assert!(status.success(), "{}", seen.log);
    seen
}

fn dump(world: &World, page: &str) -> Seen {
    run(world, page, &["--dump-dom"])
}

impl Seen {
    fn title(&self) -> &str {
        let (_, rest) = self.dom.split_once("<title>").expect("a title");
        rest.split_once("</title>").expect("its end").0
    }

    fn complaints(&self) -> Vec<&str> {
        let lines = self.log.lines();
        lines.filter(|line| line.contains("CONSOLE")).collect()
    }
}

/// A trail in which every name means harm, and the report on it as `report.html`.
fn reported() -> (World, String) {
    let world = World::new();
    let mut forged = Forged::new();
    for _ in 0..7 {
        forged.record(
            ",\"principal.id\":\"ada\",\
             \"server.name\":\"scoped-db\",\"gen_ai.tool.name\":\"query_rows\",\"db.tables\":\"crm.customers\",\
             \"label.level\":\"confidential\",\"label.categories\":[\"personal\"],\"outcome\":\"allowed\",\
             \"result.items\":3,\"result.bytes\":4711",
        );
    }
    for evil in EVIL {
        for outcome in ["allowed", "denied"] {
            forged.record(&format!(
                ",\"principal.id\":\"{evil}\",\
                 \"server.name\":\"{evil}\",\"gen_ai.tool.name\":\"{evil}\",\"db.tables\":\"{evil}\",\
                 \"label.level\":\"{evil}\",\"error.type\":\"{evil}\",\"outcome\":\"{outcome}\""
            ));
        }
        let id = format!("019df804-5a00-7000-8000-{:012x}", forged.seq);
        forged.line(
            "event",
            &format!(
                ",\"id\":\"{id}\",\"time\":\"2026-05-06T12:00:00Z\",\"kind\":\"detect\",\
                 \"principal.id\":\"{evil}\",\"detect.rule\":\"{evil}\""
            ),
        );
    }
    forged.write(&world.path("audit"));
    let ran = review(&world, &["report", "--format=html"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    world.file("report.html", &ran.stdout);
    (world, ran.stdout)
}

/// The page with a script of ours at its end, and without its policy, which would not run it.
fn probed(page: &str, script: &str) -> String {
    let (head, rest) = page.split_once("<meta http-equiv=").expect("a policy");
    let (_, rest) = rest.split_once(">\n").expect("its end");
    let script = format!("<script>{script}</script></body>");
    format!("{head}{}", rest.replace("</body>", &script))
}

#[test]
fn the_page_renders_alone_and_complains_of_nothing() {
    let Some(_) = browser() else { return };
    let (world, page) = reported();
    let seen = dump(&world, "report.html");
    assert_eq!(seen.title(), "Access review");
    assert_eq!(seen.complaints(), [] as [&str; 0]);
    for figure in [
        "<td>ada</td><td>confidential+personal</td><td class=\"number\">7</td><td class=\"number\">21</td><td class=\"number\">32977</td>",
        "<title>2026-05-05: 11 allowed, 4 refused or failed</title>",
        "Made: ",
    ] {
        assert!(seen.dom.contains(figure), "{figure}\n{}", seen.dom);
    }
    // a complaint would be noticed: the policy refuses what it loads and runs
    for (name, more) in [
        ("loads.html", "<img src=\"other.png\"></body>"),
        (
            "runs.html",
            "<script>document.title='owned'</script></body>",
        ),
    ] {
        world.file(name, page.replace("</body>", more));
        let seen = dump(&world, name);
        assert!(!seen.complaints().is_empty(), "{name}: {}", seen.log);
        assert_eq!(seen.title(), "Access review", "{name}");
    }
}

#[test]
fn o4_no_name_of_the_trail_runs_even_without_the_policy_of_the_page() {
    let Some(_) = browser() else { return };
    let (world, page) = reported();
    assert!(page.matches("owned").count() > 20, "the names are in it");
    let tags = "document.body.dataset.tags=\
        [...new Set([...document.querySelectorAll('body *')].map(e=>e.localName))].sort().join();\
        document.body.dataset.handlers=[...document.querySelectorAll('*')]\
        .filter(e=>[...e.attributes].some(a=>/^on|^src|^href/.test(a.name))).length";
    world.file("probed.html", probed(&page, tags));
    let seen = dump(&world, "probed.html");
    assert_eq!(seen.title(), "Access review");
    let expected = "data-tags=\"div,figcaption,figure,g,h1,h2,li,line,main,p,rect,script,section,svg,table,tbody,td,text,th,thead,title,tr,ul\"";
    assert!(seen.dom.contains(expected), "{}", body(&seen));
    assert!(seen.dom.contains("data-handlers=\"0\""), "{}", body(&seen));
    // the probe would notice: not escaped, they run; and with the policy they do not all the same
    let raw = page
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    world.file("raw.html", probed(&raw, "0"));
    assert_eq!(dump(&world, "raw.html").title(), "owned");
    world.file("policy.html", raw);
    assert_eq!(dump(&world, "policy.html").title(), "Access review");
}

/// The element that holds what the probe found.
fn body(seen: &Seen) -> &str {
    let lines = seen.dom.lines();
    let mut found = lines.filter(|line| line.contains("<body"));
    found.next().unwrap_or_default()
}

#[test]
fn the_page_is_light_or_dark_as_its_reader_is() {
    let Some(_) = browser() else { return };
    let (world, page) = reported();
    let colours = "let c=getComputedStyle(document.body);\
        document.body.dataset.colours=c.backgroundColor+' '+c.color";
    world.file("probed.html", probed(&page, colours));
    let mut pictures = Vec::new();
    for (scheme, expected) in [
        (DARK, "rgb(20, 24, 31) rgb(230, 233, 239)"),
        (LIGHT, "rgb(255, 255, 255) rgb(29, 36, 48)"),
    ] {
        let seen = run(&world, "probed.html", &[scheme, "--dump-dom"]);
        let expected = format!("data-colours=\"{expected}\"");
        assert!(seen.dom.contains(&expected), "{scheme}: {}", body(&seen));
        let picture = world.path("picture.png");
        let shot = format!("--screenshot={}", picture.display());
        let seen = run(
            &world,
            "report.html",
            &[scheme, &shot, "--window-size=900,700"],
        );
        assert_eq!(seen.complaints(), [] as [&str; 0]);
        pictures.push(std::fs::read(&picture).unwrap());
        std::fs::remove_file(picture).unwrap();
    }
    // a page without anything on it is smaller by far
    assert!(pictures.iter().all(|picture| picture.len() > 10_000));
    assert_ne!(pictures[0], pictures[1]);
}

/// What a reader prefers.
const DARK: &str = "--blink-settings=preferredColorScheme=0";
const LIGHT: &str = "--blink-settings=preferredColorScheme=1";
