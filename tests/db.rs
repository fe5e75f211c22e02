//! What scoped-db does with callers and databases that mean harm, and with those that do not.

// What honest callers ask, and what plain SQL says to it.
mod honest;
// What hostile callers ask, with two databases that differ in the hidden part only.
mod hostile;
// The files of statements.
mod collection;
// Databases to be attacked, and what has changed in them.
mod bed;
// Answers that can be compared, and what they must not hold.
mod told;
