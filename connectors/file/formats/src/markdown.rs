//! Markdown documents as rows of their parts, as SeaTunnel has them: headings, paragraphs, lists and their items, quotes
//! and fenced blocks of code, each with what it is inside of.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, StringArray};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag};
use seatunnel_api::{Column, DataType};

/// The columns of a document.
pub fn columns() -> Vec<Column> {
    let text = |name: &str| Column::new(name, DataType::String);
    let number = |name: &str| Column::new(name, DataType::Int);
    vec![
        text("element_id"),
        text("element_type"),
        number("heading_level"),
        text("text"),
        number("page_number"),
        number("position_index"),
        text("parent_id"),
        text("child_ids"),
    ]
}

/// What a part of a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Document,
    Heading(i32),
    Paragraph,
    BulletList,
    OrderedList,
    BulletItem,
    OrderedItem,
    Quote,
    Code,
    /// Counted among its neighbours, and no row.
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Document | Self::Other => "",
            Self::Heading(_) => "Heading",
            Self::Paragraph => "Paragraph",
            Self::BulletList => "BulletList",
            Self::OrderedList => "OrderedList",
            Self::BulletItem => "BulletListItem",
            Self::OrderedItem => "OrderedListItem",
            Self::Quote => "BlockQuote",
            Self::Code => "FencedCodeBlock",
        }
    }
}

struct Node {
    kind: Kind,
    parent: usize,
    children: Vec<usize>,
    /// Where its content is in the document.
    content: Range<usize>,
    /// What is inside of a block of code.
    code: String,
    /// Whether the content is an item's own text, which stands without a paragraph around it.
    is_implied: bool,
    id: Option<String>,
    position: i32,
}

/// The rows of a document, in its order.
pub fn read(document: &str) -> Vec<ArrayRef> {
    let mut tree = Tree::new(document);
    tree.build();
    tree.name();
    tree.rows()
}

struct Tree<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Tree<'a> {
    fn new(text: &'a str) -> Self {
        let root = Node {
            kind: Kind::Document,
            parent: 0,
            children: Vec::new(),
            content: 0..text.len(),
            code: String::new(),
            is_implied: false,
            id: None,
            position: 1,
        };
        Self {
            text,
            nodes: vec![root],
        }
    }

    fn add(&mut self, parent: usize, kind: Kind, content: Range<usize>) -> usize {
        let place = self.nodes.len();
        self.nodes[parent].children.push(place);
        self.nodes.push(Node {
            kind,
            parent,
            position: self.nodes[parent].children.len() as i32,
            children: Vec::new(),
            content,
            code: String::new(),
            is_implied: false,
            id: None,
        });
        place
    }

    fn build(&mut self) {
        let mut at = 0;
        // Tags of what is inside of a text are open, so many.
        let mut inline = 0_usize;
        for (event, range) in Parser::new(self.text).into_offset_iter() {
            match event {
                Event::Start(tag) => match kind_of(&tag, self.nodes[at].kind) {
                    Some(kind) => {
                        self.end_implied(&mut at);
                        let is_text = matches!(kind, Kind::Heading(_) | Kind::Paragraph);
                        let content = match is_text {
                            // Known when its first text comes.
                            true => range.end..range.start,
                            false => range,
                        };
                        at = self.add(at, kind, content);
                    }
                    None => {
                        self.take_text(&mut at, &range);
                        inline += 1;
                    }
                },
                Event::End(_) if inline > 0 => inline -= 1,
                Event::End(_) => {
                    self.end_implied(&mut at);
                    at = self.nodes[at].parent;
                }
                Event::Text(text) if self.nodes[at].kind == Kind::Code => {
                    self.nodes[at].code.push_str(&text);
                }
                Event::Rule => {
                    self.end_implied(&mut at);
                    self.add(at, Kind::Other, range);
                }
                _ => self.take_text(&mut at, &range),
            }
        }
    }

    /// Adds a stretch of text to the part that is open; in an item without a paragraph one is made.
    fn take_text(&mut self, at: &mut usize, range: &Range<usize>) {
        if matches!(self.nodes[*at].kind, Kind::BulletItem | Kind::OrderedItem) {
            *at = self.add(*at, Kind::Paragraph, range.clone());
            self.nodes[*at].is_implied = true;
        }
        let node = &mut self.nodes[*at];
        if node.kind != Kind::Other {
            node.content.start = node.content.start.min(range.start);
            node.content.end = node.content.end.max(range.end);
        }
    }

    fn end_implied(&self, at: &mut usize) {
        if self.nodes[*at].is_implied {
            *at = self.nodes[*at].parent;
        }
    }

    /// Whether a part is a row: paragraphs of items and quotes are theirs.
    fn is_row(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        let parent = self.nodes[node.parent].kind;
        match node.kind {
            Kind::Document | Kind::Other => false,
            Kind::Paragraph => {
                !matches!(parent, Kind::BulletItem | Kind::OrderedItem | Kind::Quote)
            }
            _ => true,
        }
    }

    /// Gives each row its id: its kind, and how many of it there were.
    fn name(&mut self) {
        let mut counts: HashMap<&'static str, usize> = HashMap::new();
        for place in 0..self.nodes.len() {
            if self.is_row(place) {
                let name = self.nodes[place].kind.name();
                let count = counts.entry(name).or_default();
                *count += 1;
                self.nodes[place].id = Some(format!("{name}_{count}"));
            }
        }
    }

    fn rows(&self) -> Vec<ArrayRef> {
        let rows = self.nodes.iter().filter(|node| node.id.is_some());
        let rows: Vec<&Node> = rows.collect();
        let texts = |of: &dyn Fn(&Node) -> Option<String>| -> ArrayRef {
            Arc::new(StringArray::from_iter(rows.iter().map(|node| of(node))))
        };
        let numbers = |of: &dyn Fn(&Node) -> Option<i32>| -> ArrayRef {
            Arc::new(Int32Array::from_iter(rows.iter().map(|node| of(node))))
        };
        vec![
            texts(&|node| node.id.clone()),
            texts(&|node| Some(node.kind.name().to_owned())),
            numbers(&|node| match node.kind {
                Kind::Heading(level) => Some(level),
                _ => None,
            }),
            texts(&|node| Some(self.text_of(node))),
            numbers(&|_| Some(1)),
            numbers(&|node| Some(node.position)),
            texts(&|node| self.nodes[node.parent].id.clone()),
            texts(&|node| {
                let ids = node.children.iter();
                let ids: Vec<&str> = ids.filter_map(|c| self.nodes[*c].id.as_deref()).collect();
                (!ids.is_empty()).then(|| ids.join(","))
            }),
        ]
    }

    fn text_of(&self, node: &Node) -> String {
        let inside = |node: &Node| -> String {
            let parts = node.children.iter();
            let parts = parts.filter_map(|c| self.text.get(self.nodes[*c].content.clone()));
            parts.collect::<Vec<_>>().join("\n").trim().to_owned()
        };
        match node.kind {
            Kind::Heading(_) | Kind::Paragraph => {
                let content = self.text.get(node.content.clone()).unwrap_or("");
                content.trim().to_owned()
            }
            Kind::Code => node.code.clone(),
            Kind::BulletList | Kind::OrderedList => {
                let items = node.children.iter().enumerate().map(|(place, child)| {
                    let text = inside(&self.nodes[*child]);
                    match node.kind {
                        Kind::OrderedList => format!("{}. {text}\n", place + 1),
                        _ => format!("- {text}\n"),
                    }
                });
                items.collect()
            }
            _ => inside(node),
        }
    }
}

/// The part that a tag begins; none if it is part of a text.
fn kind_of(tag: &Tag<'_>, inside: Kind) -> Option<Kind> {
    Some(match tag {
        Tag::Heading { level, .. } => Kind::Heading(match level {
            HeadingLevel::H1 => 1,
            HeadingLevel::H2 => 2,
            HeadingLevel::H3 => 3,
            HeadingLevel::H4 => 4,
            HeadingLevel::H5 => 5,
            HeadingLevel::H6 => 6,
        }),
        Tag::Paragraph => Kind::Paragraph,
        Tag::List(None) => Kind::BulletList,
        Tag::List(Some(_)) => Kind::OrderedList,
        Tag::Item if inside == Kind::OrderedList => Kind::OrderedItem,
        Tag::Item => Kind::BulletItem,
        Tag::BlockQuote(_) => Kind::Quote,
        Tag::CodeBlock(CodeBlockKind::Fenced(_)) => Kind::Code,
        Tag::CodeBlock(_) | Tag::HtmlBlock => Kind::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;

    use super::*;

    #[test]
    fn parts_become_rows_that_know_what_they_are_inside_of() {
        let document = "# Title *one*\n\nSome text\nof two lines.\n\n- first\n- second\n  1. deep\n\n> said\n\n```rust\nlet x = 1;\n```\n\n---\n\n## End\n";
        let columns = read(document);
        let text = |column: usize, row: usize| {
            let column = columns[column].as_string::<i32>();
            column.is_valid(row).then(|| column.value(row))
        };
        let rows: Vec<_> = (0..columns[0].len())
            .map(|row| {
                let position = columns[5].as_primitive::<Int32Type>().value(row);
                (
                    text(0, row).unwrap(),
                    text(3, row).unwrap(),
                    position,
                    text(6, row),
                    text(7, row),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("Heading_1", "Title *one*", 1, None, None),
                ("Paragraph_1", "Some text\nof two lines.", 2, None, None),
                (
                    "BulletList_1",
                    "- first\n- second\n1. deep\n",
                    3,
                    None,
                    Some("BulletListItem_1,BulletListItem_2")
                ),
                ("BulletListItem_1", "first", 1, Some("BulletList_1"), None),
                (
                    "BulletListItem_2",
                    "second\n1. deep",
                    2,
                    Some("BulletList_1"),
                    Some("OrderedList_1")
                ),
                (
                    "OrderedList_1",
                    "1. deep\n",
                    2,
                    Some("BulletListItem_2"),
                    Some("OrderedListItem_1")
                ),
                ("OrderedListItem_1", "deep", 1, Some("OrderedList_1"), None),
                ("BlockQuote_1", "said", 4, None, None),
                ("FencedCodeBlock_1", "let x = 1;\n", 5, None, None),
                ("Heading_2", "End", 7, None, None),
            ]
        );
        assert_eq!(columns[2].as_primitive::<Int32Type>().value(9), 2);
    }
}
