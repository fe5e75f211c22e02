//! What the labels of each root cover.
