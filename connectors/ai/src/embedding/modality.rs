//! Pictures and films beside text.

use seatunnel_api::options::OptionEnum;

/// How a value stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum Format {
    /// The text itself.
    #[option(name = "text")]
    Text,
    /// An address of a picture or film.
    #[option(name = "url")]
    Url,
    /// The data of a picture or film; or their base64, in a column of text.
    #[option(name = "binary")]
    Binary,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(super) enum Modality {
    /// Text.
    #[option(name = "text")]
    Text,
    /// A picture.
    #[option(name = "jpeg", alias = "jpg")]
    Jpeg,
    /// A picture.
    #[option(name = "png")]
    Png,
    /// A picture.
    #[option(name = "gif")]
    Gif,
    /// A picture.
    #[option(name = "webp")]
    Webp,
    /// A picture.
    #[option(name = "bmp")]
    Bmp,
    /// A picture.
    #[option(name = "tiff")]
    Tiff,
    /// A picture.
    #[option(name = "ico")]
    Ico,
    /// A picture.
    #[option(name = "icns")]
    Icns,
    /// A picture.
    #[option(name = "sgi")]
    Sgi,
    /// A picture.
    #[option(name = "jpeg2000")]
    Jpeg2000,
    /// A film.
    #[option(name = "mp4")]
    Mp4,
    /// A film.
    #[option(name = "avi")]
    Avi,
    /// A film.
    #[option(name = "mov")]
    Mov,
}

/// Modalities, their names in `data:` addresses, the ends of file names.
const ENDS: &[(Modality, &str, &[&str])] = &[
    (Modality::Jpeg, "image/jpeg", &["jpg", "jpeg"]),
    (Modality::Png, "image/png", &["png", "apng"]),
    (Modality::Gif, "image/gif", &["gif"]),
    (Modality::Webp, "image/webp", &["webp"]),
    (Modality::Bmp, "image/bmp", &["bmp", "dib"]),
    (Modality::Tiff, "image/tiff", &["tiff", "tif"]),
    (Modality::Ico, "image/ico", &["ico"]),
    (Modality::Icns, "image/icns", &["icns"]),
    (Modality::Sgi, "image/sgi", &["sgi"]),
    (
        Modality::Jpeg2000,
        "image/jpeg2000",
        &["j2c", "j2k", "jp2", "jpc", "jpf", "jpx"],
    ),
    (Modality::Mp4, "video/mp4", &["mp4"]),
    (Modality::Avi, "video/avi", &["avi"]),
    (Modality::Mov, "video/mov", &["mov"]),
];

impl Modality {
    /// What a value is by its end; text if that says nothing.
    pub(super) fn of_value(value: &str) -> Self {
        // An address may have a query behind the name of the file.
        let path = value.split(['?', '#']).next().unwrap_or_default();
        let end = path
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        let entry = end.and_then(|end| ENDS.iter().find(|(.., ends)| ends.contains(&&*end)));
        entry.map_or(Self::Text, |(modality, ..)| *modality)
    }

    /// Its name in `data:` addresses; none of text.
    pub(super) fn media_type(self) -> Option<&'static str> {
        let entry = ENDS.iter().find(|(modality, ..)| *modality == self);
        entry.map(|(_, media, _)| *media)
    }

    /// What requests call the part that holds it.
    pub(super) fn part(self) -> &'static str {
        match self.media_type() {
            None => "text",
            Some(media) if media.starts_with("video/") => "video_url",
            Some(_) => "image_url",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_value_says_what_it_is() {
        for (value, expected) in [
            ("https://host/a/photo.JPG?size=1", Modality::Jpeg),
            ("film.mov", Modality::Mov),
            ("picture.jp2", Modality::Jpeg2000),
            ("A sentence. With dots.", Modality::Text),
            ("plain", Modality::Text),
        ] {
            assert_eq!(Modality::of_value(value), expected, "{value}");
        }
        assert_eq!(Modality::Png.part(), "image_url");
        assert_eq!(Modality::Avi.part(), "video_url");
        assert_eq!(Modality::Text.part(), "text");
    }
}
