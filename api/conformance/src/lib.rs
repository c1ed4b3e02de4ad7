//! Checks that every source and sink must pass, for authors of connectors.
