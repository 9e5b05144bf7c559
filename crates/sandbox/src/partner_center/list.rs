//! Referrals listed. In come the `OData` words of a query; out goes one page and how to ask for the next. It
//! must not know how referrals are changed.

use serde_json::{Value, json};

use super::{
    PartnerHome,
    referral::{show, text},
    refusal::{Done, invalid},
};
use crate::{
    call::{Answer, Call},
    sign,
    store::{ReferralOrder, ReferralWalk, Tx},
};

/// Items of a page, unless `$top` says otherwise.
const PAGE: usize = 100;
/// The most items of a page.
const LARGEST_PAGE: usize = 200;

/// One `field eq 'value'`.
struct Term {
    pointer: &'static str,
    /// `None` stands for null.
    value: Option<String>,
}

/// Everything that makes up a list; also what a skip token carries.
struct Question {
    terms: Vec<Term>,
    filter: String,
    order: ReferralOrder,
    descending: bool,
    size: usize,
    /// Time and id of the last item of the page before.
    after: Option<(String, String)>,
}

/// `GET /referrals`.
pub(crate) fn page(home: &PartnerHome, tx: &Tx<'_>, call: &Call) -> Done<Answer> {
    let question = match call.parameter("$skiptoken") {
        Some(token) => from_token(token)?,
        None => from_words(call)?,
    };
    let engagement = question.terms.iter().find(|term| term.pointer == "/engagementId");
    let mut walk = ReferralWalk {
        order: question.order,
        descending: question.descending,
        engagement: engagement.and_then(|term| term.value.as_deref()),
        after: None,
    };
    let count = if question.terms.is_empty() {
        tx.referral_count()?
    } else {
        let mut count = 0;
        tx.walk_referrals(&walk, &mut |referral| {
            count += i64::from(fits(&question.terms, &referral));
            true
        })?;
        count
    };
    walk.after = question.after.as_ref().map(|(time, id)| (time.as_str(), id.as_str()));
    let mut found = Vec::new();
    tx.walk_referrals(&walk, &mut |referral| {
        if fits(&question.terms, &referral) {
            found.push(referral);
        }
        found.len() <= question.size
    })?;
    let has_more = found.len() > question.size;
    found.truncate(question.size);
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#Referrals", home.base),
        "@odata.count": count,
        "value": found.iter().map(|referral| show(home, referral)).collect::<Vec<_>>(),
    });
    if let (true, Some(last), Some(map)) = (has_more, found.last(), body.as_object_mut()) {
        let token = to_token(&question, last);
        let next = format!("{}/v1.0/referrals?$skiptoken={token}", home.base);
        map.insert("@odata.nextLink".to_owned(), json!(next));
    }
    Ok(Answer::json(200, body))
}

fn fits(terms: &[Term], referral: &Value) -> bool {
    terms.iter().all(|term| {
        let found = referral.pointer(term.pointer).and_then(Value::as_str);
        match (&term.value, found) {
            (Some(value), Some(found)) => value.eq_ignore_ascii_case(found),
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
        }
    })
}

fn from_words(call: &Call) -> Done<Question> {
    let filter = call.parameter("$filter").unwrap_or_default().trim().to_owned();
    let order = call.parameter("$orderby").unwrap_or("createdDateTime desc");
    let (column, direction) = order.trim().split_once(' ').unwrap_or((order.trim(), "asc"));
    let order = match column {
        "createdDateTime" => ReferralOrder::Created,
        "updatedDateTime" => ReferralOrder::Updated,
        _ => {
            let message = "Only createdDateTime and updatedDateTime can be ordered by.";
            return Err(invalid("$orderby", "invalidOrderBy", message));
        }
    };
    let descending = match direction.trim() {
        "asc" | "" => false,
        "desc" => true,
        _ => return Err(invalid("$orderby", "invalidOrderBy", "The direction is asc or desc.")),
    };
    let size = match call.parameter("$top").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(size)) if size > 0 => size.min(LARGEST_PAGE),
        Some(Ok(_) | Err(_)) => {
            return Err(invalid("$top", "invalidTop", "$top must be a number greater than zero."));
        }
    };
    let terms = terms(&filter)?;
    Ok(Question { terms, filter, order, descending, size, after: None })
}

fn to_token(question: &Question, last: &Value) -> String {
    let time = match question.order {
        ReferralOrder::Created => text(last, "/createdDateTime"),
        ReferralOrder::Updated => text(last, "/updatedDateTime"),
    };
    let token = json!({
        "filter": question.filter,
        "by_update": question.order == ReferralOrder::Updated,
        "descending": question.descending,
        "size": question.size,
        "time": time,
        "id": text(last, "/id"),
    });
    sign::base64_url(token.to_string().as_bytes())
}

fn from_token(token: &str) -> Done<Question> {
    let wrong = || invalid("$skiptoken", "invalidSkipToken", "The skip token is not valid.");
    let bytes = sign::from_base64_url(token).ok_or_else(wrong)?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let flag = |name: &str| token.get(name).and_then(Value::as_bool).unwrap_or(false);
    let size =
        token.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let filter = text(&token, "/filter").to_owned();
    Ok(Question {
        terms: terms(&filter)?,
        filter,
        order: if flag("by_update") { ReferralOrder::Updated } else { ReferralOrder::Created },
        descending: flag("descending"),
        size: size.ok_or_else(wrong)?,
        after: Some((text(&token, "/time").to_owned(), text(&token, "/id").to_owned())),
    })
}

/// Reads `a eq 'x' and b eq 'y'`.
fn terms(filter: &str) -> Done<Vec<Term>> {
    let wrong = |message: &str| invalid("$filter", "invalidFilter", message);
    let mut terms = Vec::new();
    let mut rest = filter.trim();
    while !rest.is_empty() {
        let (field, after) = rest.split_once(' ').ok_or_else(|| wrong("A value is missing."))?;
        let pointer = pointer(field).ok_or_else(|| {
            let message = format!("Filtering by {field} is not supported.");
            wrong(&message)
        })?;
        let after = after.trim_start().strip_prefix("eq ");
        let after = after.ok_or_else(|| wrong("Only eq is supported."))?.trim_start();
        let (value, after) = value(after).ok_or_else(|| wrong("The value is not closed."))?;
        terms.push(Term { pointer, value });
        rest = after.trim_start();
        if let Some(next) = rest.strip_prefix("and ") {
            rest = next.trim_start();
            if rest.is_empty() {
                return Err(wrong("A term is missing after and."));
            }
        } else if !rest.is_empty() {
            return Err(wrong("Terms are joined by and."));
        }
    }
    Ok(terms)
}

fn pointer(field: &str) -> Option<&'static str> {
    Some(match field {
        "engagementId" => "/engagementId",
        "externalReferenceId" => "/externalReferenceId",
        "status" => "/status",
        "substatus" => "/substatus",
        "type" => "/type",
        "direction" => "/direction",
        "qualification" => "/qualification",
        "customerProfile/address/country" => "/customerProfile/address/country",
        _ => return None,
    })
}

/// A quoted value, in which two quotes stand for one, or a bare word; and what follows.
fn value(text: &str) -> Option<(Option<String>, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        return Some(((word != "null").then(|| word.to_owned()), rest));
    };
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((Some(value), after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_terms_joined_by_and() {
        let found = terms("status eq 'New' and engagementId eq 5-6 and type eq 'It''s'").unwrap();
        let values: Vec<_> = found.iter().map(|term| term.value.as_deref()).collect();
        assert_eq!(values, [Some("New"), Some("5-6"), Some("It's")]);
        for bad in
            ["status", "status ne 'New'", "name eq 'x'", "status eq 'New", "status eq 'New' or"]
        {
            assert!(terms(bad).is_err(), "{bad}");
        }
        assert!(terms("").unwrap().is_empty());
    }
}
