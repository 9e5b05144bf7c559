//! A member of a record by its dotted path, such as `Account.Name`.
//!
//! In: a record as JSON, a path. Out: what stands there. Must not know: what a path means.

use serde_json::Value;

/// What stands at a path; none when a member on the way is not there.
pub(crate) fn at<'r>(record: &'r Value, path: &str) -> Option<&'r Value> {
    path.split('.').try_fold(record, |at, name| at.get(name))
}
