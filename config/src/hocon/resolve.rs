//! Giving references their values.

use std::collections::HashSet;
use std::rc::Rc;

use seatunnel_api::config::{Diagnostic, Report, Span};

use super::limits;
use super::merge::{join, over};
use super::raw::{Raw, RawKind, RawObject, Reference};
use crate::codes;

/// Values from outside the file, by name.
pub(crate) type Names<'n> = dyn Fn(&str) -> Option<String> + 'n;

/// Calls within each other; bounds the stack, and how deep references can nest values.
const MAX_CALLS: usize = 256;

/// Replaces references by what the file, else `names`, gives; those that nothing gives stay.
pub(super) fn resolve(root: Rc<Raw>, names: &Names<'_>, report: &mut Report) -> Rc<Raw> {
    let RawKind::Object(members) = &root.kind else {
        return root;
    };
    if !root.pending {
        return root;
    }
    let mut resolver = Resolver {
        root: members,
        names,
        report,
        layers: Vec::new(),
        below: Vec::new(),
        calls: 0,
        steps: 0,
        exhausted: false,
        in_cycle: HashSet::new(),
    };
    match resolver.value(&root, Some(&mut Vec::new())) {
        Ok(Some(resolved)) => resolved,
        _ => root.clone(),
    }
}

/// The failure is in the report.
struct Failed;

type Resolved = Result<Option<Rc<Raw>>, Failed>;

/// A value being resolved: its path, and what was given earlier for it.
struct Layer {
    path: Vec<String>,
    earlier: Rc<[Rc<Raw>]>,
}

struct Resolver<'a> {
    root: &'a RawObject,
    names: &'a Names<'a>,
    report: &'a mut Report,
    /// Values being resolved, outermost first: a reference to one of them looks at what was given
    /// earlier, as in `path = ${path}":/bin"`.
    layers: Vec<Layer>,
    /// Objects whose members are being resolved while something not resolved lies under them.
    below: Vec<Layer>,
    calls: usize,
    steps: usize,
    exhausted: bool,
    /// Paths that are known to refer to themselves: reported once.
    in_cycle: HashSet<Vec<String>>,
}

impl Resolver<'_> {
    fn value(&mut self, value: &Rc<Raw>, path: Option<&mut Vec<String>>) -> Resolved {
        if !value.pending {
            return Ok(Some(value.clone()));
        }
        self.spend(1, &value.span)?;
        self.calls += 1;
        let resolved = if self.calls > MAX_CALLS {
            self.give_up(&value.span)
        } else {
            self.pending(value, path)
        };
        self.calls -= 1;
        resolved
    }

    fn pending(&mut self, value: &Rc<Raw>, path: Option<&mut Vec<String>>) -> Resolved {
        let kind = match &value.kind {
            RawKind::Object(members) => {
                // Values inside lists have no path that a reference could name.
                let mut nameless = vec![format!("\0{}", self.steps)];
                let path = path.unwrap_or(&mut nameless);
                RawKind::Object(self.members(members, path)?)
            }
            RawKind::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    match self.value(item, None) {
                        Ok(resolved) => out.extend(resolved),
                        Err(Failed) if self.exhausted => return Err(Failed),
                        Err(Failed) => {}
                    }
                }
                RawKind::List(out)
            }
            RawKind::Reference(reference) => return self.lookup(value, reference),
            RawKind::Concat(parts) => return self.concat(value, parts),
            RawKind::Layers(layers) => {
                let path = path.map(|p| p.clone()).unwrap_or_default();
                return self.stack(layers, &path);
            }
            RawKind::Previous => return self.previous(),
            _ => return Ok(Some(value.clone())),
        };
        let (span, key_span) = (value.span.clone(), value.key_span.clone());
        Ok(Some(Raw::keyed(kind, span, key_span)))
    }

    fn members(
        &mut self,
        members: &RawObject,
        path: &mut Vec<String>,
    ) -> Result<RawObject, Failed> {
        let mut out = RawObject::with_capacity(members.len());
        for (key, value) in members {
            path.push(key.clone());
            let resolved = match &value.kind {
                RawKind::Reference(_) | RawKind::Concat(_) => {
                    self.stack(std::slice::from_ref(value), path)
                }
                _ => self.value(value, Some(path)),
            };
            path.pop();
            match resolved {
                Ok(Some(resolved)) => {
                    let resolved = resolved.with_key(&value.key_span);
                    out.insert(key.clone(), resolved);
                }
                Ok(None) => {}
                Err(Failed) if self.exhausted => return Err(Failed),
                Err(Failed) => {}
            }
        }
        Ok(out)
    }

    /// The value of a key that was given several times; `layers` has the latest first.
    fn stack(&mut self, layers: &[Rc<Raw>], path: &[String]) -> Resolved {
        let mut found: Option<Rc<Raw>> = None;
        for (i, layer) in layers.iter().enumerate() {
            let earlier = Layer {
                path: path.to_vec(),
                earlier: layers[i + 1..].into(),
            };
            let resolved = if matches!(layer.kind, RawKind::Object(_)) {
                self.below.push(earlier);
                let resolved = self.value(layer, Some(&mut path.to_vec()));
                self.below.pop();
                resolved
            } else {
                self.layers.push(earlier);
                let resolved = self.value(layer, None);
                self.layers.pop();
                resolved
            };
            let Some(resolved) = resolved? else { continue };
            if resolved.kind.is_unresolved() && layers.len() > 1 {
                let span = layers[0].span.clone();
                return Ok(Some(Raw::new(RawKind::Layers(layers.to_vec()), span)));
            }
            let merged = match found.take() {
                None => resolved,
                Some(later) => over(later, resolved),
            };
            let done = merged.replaces() || merged.kind.is_unresolved();
            found = Some(merged);
            if done {
                break;
            }
        }
        Ok(found)
    }

    fn concat(&mut self, value: &Rc<Raw>, parts: &[Rc<Raw>]) -> Resolved {
        let mut resolved = Vec::with_capacity(parts.len());
        for part in parts {
            resolved.extend(self.value(part, None)?);
        }
        if resolved.iter().any(|r| r.kind.is_unresolved()) {
            return Ok(Some(value.clone()));
        }
        let mut joined: Option<Rc<Raw>> = None;
        for right in resolved {
            joined = Some(match joined {
                None => right,
                Some(left) => {
                    self.spend(right.text().len() / 16 + 1, &value.span)?;
                    let what = (left.kind.is_plain(), right.span.clone());
                    match join(left, right) {
                        Some(joined) => joined,
                        None => return self.cannot_join(what),
                    }
                }
            });
        }
        Ok(joined.map(|joined| match &joined.kind {
            RawKind::Space(text) => Raw::new(RawKind::String(text.clone()), value.span.clone()),
            _ => joined.with_span(&value.span),
        }))
    }

    /// What `key += value` adds to.
    fn previous(&mut self) -> Resolved {
        let Some(layer) = self.layers.last() else {
            return Ok(None);
        };
        let (path, earlier) = (layer.path.clone(), layer.earlier.clone());
        if !earlier.is_empty() {
            return self.stack(&earlier, &path);
        }
        match self.members_below(&path)? {
            Some(found) => self.stack(&found, &path),
            None => Ok(None),
        }
    }

    fn lookup(&mut self, value: &Rc<Raw>, reference: &Reference) -> Resolved {
        let full = reference.path.as_slice();
        let tries = [
            Some(full),
            (reference.prefix > 0).then(|| &full[reference.prefix..]),
        ];
        for path in tries.into_iter().flatten() {
            let found = self.find(value, reference, path)?;
            if !found.is_empty()
                && let Some(found) = self.stack(&found, path)?
            {
                return Ok(Some(found.with_span(&value.span)));
            }
            if let Some(text) = self.outside(path) {
                return Ok(Some(Raw::new(RawKind::String(text), value.span.clone())));
            }
        }
        Ok((!reference.optional).then(|| value.clone()))
    }

    fn outside(&self, path: &[String]) -> Option<String> {
        let name = path.join(limits::SEPARATOR);
        (self.names)(&name)
    }

    /// What the file gives for a path, latest first.
    fn find(
        &mut self,
        value: &Rc<Raw>,
        reference: &Reference,
        path: &[String],
    ) -> Result<Vec<Rc<Raw>>, Failed> {
        let active = self
            .layers
            .iter()
            .rposition(|layer| path.starts_with(&layer.path));
        let Some(index) = active else {
            let Some((first, rest)) = path.split_first() else {
                return Ok(Vec::new());
            };
            let Some(start) = self.root.get(first) else {
                return Ok(Vec::new());
            };
            let start = match &start.kind {
                RawKind::Layers(layers) => layers.clone(),
                _ => vec![start.clone()],
            };
            return self.descend(start, rest);
        };
        let layer = &self.layers[index];
        let (start, earlier) = (layer.path.len(), layer.earlier.clone());
        if !earlier.is_empty() {
            return self.descend(earlier.to_vec(), &path[start..]);
        }
        if let Some(found) = self.members_below(path)? {
            return Ok(found);
        }
        if !reference.optional && start == path.len() && self.outside(path).is_none() {
            return self.cycle(value, path);
        }
        Ok(Vec::new())
    }

    /// What lies under the member at `path` of an object that is being resolved over other values.
    fn members_below(&mut self, path: &[String]) -> Result<Option<Vec<Rc<Raw>>>, Failed> {
        for index in (0..self.below.len()).rev() {
            let layer = &self.below[index];
            if layer.earlier.is_empty()
                || !path.starts_with(&layer.path)
                || path.len() == layer.path.len()
            {
                continue;
            }
            let (start, earlier) = (layer.path.len(), layer.earlier.clone());
            let found = self.descend(earlier.to_vec(), &path[start..])?;
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The members at `path` of values that are stacked, latest first.
    fn descend(
        &mut self,
        mut layers: Vec<Rc<Raw>>,
        path: &[String],
    ) -> Result<Vec<Rc<Raw>>, Failed> {
        for key in path {
            let mut next = Vec::new();
            for layer in layers {
                let layer = if layer.kind.is_unresolved() {
                    match self.value(&layer, None)? {
                        Some(resolved) => resolved,
                        None => continue,
                    }
                } else {
                    layer
                };
                let RawKind::Object(members) = &layer.kind else {
                    break;
                };
                match members.get(key) {
                    None => {}
                    Some(member) => match &member.kind {
                        RawKind::Layers(inner) => next.extend(inner.iter().cloned()),
                        _ => next.push(member.clone()),
                    },
                }
                if next.last().is_some_and(|found| found.replaces()) {
                    break;
                }
            }
            layers = next;
        }
        Ok(layers)
    }

    fn cycle<T>(&mut self, value: &Raw, path: &[String]) -> Result<T, Failed> {
        if !self.in_cycle.contains(path) {
            let name = path.join(limits::SEPARATOR);
            let ring: Vec<_> = self.layers.iter().map(|l| l.path.clone()).collect();
            self.in_cycle.extend(ring);
            self.fail(&value.span, format!("`{name}` refers to itself"));
        }
        Err(Failed)
    }

    fn cannot_join<T>(&mut self, (text_first, span): (bool, Span)) -> Result<T, Failed> {
        let message = if text_first {
            "a list or an object cannot stand behind a text on one line"
        } else {
            "a list or an object cannot be joined with what stands behind it"
        };
        self.fail(&span, message.to_owned());
        Err(Failed)
    }

    fn fail(&mut self, span: &Span, message: String) {
        self.report
            .push(Diagnostic::error(codes::REFERENCE, message, span.clone()));
    }

    fn spend(&mut self, steps: usize, span: &Span) -> Result<(), Failed> {
        self.steps += steps;
        if self.steps <= limits::STEPS {
            return Ok(());
        }
        self.give_up(span)
    }

    fn give_up<T>(&mut self, span: &Span) -> Result<T, Failed> {
        if !self.exhausted {
            self.exhausted = true;
            self.report.push(Diagnostic::error(
                codes::TOO_LARGE,
                "references expand too far from here",
                span.clone(),
            ));
        }
        Err(Failed)
    }
}
