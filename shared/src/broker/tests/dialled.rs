//! Connections: handed over, refused, given up, and not left behind.

use super::*;

#[tokio::test]
async fn a_connection_is_handed_over_and_carries_bytes_both_ways() {
    let (listener, port) = listener();
    let echo = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    });
    let broker = Bed::usual().honest(&charter(vec![at(port)]));
    let dialled = broker.dial(0, TIME).await.unwrap();
    assert_eq!(dialled.peer.unwrap().port(), port);
    let mut stream = std::net::TcpStream::from(dialled.descriptor);
    assert!(stream.nodelay().unwrap());
    stream.set_nonblocking(false).unwrap();
    stream.write_all(b"ping").unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"ping");
    echo.join().unwrap();
}

#[tokio::test]
async fn a_socket_of_the_file_system_is_reached_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let broker = Bed::usual().honest(&charter(vec![target(Place::Socket(path), 0)]));
    let dialled = broker.dial(0, TIME).await.unwrap();
    assert_eq!(dialled.peer, None);
    listener.accept().unwrap();
}

#[tokio::test]
async fn a_name_that_is_slow_holds_up_nothing_else() {
    let (_listener, port) = listener();
    let names = Names {
        answers: vec![vec![Ipv4Addr::LOCALHOST.into()]],
        ..Names::default()
    };
    let bed = Bed::new(names, Bounds::default());
    let broker = bed.honest(&charter(vec![name("slow", port), at(port)]));
    let begun = Instant::now();
    let slow = broker.dial(0, TIME);
    let fast = async {
        for _ in 0..20 {
            broker.dial(1, TIME).await.unwrap();
        }
        begun.elapsed()
    };
    let (slow, fast) = tokio::join!(slow, fast);
    slow.unwrap();
    assert!(fast < Duration::from_secs(1), "{fast:?}");
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn o3_a_name_that_is_bound_anew_is_vetted_anew() {
    let (_listener, port) = listener();
    let answers: Vec<Vec<IpAddr>> = vec![
        vec![Ipv4Addr::LOCALHOST.into()],
        vec![Ipv4Addr::new(10, 0, 0, 1).into()],
        vec![
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::new(10, 0, 0, 2).into(),
        ],
        vec![Ipv4Addr::new(127, 255, 255, 254).into()],
        vec![],
    ];
    let names = Names {
        answers,
        ..Names::default()
    };
    let bed = Bed::new(names, Bounds::default());
    let broker = bed.honest(&charter(vec![name("crm", port)]));
    broker.dial(0, TIME).await.unwrap();
    let mut refused = Vec::new();
    for _ in 0..4 {
        refused.push(broker.dial(0, TIME).await.unwrap_err());
    }
    assert_eq!(
        refused,
        [
            Failure::Shut(Ipv4Addr::new(10, 0, 0, 1).into()),
            Failure::Shut(Ipv4Addr::new(10, 0, 0, 2).into()),
            Failure::Own(Ipv4Addr::new(127, 255, 255, 254).into()),
            Failure::Resolve(ErrorKind::NotFound),
        ]
    );
}

#[tokio::test]
async fn an_attempt_that_nobody_waits_for_ends() {
    // a listener without room: who connects is neither let in nor turned away
    let (listener, port) = listener();
    rustix::net::listen(&listener, 0).unwrap();
    let addressed = (Ipv4Addr::LOCALHOST, port);
    let mut inside = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&addressed.into(), Duration::from_millis(200))
    {
        inside.push(stream);
    }
    let bounds = Bounds {
        at_once: 1,
        ..Bounds::default()
    };
    let bed = Bed::new(Names::default(), bounds);
    let broker = bed.honest(&charter(vec![at(port), at(1)]));
    let waited = tokio::time::timeout(Duration::from_millis(300), broker.dial(0, TIME)).await;
    waited.expect_err("it hangs");
    let begun = Instant::now();
    while let Err(Failure::Busy) = broker.dial(1, TIME).await {
        assert!(begun.elapsed() < Duration::from_secs(1), "it still goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_thousand_connections_leave_no_descriptor_behind() {
    let (listener, port) = listener();
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let broker = Bed::usual().honest(&charter(vec![at(port), at(1)]));
    broker.dial(0, TIME).await.unwrap();
    let before = descriptors();
    for turn in 0..1000 {
        if turn % 10 == 0 {
            let refused = broker.dial(1, TIME).await.unwrap_err();
            assert_eq!(refused, Failure::Connect(ErrorKind::ConnectionRefused));
        }
        broker.dial(0, TIME).await.unwrap();
    }
    // other tests of this process open some as well
    assert!(
        descriptors() < before + 200,
        "{before} and {}",
        descriptors()
    );
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_broker_that_ends_is_missed_by_all_who_wait_and_by_all_who_come() {
    let bed = Bed::usual();
    let socket = bed.worker.try_clone().unwrap();
    let broker = bed.honest(&charter(vec![name("slow", 1)]));
    let waiting = broker.dial(0, TIME);
    let end = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        socket.shutdown(std::net::Shutdown::Both).unwrap();
    };
    let begun = Instant::now();
    let (waited, ()) = tokio::join!(waiting, end);
    assert_eq!(waited.unwrap_err(), Failure::Gone);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(broker.dial(0, TIME).await.unwrap_err(), Failure::Gone);
    let reference = "file:/nowhere".parse().unwrap();
    broker.secret(&reference).await.unwrap_err();
}

#[test]
fn one_runtime_after_another_may_ask() {
    let (_listener, port) = listener();
    let broker = Bed::usual().honest(&charter(vec![at(port)]));
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(broker.dial(0, TIME)).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_asked_for_that_the_charter_does_not_have() {
    let broker = Bed::usual().honest(&charter(vec![at(1)]));
    assert_eq!(broker.dial(1, TIME).await.unwrap_err(), Failure::Unknown);
    assert_eq!(
        broker.dial(70_000, TIME).await.unwrap_err(),
        Failure::Unknown
    );
    let document = Document::File("/etc/passwd".into());
    broker.document(&document).await.unwrap_err();
    let reference = "file:/etc/passwd".parse().unwrap();
    broker.secret(&reference).await.unwrap_err();
}
