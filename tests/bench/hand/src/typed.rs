//! By hand with types: serde reads what is needed into borrowed texts, and writes a struct.
//!
//! In: a record. Out: a record. Must not know: other engines. The amount stays the text that it
//! was, so it is exact. This is the program that the others are compared with.

use std::borrow::Cow;
use std::fmt;

use bench_worker::Engine;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::tables::{self, DATE, LINK, NAME, cut};

/// A text that is borrowed unless it has escapes. (`Option<Cow<str>>` would always be copied.)
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            #[inline]
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            #[inline]
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

type Maybe<'a> = Option<Text<'a>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referral<'a> {
    #[serde(borrow)]
    id: Maybe<'a>,
    #[serde(borrow)]
    engagement_id: Maybe<'a>,
    #[serde(borrow)]
    name: Maybe<'a>,
    #[serde(borrow)]
    status: Maybe<'a>,
    #[serde(borrow)]
    substatus: Maybe<'a>,
    #[serde(borrow)]
    e_tag: Maybe<'a>,
    #[serde(borrow)]
    customer_profile: Option<Customer<'a>>,
    #[serde(borrow)]
    details: Option<Details<'a>>,
    #[serde(borrow)]
    invitation_context: Option<Invitation<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Customer<'a> {
    #[serde(borrow)]
    name: Maybe<'a>,
    #[serde(borrow)]
    address: Option<Address<'a>>,
    #[serde(borrow)]
    team: Option<Reachable<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow)]
    address_line1: Maybe<'a>,
    #[serde(borrow)]
    city: Maybe<'a>,
    #[serde(borrow)]
    state: Maybe<'a>,
    #[serde(borrow)]
    postal_code: Maybe<'a>,
    #[serde(borrow)]
    country: Maybe<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Person<'a> {
    #[serde(borrow)]
    first_name: Maybe<'a>,
    #[serde(borrow)]
    last_name: Maybe<'a>,
    #[serde(borrow)]
    email: Maybe<'a>,
    #[serde(borrow)]
    phone_number: Maybe<'a>,
}

/// The first member of a team who has an e-mail address; the others are passed over.
struct Reachable<'a>(Option<Person<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Reachable<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Team;
        impl<'de> Visitor<'de> for Team {
            type Value = Reachable<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a team")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut team: A) -> Result<Self::Value, A::Error> {
                while let Some(person) = team.next_element::<Person<'de>>()? {
                    if person.email.as_ref().is_some_and(|email| !email.0.is_empty()) {
                        while team.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Reachable(Some(person)));
                    }
                }
                Ok(Reachable(None))
            }
        }
        deserializer.deserialize_seq(Team)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details<'a> {
    #[serde(borrow)]
    deal_value: Option<&'a RawValue>,
    #[serde(borrow)]
    currency: Maybe<'a>,
    #[serde(borrow)]
    closing_date_time: Maybe<'a>,
    #[serde(borrow)]
    notes: Maybe<'a>,
    #[serde(borrow)]
    requirements: Option<Requirements<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Requirements<'a> {
    #[serde(borrow)]
    solutions: Option<Vec<Solution<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Solution<'a> {
    #[serde(borrow)]
    id: Maybe<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Invitation<'a> {
    #[serde(borrow)]
    assistance_request_code: Maybe<'a>,
}

/// What comes out; a field that is not there is left out.
#[derive(Serialize)]
struct Opportunity<'a> {
    #[serde(rename = "Name", skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(rename = "StageName")]
    stage: &'static str,
    #[serde(rename = "Amount", skip_serializing_if = "Option::is_none")]
    amount: Option<&'a RawValue>,
    #[serde(rename = "CurrencyIsoCode", skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(rename = "CloseDate", skip_serializing_if = "Option::is_none")]
    close_date: Option<&'a str>,
    #[serde(rename = "Description")]
    description: &'a str,
    #[serde(rename = "AccountName", skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(rename = "BillingStreet", skip_serializing_if = "Option::is_none")]
    street: Option<&'a str>,
    #[serde(rename = "BillingCity", skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(rename = "BillingState", skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(rename = "BillingPostalCode", skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    #[serde(rename = "BillingCountry", skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(rename = "ContactFirstName", skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(rename = "ContactLastName", skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(rename = "ContactEmail", skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(rename = "ContactPhone", skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(rename = "Microsoft_Referral_Id__c", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "Referral_Link__c", skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(rename = "Solution_Ids__c", skip_serializing_if = "Option::is_none")]
    solutions: Option<&'a str>,
    #[serde(rename = "How_Can_Microsoft_Help__c", skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
    #[serde(rename = "Sync_With_Partner_Center__c")]
    sync: bool,
    #[serde(rename = "Probability")]
    probability: u8,
    #[serde(rename = "ExternalVersion__c", skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// The engine: memory for the texts that are put together, used again for each record.
#[derive(Default)]
pub(crate) struct Typed {
    link: String,
    solutions: String,
    country: String,
}

#[inline]
fn text<'r>(maybe: &'r Maybe<'_>) -> Option<&'r str> {
    maybe.as_ref().map(|text| &*text.0)
}

fn lower(email: &str) -> Cow<'_, str> {
    if email.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase()) {
        Cow::Owned(email.to_lowercase())
    } else {
        Cow::Borrowed(email)
    }
}

impl Typed {
    /// Puts together the texts that stand in no place of the record.
    fn gather(
        &mut self,
        referral: &Referral<'_>,
        address: &Address<'_>,
        wanted: &Requirements<'_>,
    ) {
        self.link.clear();
        if let (Some(id), Some(engagement)) = (text(&referral.id), text(&referral.engagement_id)) {
            self.link.push_str(LINK);
            self.link.push_str(engagement);
            self.link.push('/');
            self.link.push_str(id);
        }
        self.solutions.clear();
        for id in wanted.solutions.iter().flatten().filter_map(|solution| text(&solution.id)) {
            if !self.solutions.is_empty() {
                self.solutions.push(';');
            }
            self.solutions.push_str(id);
        }
        self.country.clear();
        if let Some(code) = text(&address.country) {
            if code.is_ascii() {
                self.country.push_str(code);
                self.country.make_ascii_uppercase();
            } else {
                self.country.push_str(&code.to_uppercase());
            }
        }
    }

    fn write(&mut self, referral: &Referral<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let (no_customer, no_address) = (Customer::default(), Address::default());
        let (no_details, no_wishes) = (Details::default(), Requirements::default());
        let customer = referral.customer_profile.as_ref().unwrap_or(&no_customer);
        let address = customer.address.as_ref().unwrap_or(&no_address);
        let details = referral.details.as_ref().unwrap_or(&no_details);
        let wanted = details.requirements.as_ref().unwrap_or(&no_wishes);
        let invitation = referral.invitation_context.as_ref();
        let person = customer.team.as_ref().and_then(|team| team.0.as_ref());
        self.gather(referral, address, wanted);
        let (stage, probability) = tables::stage(
            text(&referral.status).unwrap_or_default(),
            text(&referral.substatus).unwrap_or_default(),
        );
        let country = &*self.country;
        let opportunity = Opportunity {
            name: text(&referral.name).map(|name| cut(name, NAME)),
            stage,
            amount: details.deal_value,
            currency: text(&details.currency),
            close_date: text(&details.closing_date_time).map(|time| cut(time, DATE)),
            description: text(&details.notes).unwrap_or_default(),
            account: text(&customer.name),
            street: text(&address.address_line1),
            city: text(&address.city),
            state: text(&address.state),
            postal_code: text(&address.postal_code),
            country: address.country.as_ref().map(|_| tables::country(country).unwrap_or(country)),
            first_name: person.and_then(|person| text(&person.first_name)),
            last_name: person.and_then(|person| text(&person.last_name)),
            email: person.and_then(|person| text(&person.email)).map(lower),
            phone: person.and_then(|person| text(&person.phone_number)),
            id: text(&referral.id),
            link: Some(&*self.link).filter(|link| !link.is_empty()),
            solutions: Some(&*self.solutions).filter(|ids| !ids.is_empty()),
            help: invitation
                .and_then(|invitation| text(&invitation.assistance_request_code))
                .and_then(tables::help),
            sync: true,
            probability,
            version: text(&referral.e_tag),
        };
        serde_json::to_writer(out, &opportunity)
    }
}

/// A raw value could be anything; an amount is a number.
fn check_amount(amount: Option<&RawValue>) -> serde_json::Result<()> {
    let number = |raw: &&RawValue| raw.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match amount.filter(|raw| !number(raw)) {
        Some(_) => Err(Error::custom("dealValue is not a number")),
        None => Ok(()),
    }
}

impl Engine for Typed {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let mut work = || -> serde_json::Result<()> {
            let referral: Referral<'_> = serde_json::from_slice(record)?;
            check_amount(referral.details.as_ref().and_then(|details| details.deal_value))?;
            self.write(&referral, out)
        };
        work().map_err(|error| error.to_string())
    }
}
