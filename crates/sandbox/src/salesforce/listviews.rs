//! Lists that people look at: for each object all rows, and those of one's own. In come a list's id; out go its
//! columns, its query and its rows. It must not know how queries are carried out.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    salesforce::{
        ids,
        model::{Field, Kind, Object},
        refusal::{Done, not_found},
        session::Session,
        soql::{self, Found},
        values::type_word,
    },
};

/// Rows of an answer, unless the client asks for another number; and the most.
const USUAL: usize = 25;
const MOST: usize = 2000;
/// How many columns are shown beside the name.
const COLUMNS: usize = 4;
/// What every list knows and does not show.
const HIDDEN: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// A list of an object.
struct View<'o> {
    id: String,
    object: &'o Object,
    mine: bool,
}

impl<'o> View<'o> {
    /// The lists of an object: a list's id comes of the object's place.
    fn all(session: &Session<'o>, object: &'o Object) -> Vec<Self> {
        let place = session.whole.objects.iter().position(|other| other.name == object.name);
        let number = i64::try_from(place.unwrap_or_default()).unwrap_or_default() * 2;
        let views = [(1, false), (2, true)].into_iter();
        let views = views.filter(|(_, mine)| !mine || object.field("OwnerId").is_some());
        views
            .map(|(more, mine)| Self { id: ids::make("00B", number + more), object, mine })
            .collect()
    }

    fn find(session: &Session<'o>, object: &'o Object, given: &str) -> Done<Self> {
        let id = ids::read(given);
        let mut all = Self::all(session, object).into_iter();
        all.find(|view| Some(&view.id) == id.as_ref()).ok_or_else(not_found)
    }

    fn word(&self) -> &'static str {
        if self.mine { "My" } else { "All" }
    }

    fn name(&self) -> String {
        format!("{}{}", self.word(), self.object.plural.replace(' ', ""))
    }

    fn label(&self) -> String {
        format!("{} {}", self.word(), self.object.plural)
    }

    /// The fields: what names a row, some more, and those that are not shown.
    fn fields(&self) -> Vec<(&'o Field, bool)> {
        let fields = &self.object.fields;
        let is_hidden = |field: &&Field| HIDDEN.contains(&field.name.as_str());
        let is_plain = |field: &&Field| {
            field.is_filterable()
                && !field.names_the_row
                && !matches!(field.kind, Kind::Reference(_) | Kind::Checkbox)
        };
        let names = fields.iter().filter(|field| field.names_the_row);
        let more = fields.iter().filter(|field| !is_hidden(field)).filter(is_plain).take(COLUMNS);
        let hidden = fields.iter().filter(is_hidden);
        names
            .chain(more)
            .map(|field| (field, false))
            .chain(hidden.map(|field| (field, true)))
            .collect()
    }

    fn order(&self) -> &'o str {
        let named = self.object.fields.iter().find(|field| field.names_the_row);
        named.map_or("Id", |field| &field.name)
    }

    fn query(&self) -> String {
        let fields: Vec<&str> =
            self.fields().iter().map(|(field, _)| field.name.as_str()).collect();
        let scope = if self.mine { " USING SCOPE mine" } else { "" };
        format!(
            "SELECT {} FROM {}{scope} ORDER BY {} ASC NULLS FIRST, Id ASC NULLS FIRST",
            fields.join(", "),
            self.object.name,
            self.order()
        )
    }

    /// What is told of a list among others.
    fn told(&self, session: &Session<'_>) -> Value {
        let base = format!(
            "/services/data/v{}.0/sobjects/{}/listviews/{}",
            session.version, self.object.name, self.id
        );
        json!({
            "describeUrl": format!("{base}/describe"),
            "developerName": self.name(),
            "id": self.id,
            "label": self.label(),
            "resultsUrl": format!("{base}/results"),
            "soqlCompatible": true,
            "url": base,
        })
    }

    fn columns(&self) -> Value {
        let order = self.order();
        let column = |(field, hidden): (&Field, bool)| {
            let is_first = field.name == order;
            json!({
                "ascendingLabel": if hidden { Value::Null } else { json!("A-Z") },
                "descendingLabel": if hidden { Value::Null } else { json!("Z-A") },
                "fieldNameOrPath": field.name,
                "hidden": hidden,
                "label": field.label,
                "searchable": false,
                "selectListItem": field.name,
                "sortDirection": if is_first { json!("ascending") } else { Value::Null },
                "sortIndex": if is_first { json!(0) } else { Value::Null },
                "sortable": !hidden,
                "type": type_word(&field.kind),
            })
        };
        self.fields().into_iter().map(column).collect()
    }

    fn described(&self) -> Value {
        let order = |name: &str| json!({ "fieldNameOrPath": name, "nullsPosition": "first", "sortDirection": "ascending" });
        json!({
            "columns": self.columns(),
            "id": self.id,
            "orderBy": [order(self.order()), order("Id")],
            "query": self.query(),
            "relatedEntityId": null,
            "scope": if self.mine { "mine" } else { "everything" },
            "scopeEntityId": null,
            "sobjectType": self.object.name,
            "whereCondition": null,
        })
    }

    fn results(&self, session: &Session<'_>, call: &Call) -> Done<Value> {
        let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let (skip, most) = (number("offset").unwrap_or(0), number("limit").unwrap_or(USUAL));
        let query = self.query();
        let Found::Rows(ids) = soql::find(session, &query, false)? else {
            return Err(not_found());
        };
        let page: Vec<String> = ids.iter().skip(skip).take(most.min(MOST)).cloned().collect();
        let fields = self.fields();
        let row = |row: &Value| {
            let columns = fields.iter().map(|(field, _)| {
                let value = match row.get(&field.name) {
                    None | Some(Value::Null) => Value::Null,
                    Some(Value::String(text)) => json!(text),
                    Some(other) => json!(other.to_string()),
                };
                json!({ "fieldNameOrPath": field.name, "value": value })
            });
            json!({ "columns": columns.collect::<Vec<_>>() })
        };
        let records: Vec<Value> = soql::show(session, &query, &page)?.iter().map(row).collect();
        Ok(json!({
            "columns": self.columns(),
            "developerName": self.name(),
            "done": skip + page.len() >= ids.len(),
            "id": self.id,
            "label": self.label(),
            "records": records,
            "size": records.len(),
        }))
    }
}

/// The query of a list of any object.
pub(crate) fn query_of(session: &Session<'_>, given: &str) -> Option<String> {
    let id = ids::read(given)?;
    let mut views = session.org.objects.iter().flat_map(|object| View::all(session, object));
    views.find(|view| view.id == id).map(|view| view.query())
}

/// Answers calls below `/sobjects/X/listviews`; `rest` is what follows.
pub(crate) fn dispatch(
    session: &Session<'_>,
    call: &Call,
    object: &Object,
    rest: &[&str],
) -> Done<Answer> {
    let body = match rest {
        [] => {
            let views = View::all(session, object);
            let views: Vec<Value> = views.iter().map(|view| view.told(session)).collect();
            json!({
                "done": true,
                "listviews": views,
                "nextRecordsUrl": null,
                "size": views.len(),
                "sobjectType": object.name,
            })
        }
        [id] => View::find(session, object, id)?.told(session),
        [id, "describe"] => View::find(session, object, id)?.described(),
        [id, "results"] => View::find(session, object, id)?.results(session, call)?,
        _ => return Err(not_found()),
    };
    Ok(Answer::json(200, body))
}
