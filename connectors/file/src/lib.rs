//! LocalFile source and sink.
