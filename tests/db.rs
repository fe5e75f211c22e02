//! What scoped-db does with callers and databases that mean harm, and with those that do not.

// What honest callers ask, and what plain SQL says to it.
mod honest;
// What hostile callers ask, with two databases that differ in the hidden part only.
mod hostile;
// The files of statements.
mod collection;
// Databases to be attacked, and what has changed in them.
pub(crate) mod bed;
// The tools that take no SQL.
mod typed;
// Readers of different clearance.
mod views;
// Pages, and whose they are.
mod cursors;
// What is over a limit.
mod limits;
// A database that goes away, waits, or is too slow.
mod faults;
// Passwords and connection texts.
mod secrets;
// A password that changes while the server runs.
mod rotation;
// What may be changed.
mod writes;
// The command line.
mod start;
// SQLite files.
mod lite;
// Statements that a generator makes up.
mod random;
// Errors for hidden rows, wherever an expression can stand.
mod probes;
// Changes of SQLite files.
mod lite_writes;
// Answers that can be compared, and what they must not hold.
mod told;
