//! Deals and companies made up. In come a seed and a number; out go records of both systems as JSON. It must not
//! know how records are kept.

use serde_json::{Value, json};

use super::words::{
    FAMILY, FIRST, GIVEN, NOTES, OPEN, PLACES, SIZES, SOLUTIONS, STREETS, TITLES, TRADE,
};
use crate::{clock, fault::mix};

/// A stream of chance.
#[derive(Debug, Clone, Copy)]
struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    /// The chance of the n-th thing of a kind.
    fn new(seed: u64, kind: u64, number: u32) -> Self {
        Self { seed: mix(mix(seed, kind), u64::from(number)), drawn: 0 }
    }

    /// A number below `bound`, which is not zero.
    fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        mix(self.seed, self.drawn) % bound
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn one<T: Copy, const N: usize>(&mut self, of: &[T; N]) -> Option<T> {
        let place = self.below(u64::try_from(N).unwrap_or(1));
        usize::try_from(place).ok().and_then(|place| of.get(place)).copied()
    }

    fn word<const N: usize>(&mut self, of: &[&'static str; N]) -> &'static str {
        self.one(of).unwrap_or_default()
    }

    fn guid(&mut self) -> String {
        let (high, low) = (self.below(u64::MAX), self.below(u64::MAX));
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            0x8000 | (low >> 48 & 0x3FFF),
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

/// A moment, and days before and after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(i64);

/// Ticks of a day.
const DAY: i64 = 24 * 3600 * 10_000_000;

impl Moment {
    pub(super) fn new(ticks: i64) -> Self {
        Self(ticks)
    }

    fn days(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }

    fn text(self) -> String {
        clock::partner_center(self.0)
    }

    /// The day alone.
    fn day(self) -> String {
        self.text().get(..10).unwrap_or_default().to_owned()
    }
}

/// A customer.
#[derive(Debug)]
pub(super) struct Company {
    name: String,
    industry: &'static str,
    place: [&'static str; 6],
    street: String,
    person: [&'static str; 3],
    phone: String,
    size: &'static str,
    employees: u64,
}

/// The n-th customer of a seed.
pub(super) fn company(seed: u64, number: u32) -> Company {
    let mut chance = Chance::new(seed, 1, number);
    let (trade, industry) = chance.one(&TRADE).unwrap_or_default();
    let place = chance.one(&PLACES).unwrap_or_default();
    let first = chance.word(&FIRST);
    // A few companies are named alike, as in every organisation.
    let second =
        if chance.percent(60) { format!(" {}", chance.word(&FIRST)) } else { String::new() };
    Company {
        name: format!("{first}{second} {trade} {}", place[4]),
        industry,
        place,
        street: format!("{} {}", chance.word(&STREETS), chance.below(120) + 1),
        person: [chance.word(&GIVEN), chance.word(&FAMILY), chance.word(&TITLES)],
        phone: format!("+1 202 555 {:04}", 100 + chance.below(100)),
        size: chance.word(&SIZES),
        employees: chance.below(5000) + 1,
    }
}

impl Company {
    fn mail(&self) -> String {
        let plain = |text: &str| {
            let kept = text.chars().filter(char::is_ascii_alphanumeric);
            kept.collect::<String>().to_lowercase()
        };
        let [given, family, _] = self.person;
        format!("{}.{}@{}.example", plain(given), plain(family), plain(&self.name))
    }

    /// As a Salesforce account.
    pub(super) fn account(&self) -> Value {
        let [city, state, code, country, _, currency] = self.place;
        json!({
            "Name": self.name,
            "BillingStreet": self.street,
            "BillingCity": city,
            "BillingState": state,
            "BillingPostalCode": code,
            "BillingCountry": country,
            "Phone": self.phone,
            "Industry": self.industry,
            "NumberOfEmployees": self.employees,
            "CurrencyIsoCode": currency,
        })
    }

    /// Its contact.
    pub(super) fn contact(&self, account: &str) -> Value {
        let [given, family, title] = self.person;
        json!({
            "AccountId": account,
            "FirstName": given,
            "LastName": family,
            "Title": title,
            "Phone": self.phone,
            "Email": self.mail(),
        })
    }

    /// As Partner Center's customer.
    fn profile(&self) -> Value {
        let [city, state, code, country, _, _] = self.place;
        let [given, family, title] = self.person;
        json!({
            "name": self.name,
            "size": self.size,
            "address": {
                "addressLine1": self.street,
                "city": city,
                "state": state,
                "postalCode": code,
                "country": country,
            },
            "team": [{
                "firstName": given,
                "lastName": family,
                "phoneNumber": self.phone,
                "email": self.mail(),
                "title": title,
            }],
            "ids": [],
        })
    }
}

/// A deal of both systems.
#[derive(Debug)]
pub(super) struct Deal {
    id: String,
    engagement: String,
    other_id: String,
    company: Company,
    pub(super) company_number: u32,
    name: String,
    notes: &'static str,
    solution: (&'static str, &'static str),
    value: u64,
    status: (&'static str, &'static str),
    incoming: bool,
    /// Whether Microsoft has a half too.
    shared: bool,
    /// Whether it is in Salesforce too.
    pub(super) is_linked: bool,
    stage: &'static str,
    /// Days since it was made, and until it is to close.
    age: i64,
    closing: i64,
}

/// How many of a hundred referrals are in which state.
const STATES: [(u64, (&str, &str)); 6] = [
    (12, ("New", "Received")),
    (48, ("Active", "Accepted")),
    (14, ("Closed", "Won")),
    (12, ("Closed", "Lost")),
    (8, ("Closed", "Declined")),
    (6, ("Closed", "Expired")),
];

impl Deal {
    /// The n-th deal of a seed, with one of so many companies.
    pub(super) fn new(seed: u64, number: u32, companies: u32) -> Self {
        let mut chance = Chance::new(seed, 2, number);
        let company_number = u32::try_from(chance.below(u64::from(companies))).unwrap_or_default();
        let company = company(seed, company_number);
        let solution = chance.one(&SOLUTIONS).unwrap_or_default();
        let incoming = chance.percent(60);
        let status = state(&mut chance, incoming);
        let stage = match status.1 {
            "Won" => "Closed Won",
            "Lost" | "Declined" | "Expired" => "Closed Lost",
            _ => chance.word(&OPEN),
        };
        let is_worked_on = matches!(status.1, "Accepted" | "Won" | "Lost");
        Self {
            id: chance.guid(),
            engagement: chance.guid(),
            other_id: chance.guid(),
            name: format!("{} - {}", company.name, solution.0),
            notes: chance.word(&NOTES),
            value: (chance.below(400) + 4) * 500,
            is_linked: is_worked_on && chance.percent(80),
            shared: !incoming && chance.percent(50),
            age: i64::try_from(chance.below(540)).unwrap_or_default() + 1,
            closing: i64::try_from(chance.below(240)).unwrap_or_default() + 10,
            company,
            company_number,
            solution,
            status,
            incoming,
            stage,
        }
    }

    fn is_closed(&self) -> bool {
        self.status.0 == "Closed"
    }

    /// The day on which it is to close, or closed.
    fn end(&self, now: Moment) -> Moment {
        if self.is_closed() { now.days(-self.age / 2) } else { now.days(self.closing) }
    }

    /// As an opportunity that is linked to its referral.
    pub(super) fn opportunity(&self, now: Moment, account: &str) -> Value {
        let mut row = self.plain_opportunity(now, account);
        if let Some(map) = row.as_object_mut() {
            for (name, value) in [
                ("Referral_Identifier__c", json!(self.id)),
                ("Sync_with_Partner_Center__c", json!(true)),
                ("Visible_to_Microsoft__c", json!(self.incoming || self.shared)),
                ("Customer_Consent__c", json!(true)),
            ] {
                map.insert(name.to_owned(), value);
            }
        }
        row
    }

    /// As an opportunity of its own.
    pub(super) fn plain_opportunity(&self, now: Moment, account: &str) -> Value {
        json!({
            "Name": self.name.chars().take(120).collect::<String>(),
            "AccountId": account,
            "StageName": self.stage,
            "CloseDate": self.end(now).day(),
            "Amount": self.value,
            "CurrencyIsoCode": self.company.place[5],
            "Description": self.notes,
        })
    }

    /// The solution of its opportunity.
    pub(super) fn solution(&self, opportunity: &str) -> Value {
        let (name, id) = self.solution;
        json!({ "Opportunity__c": opportunity, "Name": name, "Solution_Identifier__c": id })
    }

    /// The partner's half.
    pub(super) fn referral(&self, now: Moment, opportunity: Option<&str>) -> Value {
        let is_seen = self.incoming || self.shared;
        let (name, id) = self.solution;
        let by = if self.incoming {
            json!({ "organizationId": "msft", "organizationName": "Microsoft" })
        } else {
            json!({ "organizationId": null, "organizationName": null })
        };
        json!({
            "id": self.id,
            "engagementId": self.engagement,
            "name": self.name,
            "externalReferenceId": opportunity,
            "status": self.status.0,
            "substatus": self.status.1,
            "type": if is_seen { "Shared" } else { "Independent" },
            "direction": if self.incoming { "Incoming" } else { "Outgoing" },
            "customerProfile": self.company.profile(),
            "consent": {
                "consentToToShareInfoWithOthers": is_seen,
                "consentToContact": is_seen,
                "consentToShareReferralWithMicrosoftSellers": is_seen,
            },
            "details": {
                "notes": self.notes,
                "dealValue": self.value,
                "currency": self.company.place[5],
                "closingDateTime": format!("{}T00:00:00Z", self.end(now).day()),
                "requirements": { "solutions": [{ "id": id, "type": "Name", "name": name }] },
            },
            "inviteContext": { "invitedBy": by },
        })
    }

    /// Microsoft's half, if it has one.
    pub(super) fn half_of_microsoft(&self, now: Moment) -> Option<Value> {
        if !self.shared || self.status.0 == "New" {
            return None;
        }
        let mut half = self.referral(now, None);
        let map = half.as_object_mut()?;
        for (name, value) in [
            ("id", json!(self.other_id)),
            ("organizationId", json!("msft")),
            ("organizationName", json!("Microsoft")),
            ("mpnId", Value::Null),
            ("direction", json!("Incoming")),
        ] {
            map.insert(name.to_owned(), value);
        }
        Some(half)
    }

    /// Sets the times of a deal that somebody answered long ago; answers whether it is one.
    pub(super) fn ages(&self, referral: &mut Value, now: Moment) -> bool {
        if self.status.0 == "New" {
            return false;
        }
        let made = now.days(-self.age);
        let closed = self.is_closed().then(|| self.end(now).text());
        let updated = closed.clone().unwrap_or_else(|| now.days(-self.age / 3).text());
        let accepted = !matches!(self.status.1, "Declined" | "Expired");
        let Some(map) = referral.as_object_mut() else { return false };
        for (name, value) in [
            ("createdDateTime", json!(made.text())),
            ("updatedDateTime", json!(updated)),
            ("acceptedDateTime", json!(accepted.then(|| now.days(-self.age * 2 / 3).text()))),
            ("closedDateTime", json!(closed)),
        ] {
            map.insert(name.to_owned(), value);
        }
        true
    }
}

/// A state; the partner's own deals are never new, and nobody declines them or lets them expire.
fn state(chance: &mut Chance, incoming: bool) -> (&'static str, &'static str) {
    let mut left = chance.below(100);
    for (share, state) in STATES {
        if left < share {
            let fits = incoming || matches!(state.1, "Accepted" | "Won" | "Lost");
            return if fits { state } else { ("Active", "Accepted") };
        }
        left -= share;
    }
    ("Active", "Accepted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_deals_and_another_one_others() {
        let now = Moment::new(17_724_428_675_510_934);
        let all = |seed| -> Vec<Value> {
            (0..300).map(|n| Deal::new(seed, n, 50).referral(now, None)).collect()
        };
        let deals = all(1);
        assert_eq!(deals, all(1));
        assert_ne!(deals, all(2));
        for (status, least) in [("New", 10), ("Active", 100), ("Closed", 60)] {
            let count = deals.iter().filter(|deal| deal["status"] == status).count();
            assert!(count >= least, "{count} are {status}");
        }
        let mut ids: Vec<&str> = deals.iter().filter_map(|deal| deal["id"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 300);
    }
}
