//! How the library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // It has threads of its own and what they keep: it must not go when the class loader goes that has
    // loaded it.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
