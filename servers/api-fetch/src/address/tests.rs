//! Kinds of addresses, allowances, and second opinions.
