//! The seatunnel launcher.
