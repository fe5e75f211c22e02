//! All end-to-end tests; see `harness` for the vocabulary.

// Who may import whom.
mod architecture;
// What a whole host allows.
mod compose;
// What every server of `servers/` promises.
mod contract;
// What readonly-fs does with disks and clients that mean harm.
mod hostile;
// Who sees what.
mod labels;
// What is recorded, whatever happens.
mod audit;
// Files as resources, in both eras of the protocol.
mod resources;
// Who hears of changes.
mod subscriptions;
// What scoped-db does with callers and databases that mean harm.
mod db;
// What clients written by others make of it.
mod foreign;
// What api-fetch lets out, and what it lets back in.
mod api;
// What audit-review shows of the trail, and to whom.
mod review;
// What is left to a server that was taken over.
mod sandbox;
// The second process of those servers that connect to something.
mod broker;
// What the deployments of `examples` let a process do.
mod deploy;
// A key that is kept in AWS.
mod secrets_aws;
// What must not lie in the repository.
mod repository;
