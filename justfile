# List the recipes.
default:
    @just --list

# Formatting, lints, docs: what a reviewer should not have to say.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

# All tests, in one command and with nothing but Rust.
test:
    cargo test --workspace --locked

# Which crates, licences and sources are in the tree.
deny:
    cargo deny --locked --all-features check bans licenses sources

# Build one server as it ships: alone, so that no other crate's features come along.
build server:
    cargo build --release --locked --package {{ server }}

# Build servers as static binaries, each alone (needs `rustup target add` of the target, and musl-tools).
static +servers:
    for server in {{ servers }}; do cargo build --release --locked --target x86_64-unknown-linux-musl --package "$server" || exit 1; done

# Build the image of one server; kind `socket` has socat in it, for a sidecar.
image server kind=(if server =~ '^(api-fetch|scoped-db)$' { "tls" } else { "server" }):
    docker build --file examples/deployment/container/Dockerfile --build-arg SERVER={{ server }} \
      --target {{ kind }} --tag keyhole/{{ server }}{{ if kind == "socket" { "-socket" } else { "" } }} .

# Build every server as a static binary, and serve from a root that holds what its image holds.
static-test:
    cargo test --package e2e --test e2e --locked -- --ignored deploy::image

# Show live what a server does and refuses.
tour:
    cargo run --release --package tour

# Measure readonly-fs beside the floor and ripgrep.
bench-fs:
    cargo run --release --package bench --bin bench-fs

# Measure scoped-db beside tokio-postgres and pgbench, on a private cluster.
bench-db:
    cargo run --release --package bench --bin bench-db

# Measure api-fetch beside reqwest and curl, on loopback.
bench-api:
    cargo run --release --package bench --bin bench-api

# Measure the audit trail beside a bare append and SHA-256 alone, over so many records.
bench-audit count="200000":
    cargo run --release --package bench --bin bench-audit -- {{ count }}

# Ask PostgreSQL's own parser about so many statements that scoped-db printed (needs libclang).
judge count="2000000":
    cargo run --release --manifest-path tests/judge/Cargo.toml -- {{ count }}

# Fuzz one parser of foreign text (config cursor arguments path rules pattern text trail statement endpoint fields openapi).
fuzz target seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none {{ target }} -- -max_total_time={{ seconds }}

# What CI runs.
ci:
    bash .ci/run
