//! The engine against real files.

mod attacks;
mod changes;
mod files;
mod limits;
mod rows;
mod translated;
