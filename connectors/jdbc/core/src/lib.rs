//! What the databases of the Jdbc connector share: options, urls, SQL text, save modes, key ranges.
