//! The promises of the trail, against real files, real processes and real kills.
