//! Putting values over and beside each other.

use std::rc::Rc;

use super::raw::{Raw, RawKind, RawObject};

/// `new`, given after `old` for the same key: objects merge, anything final replaces, and what is
/// not resolved yet is stacked.
pub(super) fn over(new: Rc<Raw>, old: Rc<Raw>) -> Rc<Raw> {
    if new.replaces() {
        return new;
    }
    if matches!(new.kind, RawKind::Object(_)) {
        if old.replaces() {
            return new;
        }
        if matches!(old.kind, RawKind::Object(_)) {
            return merge(new, old);
        }
    }
    let (span, key_span) = (new.span.clone(), new.key_span.clone());
    let mut layers = into_layers(new);
    layers.extend(into_layers(old));
    Raw::keyed(RawKind::Layers(layers), span, key_span)
}

fn into_layers(value: Rc<Raw>) -> Vec<Rc<Raw>> {
    match &value.kind {
        RawKind::Layers(layers) => layers.clone(),
        _ => vec![value],
    }
}

fn merge(new: Rc<Raw>, old: Rc<Raw>) -> Rc<Raw> {
    let (new, old) = (Rc::unwrap_or_clone(new), Rc::unwrap_or_clone(old));
    let (RawKind::Object(added), RawKind::Object(mut base)) = (new.kind, old.kind) else {
        unreachable!("only called with two objects");
    };
    for (key, value) in added {
        put(&mut base, key, value);
    }
    Raw::keyed(RawKind::Object(base), new.span, new.key_span)
}

/// Gives a key of an object a value, over the one that it has.
pub(super) fn put(object: &mut RawObject, key: String, value: Rc<Raw>) {
    match object.entry(key) {
        indexmap::map::Entry::Vacant(slot) => {
            slot.insert(value);
        }
        indexmap::map::Entry::Occupied(mut slot) => {
            let placeholder = Raw::new(RawKind::Null, value.span.clone());
            let old = std::mem::replace(slot.get_mut(), placeholder);
            *slot.get_mut() = over(value, old);
        }
    }
}

/// The value of two resolved values side by side, or `None` if they don't go together.
pub(super) fn join(left: Rc<Raw>, right: Rc<Raw>) -> Option<Rc<Raw>> {
    use RawKind::{List, Object, Space};
    Some(match (&left.kind, &right.kind) {
        (Object(_), Object(_)) => over(right, left),
        (List(a), List(b)) => {
            let items = a.iter().chain(b).cloned().collect();
            Raw::new(List(items), left.span.clone())
        }
        (List(a), Object(b)) => {
            let items = a.iter().cloned().chain(numbered(b)?).collect();
            Raw::new(List(items), left.span.clone())
        }
        (Object(a), List(b)) => {
            let items = numbered(a)?.into_iter().chain(b.iter().cloned()).collect();
            Raw::new(List(items), left.span.clone())
        }
        (Object(_) | List(_), Space(_)) => left,
        (Space(_), Object(_) | List(_)) => right,
        (a, b) if a.is_plain() && b.is_plain() => {
            let text = [left.text(), right.text()].concat();
            Raw::new(RawKind::String(text), left.span.clone())
        }
        _ => return None,
    })
}

/// The values of an object whose keys are all numbers, in the order of the numbers.
fn numbered(object: &RawObject) -> Option<Vec<Rc<Raw>>> {
    let mut items = Vec::with_capacity(object.len());
    for (key, value) in object {
        items.push((key.parse::<u32>().ok()?, value.clone()));
    }
    items.sort_by_key(|(index, _)| *index);
    (!items.is_empty()).then(|| items.into_iter().map(|(_, value)| value).collect())
}
