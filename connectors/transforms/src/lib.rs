//! Column and row transforms.
