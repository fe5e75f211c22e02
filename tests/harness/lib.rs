//! Starts server binaries and talks MCP to them.
