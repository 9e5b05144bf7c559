//! What an org is like: its objects, their fields, their pages.
//!
//! In: names of objects. Out: raw JSON text as the sync user sees it. Must not know: records.

use serde::Deserialize;

use super::{Salesforce, composite, row};
use crate::error::Error;

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Salesforce {
    /// The description of an object as the sync user sees it, as raw JSON text.
    pub async fn describe(&self, object: &str) -> Result<String, Error> {
        let path = format!("{}/{}/describe", self.root(), composite::object_path(object)?);
        let request = self.get("describe object", &path).await?;
        match self.call(request).await {
            Ok(answer) => answer.text().map(str::to_owned),
            Err(Error::Gone { .. }) => {
                let why =
                    format!("the object {object} does not exist or the sync user may not see it");
                Err(Error::refused("NOT_FOUND", why))
            }
            Err(error) => Err(error),
        }
    }

    /// How the pages of an object look for the sync user, as raw JSON text.
    pub async fn layouts(&self, object: &str) -> Result<String, Error> {
        let path = format!("{}/{}/describe/layouts", self.root(), composite::object_path(object)?);
        let answer = self.call(self.get("describe layouts", &path).await?).await?;
        answer.text().map(str::to_owned)
    }

    /// The versions of the API that the org has, the newest last, such as `64.0`.
    pub async fn versions(&self) -> Result<Vec<String>, Error> {
        let answer = self.call(self.get("list versions", "/services/data").await?).await?;
        let read: Option<Vec<Version>> = serde_json::from_slice(&answer.body).ok();
        let read = read.ok_or_else(|| answer.unreadable("is no list of versions"))?;
        Ok(read.into_iter().map(|one| one.version).collect())
    }

    /// The names of all objects that the sync user may see.
    pub async fn objects(&self) -> Result<Vec<String>, Error> {
        let path = format!("{}/sobjects", self.root());
        let answer = self.call(self.get("list objects", &path).await?).await?;
        row::object_names(answer.text()?).ok_or_else(|| answer.unreadable("is no list of objects"))
    }
}
