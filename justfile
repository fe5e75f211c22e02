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

# Known gaps must still be gaps; one that passes wants its `#[ignore]` removed.
gaps:
    ! cargo test --workspace --locked -- --ignored 2>&1 | grep -E '^test .* \.\.\. ok$'

# Which crates, licences and sources are in the tree.
deny:
    cargo deny --locked check bans licenses sources

# Build one server as it ships: alone, so that no other crate's features come along.
build server:
    cargo build --release --locked --package {{ server }}

# Show live what a server does and refuses.
tour:
    cargo run --release --package tour

# Measure readonly-fs beside the floor and ripgrep.
bench-fs:
    cargo run --release --package bench --bin bench-fs

# Fuzz one parser of foreign text for a minute; `just fuzz` lists them.
fuzz target="" seconds="60":
    cd tests/fuzz && cargo fuzz {{ if target == "" { "list" } else { "run " + target + " -- -max_total_time=" + seconds } }}

# What CI runs.
ci: check test gaps deny
    for server in servers/*/; do cargo build --release --locked --package "$(basename "$server")"; done
