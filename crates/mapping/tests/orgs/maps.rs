//! A correct map for an org: a line for each of its fields that a map can write, and what every org
//! needs; each line is remembered with what it is about.

use super::org::{Dice, Org, Type};

/// What a line of the map is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Other,
    Side,
    Match,
    OptIn,
    Stage,
    StageHead,
    StageRow,
    Required,
    Text,
    LongText,
    Number,
    Percent,
    Flag,
    Day,
    Moment,
    Address,
    Link,
    Constant,
    Several,
    Open,
    Using,
    Head,
    Row,
    OneWay,
    Default,
    Template,
    Back,
    Badge,
    Audit,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) role: Role,
    /// The org's field that it is about.
    pub(crate) field: String,
    /// What it writes into it, when that is a word of a list.
    pub(crate) word: String,
}

/// A map, line by line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    pub(crate) lines: Vec<Line>,
}

impl Map {
    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + &line.text + "\n")
    }

    fn add(&mut self, role: Role, field: &str, text: impl Into<String>) {
        self.word(role, field, "", text);
    }

    fn word(&mut self, role: Role, field: &str, word: &str, text: impl Into<String>) {
        let (field, word) = (field.to_owned(), word.to_owned());
        self.lines.push(Line { text: text.into(), role, field, word });
    }

    fn others(&mut self, text: &str) {
        for line in text.lines() {
            self.add(Role::Other, "", line);
        }
    }
}

pub(crate) fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

const ROWS: [(&str, &str, &str, &str); 12] = [
    ("New, Received", "->", "Prospecting", ""),
    ("New, Pending", "->", "Prospecting", ""),
    ("Active, Accepted", "<-", "Prospecting", " when direction is Outgoing"),
    ("Active, Accepted", "<->", "Qualification", ""),
    ("Active, Accepted", "<-", "Needs / Analysis", ""),
    ("Active, Accepted", "<-", "Proposal & Quote", ""),
    ("Closed, Won", "<->", "Closed Won", ""),
    ("Closed, Declined", "<-", "Closed Lost", " when status is New"),
    ("Closed, Lost", "<->", "Closed Lost", ""),
    ("Closed, Declined", "->", "Closed Lost", ""),
    ("Closed, Expired", "->", "Closed Lost", ""),
    ("Closed, Lost", "<-", "100 % Gone", ""),
];

/// A correct map with about so many lines.
pub(crate) fn map(org: &Org, seed: u64, lines: usize) -> Map {
    let mut dice = Dice::new(seed);
    let mut map = Map::default();
    map.others("language 1\nmapping deal \"Deal\"\nside referral is partner_center Referral");
    map.add(Role::Side, "", "side opportunity is salesforce Opportunity");
    map.add(Role::Match, "Ref__c", "match referral.id with opportunity.Ref__c");
    map.others("sync\n  from referral when type is Shared");
    map.add(Role::OptIn, "Opt_In__c", "  from opportunity when Opt_In__c is true");
    map.others(
        "end\ndefaults\n  wins newest else opportunity\n  first contact wins opportunity\nend",
    );
    map.add(Role::StageHead, "StageName", "values stage");
    for (left, arrow, right, when) in &ROWS {
        let text = format!("  {left} {arrow} {}{when}", quoted(right));
        map.word(Role::StageRow, "StageName", right, text);
    }
    map.others("end");
    let mut body = Map::default();
    let mut place = dice.roll(24);
    while map.lines.len() + body.lines.len() + 40 < lines && place < org.fields.len() {
        field(org, place, &mut map, &mut body, &mut dice);
        place += 1 + dice.roll(3);
    }
    map.others("fields");
    map.add(
        Role::Required,
        "Name",
        "  name <-> Name as text cut at 120\n      to referral on create only"
            .lines()
            .next()
            .unwrap(),
    );
    map.others("      to referral on create only");
    map.add(Role::Stage, "StageName", "  status, substatus <-> StageName using stage");
    map.add(
        Role::Required,
        "CloseDate",
        "  details.closingDateTime <-> CloseDate as date in \"UTC\"",
    );
    map.add(Role::Default, "CloseDate", "      default createdDateTime plus 90 days");
    map.add(Role::Number, "Amount", "  details.dealValue <-> Amount as money with 2 decimals");
    map.others("  details.currency <- \"USD\" on create only\n  type <- \"Shared\" on create only\n  qualification <- \"SalesQualified\" on create only");
    map.add(
        Role::OneWay,
        "Seen__c",
        "  consent.consentToShareReferralWithMicrosoftSellers <-> Seen__c one way to true",
    );
    map.add(Role::Back, "NextStep", "  externalReferenceId <- NextStep");
    map.add(Role::Template, "Mark__c", "  customerProfile.address.city, customerProfile.address.country -> Mark__c as text \"{city} {country}\" cut at 80");
    map.lines.extend(body.lines);
    map.others("end");
    map.others(RELATED);
    map.others("report");
    map.add(Role::Badge, "Name", "  badge prefix of Name \"✔\" or \"✘\"");
    map.add(Role::Audit, "Audit__c", "  audit in Audit__c");
    map.others("end");
    map
}

const RELATED: &str = "related Account through AccountId
  match customerProfile.name with Name none create several ask
  customerProfile.name <-> Name as text cut at 255 on create only
  customerProfile.address.addressLine1 <-> BillingStreet on create only
  customerProfile.address.city <-> BillingCity as text cut at 40 on create only
  customerProfile.address.postalCode <-> BillingPostalCode as text cut at 20 on create only
  customerProfile.address.country <-> BillingCountry as country code on create only
end
each details.requirements.solutions with OpportunityContactRoles
  match id with Role
  name <- Role
  type <- \"Name\" on create only
end
each team with Owner on create only
  match email with Email
  firstName <- FirstName
  lastName <- LastName
end
require before sharing
  details.dealValue above 0 else \"Set an amount.\"
  customerProfile.name is present else \"Link an account.\"
  customerProfile.address.addressLine1 is present else \"Fill in the street.\"
  customerProfile.address.city is present else \"Fill in the city.\"
  customerProfile.address.country is present else \"Fill in the country.\"
end";

/// A line for the field at `place`, with its table.
fn field(org: &Org, place: usize, map: &mut Map, body: &mut Map, dice: &mut Dice) {
    let field = &org.fields[place];
    let name = field.name.as_str();
    if ["Ref__c", "Mark__c", "Audit__c", "Opt_In__c", "Seen__c"].contains(&name) {
        return;
    }
    let text = *dice.pick(&["name", "customerProfile.name", "organizationName", "campaignId"]);
    let words: Vec<&str> = field.list().map_or_else(Vec::new, |list| {
        list.values.iter().filter(|(_, active)| *active).map(|(word, _)| word.as_str()).collect()
    });
    match &field.kind {
        Type::Text(length) | Type::Encrypted(length) => {
            body.add(Role::Text, name, format!("  {text} -> {name} as text cut at {length}"));
        }
        Type::TextArea => {
            body.add(Role::Text, name, format!("  {text} -> {name} as text cut at 255"));
        }
        Type::LongText(length) | Type::Html(length) => {
            body.add(
                Role::LongText,
                name,
                format!("  details.notes -> {name} as text cut at {length}"),
            );
        }
        Type::Number(..) => {
            body.add(Role::Number, name, format!("  details.dealValue -> {name} as number"));
        }
        Type::Currency(..) => {
            body.add(
                Role::Number,
                name,
                format!("  details.dealValue -> {name} as money with 2 decimals"),
            );
        }
        Type::Percent(..) => {
            body.add(Role::Percent, name, format!("  50 -> {name} on create only"));
        }
        Type::Checkbox => {
            body.add(Role::Flag, name, format!("  consent.consentToContact -> {name}"));
        }
        Type::Date => body.add(
            Role::Day,
            name,
            format!("  details.closingDateTime -> {name} as date in \"Europe/Berlin\""),
        ),
        Type::DateTime => {
            body.add(Role::Moment, name, format!("  createdDateTime -> {name} as datetime"));
        }
        Type::Email => body.add(
            Role::Address,
            name,
            format!("  customerProfile.team[first].email -> {name} as email"),
        ),
        Type::Phone => body.add(
            Role::Address,
            name,
            format!("  customerProfile.team[first].phoneNumber -> {name} as phone"),
        ),
        Type::Url => body.add(
            Role::Link,
            name,
            format!("  id -> {name} as link \"https://crm.example/{{id}}\""),
        ),
        Type::Picklist(list) if !list.restricted => {
            body.word(
                Role::Open,
                name,
                words[0],
                format!("  \"Something else\" -> {name} on create only"),
            );
        }
        Type::Picklist(_) if place.is_multiple_of(2) => table(name, &words, map, body),
        Type::Picklist(_) => {
            let word = *dice.pick(&words);
            body.word(
                Role::Constant,
                name,
                word,
                format!("  {} -> {name} on create only", quoted(word)),
            );
        }
        Type::Multi(_) => {
            let all = format!("{};{}", words[0], words[1]);
            body.word(
                Role::Several,
                name,
                words[0],
                format!("  {} -> {name} on create only", quoted(&all)),
            );
        }
        Type::Time
        | Type::Lookup(_)
        | Type::AutoNumber
        | Type::Formula(_)
        | Type::RollUp
        | Type::Location => {}
    }
}

fn table(name: &str, words: &[&str], map: &mut Map, body: &mut Map) {
    let table = name.replace("__", "_").to_lowercase();
    map.add(Role::Head, name, format!("values {table}"));
    for (left, word) in ["Incoming", "Outgoing"].iter().zip(words) {
        map.word(Role::Row, name, word, format!("  {left} -> {}", quoted(word)));
    }
    map.others("end");
    body.add(Role::Using, name, format!("  direction -> {name} using {table}"));
}
