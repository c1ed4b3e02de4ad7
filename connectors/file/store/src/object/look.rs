//! What stands under a key, and what stands for a folder there.

use object_store::list::PaginatedListOptions;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, GetOptions, GetResult, ObjectMeta, PutOptions, PutPayload,
};

use super::Shared;

/// What stands under a key.
pub(super) enum Found {
    /// An object.
    File(ObjectMeta),
    /// What stands for a folder, in Azure.
    Folder,
}

/// The metadata that makes an empty blob stand for a folder, as Hadoop and the data lake have it.
const FOLDER_MARK: &str = "hdi_isfolder";

fn is_folder_mark(found: &GetResult) -> bool {
    let mark = Attribute::Metadata(FOLDER_MARK.into());
    let mark = found.attributes.get(&mark);
    found.meta.size == 0 && mark.is_some_and(|mark| mark.eq_ignore_ascii_case("true"))
}

impl Shared {
    /// What stands under a key, if anything does.
    pub(super) async fn look_at(&self, key: &Key) -> object_store::Result<Option<Found>> {
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.client.get_opts(key, head).await {
            Ok(found) if is_folder_mark(&found) => Ok(Some(Found::Folder)),
            Ok(found) => Ok(Some(Found::File(found.meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(
                error @ (object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. }),
            ) => {
                // The answer to this request has no text that says why; that of another has.
                let options = PaginatedListOptions {
                    max_keys: Some(1),
                    ..PaginatedListOptions::default()
                };
                let listed = self.client.list_paginated(Some(key.as_ref()), options);
                listed.await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes an empty blob stand for a folder.
    pub(super) async fn mark(&self, folder: &Key) -> object_store::Result<()> {
        let mark = Attribute::Metadata(FOLDER_MARK.into());
        let options = PutOptions::from(Attributes::from_iter([(mark, "true")]));
        self.client
            .put_opts(folder, PutPayload::new(), options)
            .await?;
        Ok(())
    }
}
