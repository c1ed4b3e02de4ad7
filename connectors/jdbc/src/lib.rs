//! Jdbc source and sink.
