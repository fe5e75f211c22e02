//! Figures: memory under attack, and time beside a plain client.
