//! What every engine does with batches on their way from a reader to the writers.
