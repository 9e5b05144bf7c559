//! Referrals listed. In come the `OData` words of a query; out goes one page and how to ask for the next. It
//! must not know how referrals are changed.

use serde_json::{Value, json};

use super::{
    PartnerHome, Switch,
    filter::Filter,
    referral::{blank, show, text},
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

/// Everything that makes up a list; also what a skip token carries.
struct Question {
    filter: Filter,
    filter_text: String,
    order: ReferralOrder,
    descending: bool,
    size: usize,
    /// How many items may still come, where `$top` bounds them all.
    left: Option<usize>,
    skip: usize,
    /// `None`: all keys.
    select: Option<Vec<String>>,
    counts: bool,
    /// Time and id of the last item of the page before.
    after: Option<(String, String)>,
}

/// `GET /referrals`; with `member`, only deals that have this address in their team.
pub(crate) fn page(
    home: &PartnerHome,
    tx: &Tx<'_>,
    call: &Call,
    member: Option<&str>,
) -> Done<Answer> {
    known(call)?;
    let mut question = match call.parameter("$skiptoken") {
        Some(token) => from_token(home, token)?,
        None => from_words(home, call)?,
    };
    if let Some(member) = member {
        question.filter.add_member(member);
    }
    let mut walk = ReferralWalk {
        order: question.order,
        descending: question.descending,
        engagement: question.filter.engagement(),
        after: None,
    };
    let count = if question.counts { Some(count(tx, &question.filter, &walk)?) } else { None };
    walk.after = question.after.as_ref().map(|(time, id)| (time.as_str(), id.as_str()));
    let size = question.left.map_or(question.size, |left| left.min(question.size));
    let mut skipped = 0;
    let mut found = Vec::new();
    tx.walk_referrals(&walk, &mut |referral| {
        if !question.filter.fits(&referral) {
            return true;
        }
        if skipped < question.skip {
            skipped += 1;
        } else {
            found.push(referral);
        }
        found.len() <= size
    })?;
    let left = question.left.map(|left| left.saturating_sub(size));
    let has_more = found.len() > size && left != Some(0);
    found.truncate(size);
    let shown = found.iter().map(|referral| select(&question, show(home, referral)));
    let mut body = json!({ "@odata.context": format!("{}/v1.0/$metadata#Referrals", home.base) });
    let Some(map) = body.as_object_mut() else { return Ok(Answer::json(200, body)) };
    if let Some(count) = count {
        map.insert("@odata.count".to_owned(), json!(count));
    }
    map.insert("value".to_owned(), shown.collect());
    if let (true, Some(last)) = (has_more, found.last()) {
        let token = to_token(&question, left, last);
        let next = format!("{}/v1.0/referrals?$skiptoken={token}", home.base);
        map.insert("@odata.nextLink".to_owned(), json!(next));
    }
    Ok(Answer::json(200, body))
}

fn count(tx: &Tx<'_>, filter: &Filter, walk: &ReferralWalk<'_>) -> Done<i64> {
    if filter.is_empty() {
        return Ok(tx.referral_count()?);
    }
    let mut count = 0;
    tx.walk_referrals(walk, &mut |referral| {
        count += i64::from(filter.fits(&referral));
        true
    })?;
    Ok(count)
}

fn select(question: &Question, mut shown: Value) -> Value {
    if let (Some(keys), Some(map)) = (&question.select, shown.as_object_mut()) {
        map.retain(|key, _| keys.contains(key));
    }
    shown
}

fn from_words(home: &PartnerHome, call: &Call) -> Done<Question> {
    let filter_text = call.parameter("$filter").unwrap_or_default().trim().to_owned();
    let (order, descending) = order(call.parameter("$orderby"))?;
    if call.parameter("$expand").is_some() {
        return Err(invalid("$expand", "invalidExpand", "There is nothing to expand."));
    }
    let number = |name: &str, code: &str| match call.parameter(name).map(str::parse::<usize>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(invalid(name, code, &format!("{name} must be a number."))),
    };
    let top = number("$top", "invalidTop")?;
    if top == Some(0) {
        return Err(invalid("$top", "invalidTop", "$top must be greater than zero."));
    }
    let is_total = !home.has(Switch::TopIsPage);
    Ok(Question {
        filter: Filter::parse(&filter_text, home.has(Switch::FilterByTime))?,
        filter_text,
        order,
        descending,
        size: if is_total { PAGE } else { top.unwrap_or(PAGE).min(LARGEST_PAGE) },
        left: top.filter(|_| is_total),
        skip: number("$skip", "invalidSkip")?.unwrap_or(0),
        select: call.parameter("$select").map(keys).transpose()?,
        counts: match call.parameter("$count") {
            None | Some("true") => true,
            Some("false") => false,
            Some(_) => {
                return Err(invalid("$count", "invalidCount", "$count must be true or false."));
            }
        },
        after: None,
    })
}

/// The words that a list takes.
const WORDS: [&str; 8] =
    ["$count", "$expand", "$filter", "$orderby", "$select", "$skip", "$skiptoken", "$top"];

/// Refuses words of `OData` that there are not, and those that are said twice.
fn known(call: &Call) -> Done<()> {
    let mut said: Vec<String> = Vec::new();
    for (name, _) in call.query.iter().filter(|(name, _)| name.starts_with('$')) {
        let name = name.to_lowercase();
        let message = if !WORDS.contains(&name.as_str()) {
            "This query option is not supported."
        } else if said.contains(&name) {
            "This query option is given more than once."
        } else {
            said.push(name);
            continue;
        };
        return Err(invalid(&name, "invalidQueryOption", message));
    }
    Ok(())
}

fn order(words: Option<&str>) -> Done<(ReferralOrder, bool)> {
    let wrong = |message| invalid("$orderby", "invalidOrderBy", message);
    let words = words.unwrap_or("createdDateTime desc").trim();
    let (column, direction) = words.split_once(' ').unwrap_or((words, "asc"));
    let order = match column {
        "createdDateTime" => ReferralOrder::Created,
        "updatedDateTime" => ReferralOrder::Updated,
        _ => return Err(wrong("Only createdDateTime and updatedDateTime can be ordered by.")),
    };
    match direction.trim() {
        "asc" | "" => Ok((order, false)),
        "desc" => Ok((order, true)),
        _ => Err(wrong("The direction is asc or desc.")),
    }
}

/// The keys of `$select`, each of which a referral must have.
fn keys(words: &str) -> Done<Vec<String>> {
    let whole = blank();
    let keys: Vec<String> = words.split(',').map(|key| key.trim().to_owned()).collect();
    match keys.iter().find(|key| whole.get(key.as_str()).is_none()) {
        None => Ok(keys),
        Some(key) => {
            let message = format!("A referral has no property {key}.");
            Err(invalid("$select", "invalidSelect", &message))
        }
    }
}

fn to_token(question: &Question, left: Option<usize>, last: &Value) -> String {
    let time = match question.order {
        ReferralOrder::Created => text(last, "/createdDateTime"),
        ReferralOrder::Updated => text(last, "/updatedDateTime"),
    };
    let token = json!({
        "filter": question.filter_text,
        "by_update": question.order == ReferralOrder::Updated,
        "descending": question.descending,
        "size": question.size,
        "left": left,
        "select": question.select.as_ref().map(|keys| keys.join(",")),
        "counts": question.counts,
        "time": time,
        "id": text(last, "/id"),
    });
    sign::base64_url(token.to_string().as_bytes())
}

fn from_token(home: &PartnerHome, token: &str) -> Done<Question> {
    let wrong = || invalid("$skiptoken", "invalidSkipToken", "The skip token is not valid.");
    let bytes = sign::from_base64_url(token).ok_or_else(wrong)?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let flag = |name: &str| token.get(name).and_then(Value::as_bool).unwrap_or(false);
    let number =
        |name: &str| token.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let filter_text = text(&token, "/filter").to_owned();
    let select = token.get("select").and_then(Value::as_str);
    Ok(Question {
        filter: Filter::parse(&filter_text, home.has(Switch::FilterByTime))?,
        filter_text,
        order: if flag("by_update") { ReferralOrder::Updated } else { ReferralOrder::Created },
        descending: flag("descending"),
        size: number("size").filter(|size| (1..=LARGEST_PAGE).contains(size)).ok_or_else(wrong)?,
        left: number("left"),
        skip: 0,
        select: select.map(keys).transpose()?,
        counts: flag("counts"),
        after: Some((text(&token, "/time").to_owned(), text(&token, "/id").to_owned())),
    })
}
