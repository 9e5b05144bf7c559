//! The fields of push topics: a table, nothing else.

use super::{area, check, closed_list, number, text};
use crate::salesforce::model::{Face, Field};

pub(super) fn fields() -> Vec<Field> {
    let name = text("Name", "Topic Name", 25).required().name_of_row();
    vec![
        Field { unique: true, ..name },
        area("Query", "SOQL Query", 1300).required(),
        number("ApiVersion", "API Version", Face::Plain, 3, 1).required(),
        check("IsActive", "Is Active"),
        closed_list(
            "NotifyForFields",
            "Notify For Fields",
            &["Select", "Where", "Referenced", "All"],
        )
        .defaulted(),
        area("Description", "Description", 400),
        check("NotifyForOperationCreate", "Create"),
        check("NotifyForOperationUpdate", "Update"),
        check("NotifyForOperationDelete", "Delete"),
        check("NotifyForOperationUndelete", "Undelete"),
    ]
}
