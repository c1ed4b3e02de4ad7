//! The guide for connector authors shows code that compiles and passes its tests.

#[test]
fn the_guide_shows_the_example_as_it_is() {
    let guide = include_str!("../../CONTRIBUTING.md");
    let code = include_str!("../src/calendar.rs");
    let shown: Vec<&str> = guide
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.starts_with("//! Calendar") || block.starts_with("#[cfg(test)]"))
        .collect();
    assert_eq!(shown.len(), 2, "the connector and its tests");
    for block in shown {
        assert!(code.contains(block), "not in calendar.rs:\n{block}");
    }
}
