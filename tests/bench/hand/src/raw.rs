//! By hand over bytes: one strict pass, no tree, texts copied with their escapes.
//!
//! In: a record. Out: a record. Must not know: other engines. It is what a compiler could make of
//! the mapping at best; only texts that a rule looks into are unescaped, and only if they have
//! escapes.

use std::borrow::Cow;

use bench_worker::Engine;

use crate::scan::{Fine, Invalid, Piece, Scan};
use crate::tables::{self, DATE, LINK, NAME, cut};

/// A member that is read: not seen yet, null, or a text.
#[derive(Debug, Clone, Copy, Default)]
enum Slot<'t> {
    #[default]
    Unseen,
    Null,
    Text(Piece<'t>),
}

impl<'t> Slot<'t> {
    #[inline]
    fn fill(&mut self, scan: &mut Scan<'t>) -> Fine<()> {
        let Slot::Unseen = self else { return Err(Invalid) };
        *self = if scan.null()? { Slot::Null } else { Slot::Text(scan.string()?) };
        Ok(())
    }

    #[inline]
    fn piece(self) -> Option<Piece<'t>> {
        if let Slot::Text(piece) = self { Some(piece) } else { None }
    }

    /// What it means; empty if it is not there.
    fn word(self) -> Cow<'t, str> {
        self.piece().map(Piece::meaning).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Person<'t> {
    first_name: Slot<'t>,
    last_name: Slot<'t>,
    email: Slot<'t>,
    phone: Slot<'t>,
}

/// What is read of a referral.
#[derive(Debug, Default)]
struct Referral<'t> {
    id: Slot<'t>,
    engagement: Slot<'t>,
    name: Slot<'t>,
    status: Slot<'t>,
    substatus: Slot<'t>,
    version: Slot<'t>,
    account: Slot<'t>,
    street: Slot<'t>,
    city: Slot<'t>,
    state: Slot<'t>,
    postal_code: Slot<'t>,
    country: Slot<'t>,
    person: Option<Person<'t>>,
    amount: Option<&'t str>,
    currency: Slot<'t>,
    closing: Slot<'t>,
    notes: Slot<'t>,
    help: Slot<'t>,
    /// Objects and lists that came by already: each may come once.
    seen: u8,
}

const CUSTOMER: u8 = 1;
const DETAILS: u8 = 2;
const INVITATION: u8 = 4;
const ADDRESS: u8 = 8;
const TEAM: u8 = 16;
const REQUIREMENTS: u8 = 32;
const SOLUTIONS: u8 = 64;
const AMOUNT: u8 = 128;

impl<'t> Referral<'t> {
    /// Whether a value that may come once is there, and not null.
    #[inline]
    fn enters(&mut self, part: u8, scan: &mut Scan<'t>) -> Fine<bool> {
        if self.seen & part != 0 {
            return Err(Invalid);
        }
        self.seen |= part;
        scan.null().map(|null| !null)
    }

    fn read(&mut self, scan: &mut Scan<'t>, solutions: &mut Vec<u8>) -> Fine<()> {
        scan.object(|scan, name| match name {
            "id" => self.id.fill(scan),
            "engagementId" => self.engagement.fill(scan),
            "name" => self.name.fill(scan),
            "status" => self.status.fill(scan),
            "substatus" => self.substatus.fill(scan),
            "eTag" => self.version.fill(scan),
            "customerProfile" if self.enters(CUSTOMER, scan)? => self.customer(scan),
            "details" if self.enters(DETAILS, scan)? => self.details(scan, solutions),
            "invitationContext" if self.enters(INVITATION, scan)? => {
                scan.object(|scan, name| match name {
                    "assistanceRequestCode" => self.help.fill(scan),
                    _ => scan.skip(),
                })
            }
            "customerProfile" | "details" | "invitationContext" => Ok(()),
            _ => scan.skip(),
        })?;
        scan.end()
    }

    fn customer(&mut self, scan: &mut Scan<'t>) -> Fine<()> {
        scan.object(|scan, name| match name {
            "name" => self.account.fill(scan),
            "address" if self.enters(ADDRESS, scan)? => scan.object(|scan, name| match name {
                "addressLine1" => self.street.fill(scan),
                "city" => self.city.fill(scan),
                "state" => self.state.fill(scan),
                "postalCode" => self.postal_code.fill(scan),
                "country" => self.country.fill(scan),
                _ => scan.skip(),
            }),
            "team" if self.enters(TEAM, scan)? => scan.list(|scan| {
                if self.person.is_some() {
                    return scan.skip();
                }
                let mut person = Person::default();
                scan.object(|scan, name| match name {
                    "firstName" => person.first_name.fill(scan),
                    "lastName" => person.last_name.fill(scan),
                    "email" => person.email.fill(scan),
                    "phoneNumber" => person.phone.fill(scan),
                    _ => scan.skip(),
                })?;
                let reachable = person.email.piece().is_some_and(|email| !email.raw.is_empty());
                self.person = reachable.then_some(person);
                Ok(())
            }),
            "address" | "team" => Ok(()),
            _ => scan.skip(),
        })
    }

    fn details(&mut self, scan: &mut Scan<'t>, solutions: &mut Vec<u8>) -> Fine<()> {
        scan.object(|scan, name| match name {
            "dealValue" if self.enters(AMOUNT, scan)? => {
                self.amount = Some(scan.number()?);
                Ok(())
            }
            "currency" => self.currency.fill(scan),
            "closingDateTime" => self.closing.fill(scan),
            "notes" => self.notes.fill(scan),
            "requirements" if self.enters(REQUIREMENTS, scan)? => {
                scan.object(|scan, name| match name {
                    "solutions" if self.enters(SOLUTIONS, scan)? => {
                        scan.list(|scan| solution(scan, solutions))
                    }
                    "solutions" => Ok(()),
                    _ => scan.skip(),
                })
            }
            "dealValue" | "requirements" => Ok(()),
            _ => scan.skip(),
        })
    }
}

/// Adds the id of a solution to those that are joined.
fn solution<'t>(scan: &mut Scan<'t>, joined: &mut Vec<u8>) -> Fine<()> {
    let mut id = Slot::<'t>::default();
    scan.object(|scan, name| if name == "id" { id.fill(scan) } else { scan.skip() })?;
    if let Some(id) = id.piece() {
        if !joined.is_empty() {
            joined.push(b';');
        }
        joined.extend_from_slice(id.raw.as_bytes());
    }
    Ok(())
}

/// Appends parts.
#[inline]
fn add(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A text under its name, copied; `head` is the name with what stands around it.
#[inline]
fn copy(out: &mut Vec<u8>, head: &str, slot: Slot<'_>) {
    if let Some(piece) = slot.piece() {
        add(out, &[head, piece.raw, "\""]);
    }
}

/// The first characters of a text.
fn first(out: &mut Vec<u8>, head: &str, slot: Slot<'_>, most: usize) {
    match slot.piece() {
        Some(piece) if piece.plain || piece.raw.len() <= most => {
            add(out, &[head, cut(piece.raw, most), "\""]);
        }
        Some(piece) => escaped(out, head, cut(&piece.meaning(), most)),
        None => {}
    }
}

/// A text that needs escapes.
fn escaped(out: &mut Vec<u8>, head: &str, text: &str) {
    add(out, &[&head[..head.len() - 1], &serde_json::Value::from(text).to_string()]);
}

fn country(out: &mut Vec<u8>, slot: Slot<'_>) {
    const HEAD: &str = r#","BillingCountry":""#;
    let Some(piece) = slot.piece() else { return };
    let mut upper = [0; 2];
    if piece.plain && piece.raw.len() == 2 && piece.raw.is_ascii() {
        upper.copy_from_slice(piece.raw.as_bytes());
        upper.make_ascii_uppercase();
        let code = std::str::from_utf8(&upper).unwrap_or_default();
        add(out, &[HEAD, tables::country(code).unwrap_or(code), "\""]);
    } else {
        let code = piece.meaning().to_uppercase();
        escaped(out, HEAD, tables::country(&code).unwrap_or(&code));
    }
}

fn email(out: &mut Vec<u8>, slot: Slot<'_>) {
    const HEAD: &str = r#","ContactEmail":""#;
    let Some(piece) = slot.piece() else { return };
    if piece.plain && piece.raw.is_ascii() {
        add(out, &[HEAD]);
        let start = out.len();
        add(out, &[piece.raw, "\""]);
        out[start..].make_ascii_lowercase();
    } else {
        escaped(out, HEAD, &piece.meaning().to_lowercase());
    }
}

/// The engine, with memory for the ids that are joined.
#[derive(Default)]
pub(crate) struct Raw {
    solutions: Vec<u8>,
}

impl Raw {
    fn write(&self, referral: &Referral<'_>, out: &mut Vec<u8>) {
        let (stage, probability) =
            tables::stage(&referral.status.word(), &referral.substatus.word());
        add(out, &[r#"{"StageName":""#, stage, "\""]);
        first(out, r#","Name":""#, referral.name, NAME);
        if let Some(amount) = referral.amount {
            add(out, &[r#","Amount":"#, amount]);
        }
        copy(out, r#","CurrencyIsoCode":""#, referral.currency);
        first(out, r#","CloseDate":""#, referral.closing, DATE);
        let notes = referral.notes.piece().map_or("", |piece| piece.raw);
        add(out, &[r#","Description":""#, notes, "\""]);
        copy(out, r#","AccountName":""#, referral.account);
        copy(out, r#","BillingStreet":""#, referral.street);
        copy(out, r#","BillingCity":""#, referral.city);
        copy(out, r#","BillingState":""#, referral.state);
        copy(out, r#","BillingPostalCode":""#, referral.postal_code);
        country(out, referral.country);
        if let Some(person) = referral.person {
            copy(out, r#","ContactFirstName":""#, person.first_name);
            copy(out, r#","ContactLastName":""#, person.last_name);
            email(out, person.email);
            copy(out, r#","ContactPhone":""#, person.phone);
        }
        copy(out, r#","Microsoft_Referral_Id__c":""#, referral.id);
        if let (Some(engagement), Some(id)) = (referral.engagement.piece(), referral.id.piece()) {
            add(out, &[r#","Referral_Link__c":""#, LINK, engagement.raw, "/", id.raw, "\""]);
        }
        if !self.solutions.is_empty() {
            add(out, &[r#","Solution_Ids__c":""#]);
            out.extend_from_slice(&self.solutions);
            add(out, &["\""]);
        }
        if let Some(help) = tables::help(&referral.help.word()) {
            add(out, &[r#","How_Can_Microsoft_Help__c":""#, help, "\""]);
        }
        let digits = [probability / 100, probability / 10 % 10, probability % 10].map(|d| d + b'0');
        let zeros = digits.iter().take(2).take_while(|digit| **digit == b'0').count();
        add(out, &[r#","Sync_With_Partner_Center__c":true,"Probability":"#]);
        out.extend_from_slice(&digits[zeros..]);
        copy(out, r#","ExternalVersion__c":""#, referral.version);
        add(out, &["}"]);
    }
}

impl Engine for Raw {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let text = std::str::from_utf8(record).map_err(|error| error.to_string())?;
        self.solutions.clear();
        let mut referral = Referral::default();
        let mut scan = Scan::new(text);
        let read = referral.read(&mut scan, &mut self.solutions);
        read.map_err(|Invalid| "not a referral".to_owned())?;
        self.write(&referral, out);
        Ok(())
    }
}
