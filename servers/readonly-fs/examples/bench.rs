use std::{sync::Arc, time::{Duration, Instant}};
use guard::{call::*, config::Source, cursor::Seal, label::*, principal::Principal, quota::Ledger, schema::Arguments, server::*};
use serde_json::{json, Value};
fn rss() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM")||l.starts_with("VmRSS")).collect::<Vec<_>>().join(" ") }
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap()+f[12].parse::<f64>().unwrap())/100.0 }
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = &args[1]; let what = &args[2];
    let n: usize = args.get(3).map_or(1, |n| n.parse().unwrap());
    let rules = args.get(4).map_or("", |_| "[[roots.label-rules]]\npaths=[\"hr/**\",\"**/*.secret\",\"**/private/**\",\"finance/{a,b}/*.xls\"]\nlabel=\"confidential\"\n");
    let source = Source::new("/x.toml", format!("[[roots]]\nname=\"r\"\npath=\"{dir}\"\nlabel=\"internal\"\n{rules}"));
    let server = readonly_fs::ReadonlyFs::open(&source.parse().unwrap(), &source, &[], Taxonomy::default(), Label::PUBLIC).unwrap();
    let shared = Shared { seal: Arc::new(Seal::new([7;32], chrono::TimeDelta::seconds(600))), ledger: Arc::new(Ledger::default()) };
    let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ask = |tool: &str, a: Value| -> (Answer, Duration) {
        let t = server.tools().iter().find(|t| t.name == tool).unwrap();
        let caller = Caller { principal: Principal::new("local","a").unwrap(), clearance: Clearance::up_to(Taxonomy::default().parse("internal").unwrap()), ..Caller::default() };
        let c = caller.clearance;
        let call = Call::new(caller, chrono::DateTime::from_timestamp(1_800_000_000,0).unwrap(), Duration::from_secs(300), Default::default(), &shared);
        let began = Instant::now();
        let args = Arguments::check(t.parameters, a.as_object().unwrap().clone()).unwrap();
        let out = rt.block_on(server.call(call, t.name, args)).unwrap().release(c).unwrap();
        (out, began.elapsed())
    };
    let mut request: Value = serde_json::from_str(args.get(5).map_or("null", |s| s)).unwrap();
    if request.is_null() { request = match what.as_str() {
        "list_directory" => json!({"path":"r","limit":1000,"hidden":true}),
        "find_files" => json!({"globs":["*.zzz"],"hidden":true}),
        "search_text" => json!({"pattern":"zebra[0-9]+xyz","limit":200}),
        _ => json!({"path":"r/a.txt"}),
    };}
    let pages = std::env::var("PAGES").is_ok();
    let (w, c) = (Instant::now(), cpu());
    let mut worst = Duration::ZERO; let mut count = 0; let mut items = 0;
    for _ in 0..n {
        let mut r = request.clone();
        loop {
            let (a, t) = ask(what, r.clone()); worst = worst.max(t); count += 1; items += a.items;
            if n == 1 && count < 3 { let mut s = a.structured.clone(); if let Some(o)=s.as_object_mut(){o.remove("next");} println!("{} {:?}", s, t); }
            match (pages, a.structured.get("next")) { (true, Some(c)) => r["cursor"] = c.clone(), _ => break }
        }
    }
    println!("{what}: {count} calls, {items} items, wall {:?}, cpu {:.2}s, worst {:?}, {}", w.elapsed(), cpu()-c, worst, rss());
}
