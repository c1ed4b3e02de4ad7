//! What a server tells of files.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use quick_xml::events::Event;
use quick_xml::name::QName;

use crate::Entry;

/// The entries of an answer to PROPFIND.
pub(super) fn parse(xml: &[u8], base: &str) -> Result<Vec<Entry>, quick_xml::Error> {
    fn local<'a>(name: QName<'a>) -> &'a [u8] {
        name.local_name().into_inner()
    }
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut found = Vec::new();
    let (mut entry, mut text) = (None, String::new());
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                text.clear();
                match (local(tag.name()), &mut entry) {
                    (b"response", _) => {
                        entry = Some(Entry {
                            path: PathBuf::new(),
                            bytes: 0,
                            modified: None,
                            is_folder: false,
                        });
                    }
                    (b"collection", Some(entry)) => entry.is_folder = true,
                    _ => {}
                }
            }
            Event::Empty(tag) => {
                if let (b"collection", Some(entry)) = (local(tag.name()), &mut entry) {
                    entry.is_folder = true;
                }
            }
            Event::Text(part) => text.push_str(&part.decode()?),
            Event::GeneralRef(name) => {
                let named = match &*name {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => name.resolve_char_ref()?,
                };
                text.extend(named);
            }
            Event::End(tag) => {
                let tag = tag.name();
                let tag = local(tag);
                if tag == b"response" {
                    found.extend(entry.take());
                }
                let Some(entry) = &mut entry else {
                    continue;
                };
                match tag {
                    b"href" => entry.path = path_of(text.trim(), base),
                    b"getcontentlength" => entry.bytes = text.trim().parse().unwrap_or_default(),
                    b"getlastmodified" => entry.modified = time_of(text.trim()),
                    _ => {}
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// The path below the base that an address, whole or not, stands for.
fn path_of(href: &str, base: &str) -> PathBuf {
    let path = match href.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => href,
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    let below = path.strip_prefix(base).unwrap_or(&path);
    let below = below.trim_matches('/');
    Path::new("/").join(below)
}

/// A time as in `Mon, 30 Nov 2026 08:49:37 GMT`.
fn time_of(text: &str) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_servers_are_understood() {
        let xml = br#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:"><D:response><D:href>/dav/data/</D:href><D:propstat><D:prop>
<D:resourcetype><D:collection/></D:resourcetype></D:prop></D:propstat></D:response>
<D:response xmlns:lp1="DAV:"><D:href>http://host:80/dav/data/a%20b&amp;c.csv</D:href><D:propstat><D:prop>
<lp1:resourcetype/><lp1:getcontentlength>17</lp1:getcontentlength>
<lp1:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</lp1:getlastmodified></D:prop></D:propstat></D:response></D:multistatus>"#;
        let found = parse(xml, "/dav").unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].is_folder);
        assert_eq!(found[0].path, Path::new("/data"));
        assert_eq!(found[1].path, Path::new("/data/a b&c.csv"));
        assert_eq!(found[1].bytes, 17);
        assert!(!found[1].is_folder && found[1].modified.is_some());
    }
}
