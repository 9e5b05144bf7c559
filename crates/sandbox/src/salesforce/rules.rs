//! Rules that an administrator adds to an organisation: conditions that a row must not fulfil, duplicates
//! that are refused, and fields that a user does not see or cannot edit. In come orders as JSON and rows;
//! out go refusals, and the organisation as one user sees it. It must not know HTTP.

use serde_json::{Map, Value, json};

use crate::{
    database::StoreError,
    salesforce::{
        model::{Access, Field, Object, Org},
        orders::Orders,
        refusal::{Done, Refusal, Stop, Wrong, bad},
        rows::row_id,
        session::Session,
        soql,
    },
    store::{Pick, Tx},
};

const KIND: &str = "salesforce-rule";

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A row that fulfils the condition is refused with this text.
    Validation { object: String, when: String, message: String, field: Option<String> },
    /// A row that has the values of another in all these fields is refused; one that may be saved all the
    /// same (`allowSave`) when it may.
    Duplicate {
        object: String,
        fields: Vec<String>,
        may_be_saved: bool,
        name: String,
        message: String,
    },
    /// A user does not see a field, or sees it and cannot edit it.
    Field { user: String, object: String, field: String, readable: bool },
    /// The same for an object with all its rows.
    Object { user: String, object: String, readable: bool },
}

/// The rules of an organisation in the order they were made.
pub(crate) fn all(tx: &Tx<'_>) -> Result<Vec<Rule>, StoreError> {
    let kept = tx.docs(KIND)?;
    // What does not fit was refused when it was ordered.
    Ok(kept.iter().filter_map(|(_, order)| read(order).ok()).collect())
}

/// The rules of an organisation, as the administration orders them.
#[derive(Debug)]
pub(crate) struct Rules<'a>(pub(crate) &'a Org);

impl Orders for Rules<'_> {
    const KIND: &'static str = KIND;

    fn check(&self, given: &Value) -> Result<(), String> {
        check(self.0, given)
    }

    fn shown(&self, _: &Tx<'_>, orders: Map<String, Value>) -> Result<Value, StoreError> {
        Ok(json!({ "rules": orders }))
    }

    fn clear(_: &Tx<'_>, _: Option<&str>) -> Result<(), StoreError> {
        // Rules leave nothing behind.
        Ok(())
    }
}

/// What is wrong with an order: what it names must be there.
fn check(org: &Org, order: &Value) -> Result<(), String> {
    let (object, fields, when) = match read(order)? {
        Rule::Validation { object, when, field, .. } => {
            (object, field.into_iter().collect(), Some(when))
        }
        Rule::Duplicate { object, fields, .. } => (object, fields, None),
        Rule::Field { object, field, .. } => (object, vec![field], None),
        Rule::Object { object, .. } => (object, Vec::new(), None),
    };
    let known = org.named(&object).ok_or_else(|| format!("there is no object `{object}`"))?;
    for field in fields {
        known.field(&field).ok_or_else(|| format!("`{object}` has no field `{field}`"))?;
    }
    match when.map(|when| soql::understands(org, &known.name, &when)) {
        Some(Err(Stop::Refused(refusal))) => Err(format!("`when`: {}", refusal.body())),
        Some(Ok(()) | Err(Stop::Store(_))) | None => Ok(()),
    }
}

fn read(order: &Value) -> Result<Rule, String> {
    let text = |name: &str| order.get(name).and_then(Value::as_str).map(str::to_owned);
    let need = |name: &str| text(name).ok_or_else(|| format!("`{name}` must be a text"));
    match text("rule").as_deref() {
        Some("validation") => Ok(Rule::Validation {
            object: need("object")?,
            when: need("when")?,
            message: need("message")?,
            field: text("field"),
        }),
        Some("duplicate") => {
            let fields = order.get("fields").and_then(Value::as_array);
            let fields: Vec<String> = fields
                .into_iter()
                .flatten()
                .filter_map(|field| field.as_str().map(str::to_owned))
                .collect();
            if fields.is_empty() {
                return Err("`fields` must be a list of names".to_owned());
            }
            let may_be_saved = match text("action").as_deref() {
                None | Some("block") => false,
                Some("alert") => true,
                Some(_) => return Err("`action` must be `block` or `alert`".to_owned()),
            };
            let object = need("object")?;
            let name = text("name").unwrap_or_else(|| format!("{object}_Duplicates"));
            let message = text("message").unwrap_or_else(|| "Use one of these records?".to_owned());
            Ok(Rule::Duplicate { object, fields, may_be_saved, name, message })
        }
        Some("field") => Ok(Rule::Field {
            user: need("user")?,
            object: need("object")?,
            field: need("field")?,
            readable: order.get("readable").and_then(Value::as_bool).unwrap_or(false),
        }),
        Some("object") => Ok(Rule::Object {
            user: need("user")?,
            object: need("object")?,
            readable: order.get("readable").and_then(Value::as_bool).unwrap_or(false),
        }),
        Some(_) | None => {
            Err("`rule` must be `validation`, `duplicate`, `field` or `object`".to_owned())
        }
    }
}

/// The organisation as a user sees it: what is hidden is not there. None: all of it.
pub(crate) fn view(org: &Org, rules: &[Rule], alias: &str) -> Option<Org> {
    let mut view: Option<Org> = None;
    for rule in
        rules.iter().filter(|rule| rule.user().is_some_and(|u| u.eq_ignore_ascii_case(alias)))
    {
        let seen = view.get_or_insert_with(|| org.clone());
        match rule {
            Rule::Field { object, field, readable, .. } => {
                let of = seen.objects.iter_mut().find(|own| own.name.eq_ignore_ascii_case(object));
                let Some(own) = of else { continue };
                if *readable {
                    let named = |own: &&mut Field| own.name.eq_ignore_ascii_case(field);
                    let same = own.fields.iter_mut().filter(named);
                    same.for_each(|own| own.access = Access::ReadOnly);
                } else {
                    own.fields.retain(|own| !own.name.eq_ignore_ascii_case(field));
                }
            }
            Rule::Object { object, readable: true, .. } => {
                let of = seen.objects.iter_mut().find(|own| own.name.eq_ignore_ascii_case(object));
                if let Some(own) = of {
                    own.writable = false;
                }
            }
            Rule::Object { object, .. } => {
                seen.objects.retain(|own| !own.name.eq_ignore_ascii_case(object));
            }
            Rule::Validation { .. } | Rule::Duplicate { .. } => {}
        }
    }
    view
}

impl Rule {
    /// Whom it is about, when it is about one user; by alias.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Field { user, .. } | Self::Object { user, .. } => Some(user),
            Self::Validation { .. } | Self::Duplicate { .. } => None,
        }
    }
}

/// Refuses a row, as it will be, that a rule forbids.
pub(crate) fn refuse(
    session: &Session<'_>,
    object: &Object,
    row: &Map<String, Value>,
    is_new: bool,
) -> Done<()> {
    for rule in session.rules {
        match rule {
            Rule::Validation { object: of, when, message, field } if *of == object.name => {
                if soql::holds(session, object, when, row)? {
                    let fields = Some(field.iter().cloned().collect());
                    let code = "FIELD_CUSTOM_VALIDATION_EXCEPTION";
                    return Err(bad(Wrong { code, message: message.clone(), fields }));
                }
            }
            Rule::Duplicate { object: of, fields, may_be_saved, .. } if *of == object.name => {
                let passes = *may_be_saved && session.allow_save;
                if is_new && !passes {
                    let twins = twins(session, object, fields, row)?;
                    refuse_twin(object, rule, &twins)?;
                }
            }
            Rule::Validation { .. }
            | Rule::Duplicate { .. }
            | Rule::Field { .. }
            | Rule::Object { .. } => {}
        }
    }
    Ok(())
}

/// The ids of the rows that have the same values in these fields, none of them blank.
fn twins(
    session: &Session<'_>,
    object: &Object,
    fields: &[String],
    row: &Map<String, Value>,
) -> Done<Vec<String>> {
    let key = |row: &Map<String, Value>| -> Option<Vec<String>> {
        let one = |name: &String| {
            let field = object.field(name)?;
            let text = row.get(&field.name)?.as_str()?.trim().to_lowercase();
            (!text.is_empty()).then_some(text)
        };
        fields.iter().map(one).collect()
    };
    let Some(wanted) = key(row) else { return Ok(Vec::new()) };
    let rows = session.tx.rows(&object.name, &Pick::All)?;
    let same =
        rows.iter().filter(|other| !other.deleted && key(&other.body).as_ref() == Some(&wanted));
    Ok(same.map(|other| row_id(&other.body)).filter(|id| *id != row_id(row)).collect())
}

fn refuse_twin(object: &Object, rule: &Rule, twins: &[String]) -> Done<()> {
    let Rule::Duplicate { may_be_saved, name, message, .. } = rule else { return Ok(()) };
    if twins.is_empty() {
        return Ok(());
    }
    let wrong = Wrong::new("DUPLICATES_DETECTED", message);
    let mut refusal = Refusal::new(400, wrong);
    let record = |id: &String| {
        let record = json!({ "attributes": { "type": object.name }, "Id": id });
        json!({
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": record,
        })
    };
    refusal.duplicates = Some(json!({
        "allowSave": may_be_saved,
        "duplicateRule": name,
        "duplicateRuleEntityType": object.name,
        "errorMessage": message,
        "matchResults": [{
            "entityType": object.name,
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": twins.iter().map(record).collect::<Vec<_>>(),
            "rule": name,
            "size": twins.len(),
            "success": true,
        }],
    }));
    Err(refusal.into())
}
