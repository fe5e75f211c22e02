//! Figures: memory under attack, and time beside a bare connection of hyper.
//!
//! `cargo test --release -p api-fetch -- --ignored --nocapture --test-threads 1 measure`

use std::sync::Arc;
use std::time::Instant;

use hyper::Request;
use hyper::body::Body;
use hyper::client::conn::http1;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::super::payload::Payload;
use super::super::testing::*;
use super::super::wire::Carrier;
use super::super::wire::Meter;
use super::super::wire::Wire;

/// A field of `/proc/self/status`, in KiB.
#[expect(clippy::disallowed_methods, reason = "the kernel knows")]
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Nanoseconds that this thread ran.
#[expect(clippy::disallowed_methods, reason = "the kernel knows")]
fn ran() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// A server in a thread of its own, so that its time is not ours.
fn elsewhere<F>(serve: F) -> Server
where
    F: Fn(TcpStream) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
{
    let (give, take) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            give.send(Server::raw(serve).await).unwrap();
            std::future::pending::<()>().await;
        });
    });
    take.recv().unwrap()
}

#[tokio::test]
#[ignore = "measures"]
async fn measure_memory_under_attack() {
    let chunk = Arc::new([b"10000\r\n".as_slice(), &vec![b'x'; 65536], b"\r\n"].concat());
    let before = status("VmHWM");
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: ",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nx-a: ",
    ] {
        let piece = Arc::clone(&chunk);
        let server = elsewhere(move |mut stream| {
            let piece = Arc::clone(&piece);
            Box::pin(async move {
                read_request(&mut stream).await;
                let mut next = stream.write_all(head.as_bytes()).await;
                while next.is_ok() {
                    next = stream.write_all(&piece).await;
                }
            })
        });
        let upstreams = open(upstream(server.base()));
        let mut permit = permit();
        permit.limits.body = 4 << 20;
        for _ in 0..20 {
            let (a, b, c, d) = tokio::join!(
                send(&upstreams, &permit),
                send(&upstreams, &permit),
                send(&upstreams, &permit),
                send(&upstreams, &permit),
            );
            assert!(a.is_err() && b.is_err() && c.is_err() && d.is_err());
        }
        println!(
            "{head:?}: peak {} KiB, {before} KiB before",
            status("VmHWM")
        );
    }
    assert!(status("VmHWM") < 64 << 10);
}

#[tokio::test]
#[ignore = "measures"]
async fn measure_the_time_of_a_call_beside_bare_hyper() {
    const CALLS: u32 = 20_000;
    for size in [1 << 10, 64 << 10] {
        let body = "{\"id\": \"AB1234\", \"name\": \"Ada\"}, ".repeat(size / 32);
        let bytes = Arc::new(answer("200 OK", "content-type: application/json\r\n", body));
        let server = elsewhere(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            Box::pin(async move {
                while read_request(&mut stream).await.is_some() {
                    stream.write_all(&bytes).await.unwrap();
                }
            })
        });
        let calls = if size > 1024 { CALLS / 10 } else { CALLS };
        let (ours, wall) = ours(&server, calls).await;
        let bare = bare(&server, calls).await;
        println!(
            "{size} bytes: {ours} ns of a call here ({wall} ns on the clock), {bare} ns bare, {:.2}",
            ours as f64 / bare as f64,
        );
    }
}

async fn ours(server: &Server, calls: u32) -> (u64, u64) {
    let upstreams = open(upstream(server.base()));
    let permit = permit();
    let (call, context) = (call(), context());
    send(&upstreams, &permit).await.unwrap();
    let (start, clock) = (ran(), Instant::now());
    for _ in 0..calls {
        let reply = upstreams.send(&call, &permit, &context, &|_| false);
        assert_eq!(reply.await.unwrap().status, 200);
    }
    let wall = u64::try_from(clock.elapsed().as_nanos()).unwrap();
    ((ran() - start) / u64::from(calls), wall / u64::from(calls))
}

async fn bare(server: &Server, calls: u32) -> u64 {
    let tcp = TcpStream::connect(server.address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let meter = Meter::new();
    meter.allow(u64::MAX, "all");
    let wire = Wire::new(Carrier::Plain(tcp), meter);
    let (mut sender, connection) = http1::handshake(wire).await.unwrap();
    tokio::spawn(async move { connection.await.is_ok() });
    let start = ran();
    for _ in 0..calls {
        sender.ready().await.unwrap();
        let request = Request::get("/a")
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Payload::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let mut body = response.into_body();
        let mut all = Vec::new();
        let frame = |cx: &mut std::task::Context<'_>| std::pin::Pin::new(&mut body).poll_frame(cx);
        let mut frame = Box::new(frame);
        while let Some(piece) = std::future::poll_fn(&mut *frame).await {
            all.extend_from_slice(piece.unwrap().data_ref().unwrap());
        }
        assert!(!all.is_empty());
    }
    (ran() - start) / u64::from(calls)
}
