//! Referrals that look like those of Partner Center: about 3.6 KB, other alphabets, nulls, missing
//! members, amounts with cents.
//!
//! In: a seed. Out: one JSON text after the other. Must not know: who reads them.

use std::fmt::Write as _;

use crate::dice::Dice;
use crate::json::Json;
use crate::words;

/// Makes one referral after the other.
#[derive(Debug)]
pub(crate) struct Generator {
    dice: Dice,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator { dice: Dice::new(seed) }
    }

    /// The next one, on one line.
    pub(crate) fn referral(&mut self) -> String {
        let mut json = Json::default();
        let (id, engagement) = (self.guid(), self.guid());
        let company =
            format!("{} {}", self.dice.pick(words::COMPANIES), self.dice.pick(words::FORMS));
        json.open('{');
        json.text("id", &id);
        json.text("engagementId", &engagement);
        self.head(&mut json, &company);
        self.customer(&mut json, &company);
        json.key("consent").open('{');
        for name in [
            "consentToContact",
            "consentToShareReferralWithMicrosoftSellers",
            "consentToShareInfoWithOthers",
        ] {
            json.key(name).raw(if self.dice.chance(70) { "true" } else { "false" });
        }
        json.close('}');
        self.details(&mut json);
        json.key("team").open('[');
        for _ in 0..self.dice.between(1, 5) {
            self.person(&mut json, true);
        }
        json.close(']');
        self.invitation(&mut json);
        self.tail(&mut json, &id, &engagement);
        json.close('}');
        json.into_text()
    }

    fn head(&mut self, json: &mut Json, company: &str) {
        let words = self.dice.between(2, 7);
        let mut name = format!("{company} - {}", self.prose(words));
        if self.dice.chance(8) {
            let _ = write!(name, " {}", self.prose(30));
        }
        if self.dice.chance(2) {
            json.key("name").raw("null");
        } else {
            json.text("name", &name);
        }
        let number = format!("OPP-{:06}", self.dice.between(1, 999_999));
        self.sometimes(json, 50, "externalReferenceId", &number);
        json.text("organizationId", &self.guid());
        let partner = self.dice.pick(words::COMPANIES);
        json.text("organizationName", &format!("Partner {partner}"));
        let process = self.guid();
        self.sometimes(json, 70, "businessProcessId", &process);
        for name in ["createdDateTime", "updatedDateTime", "expirationDateTime"] {
            json.text(name, &self.moment());
        }
        let [status, substatus] = *self.dice.pick(words::STATES);
        json.text("status", status);
        if !self.dice.chance(3) {
            json.text("substatus", substatus);
        }
        let reason = self.prose(4);
        self.sometimes(json, 30, "statusReason", &reason);
        json.text(
            "qualification",
            self.dice.pick(&["Direct", "MarketingQualified", "SalesQualified"]),
        );
        json.text("type", self.dice.pick(&["Independent", "Shared"]));
        json.text("direction", self.dice.pick(&["Incoming", "Outgoing"]));
        let bits = self.dice.bits();
        let tag =
            format!("\"{:08x}-0000-{:04x}-0000-{:012x}\"", bits >> 32, bits & 0xffff, bits >> 16);
        json.text("eTag", &tag);
    }

    fn customer(&mut self, json: &mut Json, company: &str) {
        json.key("customerProfile").open('{');
        json.text("name", company);
        if self.dice.chance(3) {
            json.key("address").raw("null");
        } else {
            json.key("address").open('{');
            self.address(json);
            json.close('}');
        }
        json.text("size", self.dice.pick(words::SIZES));
        if !self.dice.chance(3) {
            json.key("team").open('[');
            for _ in 0..*self.dice.pick(&[&0, &1, &1, &2, &2, &3]) {
                self.person(json, false);
            }
            json.close(']');
        }
        json.key("ids").open('[');
        if self.dice.chance(60) {
            json.open('{');
            json.text("profileType", "External");
            json.text("id", &self.guid());
            json.close('}');
        }
        json.close(']').close('}');
    }

    fn address(&mut self, json: &mut Json) {
        let [city, state, postal_code, country, region] = *self.dice.pick(words::PLACES);
        let street = self.dice.pick(words::LAST_NAMES);
        json.text("addressLine1", &format!("{} {street} Street", self.dice.between(1, 9999)));
        if self.dice.chance(30) {
            json.text("addressLine2", &format!("Floor {}", self.dice.between(1, 60)));
        }
        json.text("city", city);
        self.sometimes(json, 94, "state", state);
        if !self.dice.chance(4) {
            json.text("postalCode", postal_code);
        }
        if !self.dice.chance(2) {
            json.text("country", country);
        }
        json.text("region", region);
    }

    fn person(&mut self, json: &mut Json, ours: bool) {
        let (first, last) = (self.dice.pick(words::FIRST_NAMES), self.dice.pick(words::LAST_NAMES));
        json.open('{');
        json.text("firstName", first);
        json.text("lastName", last);
        match self.dice.between(0, 99) {
            0..75 => json.text("email", &self.email(last)),
            75..88 => json.key("email").raw("null"),
            88..93 => json.text("email", ""),
            _ => json,
        };
        let phone = format!(
            "+{} {} {:07}",
            self.dice.between(1, 99),
            self.dice.between(10, 999),
            self.dice.between(0, 9_999_999)
        );
        if self.dice.chance(70) {
            json.text("phoneNumber", &phone);
        } else if self.dice.chance(40) {
            json.key("phoneNumber").raw("null");
        }
        if ours {
            json.text("contactType", self.dice.pick(&["Owner", "Contributor", "Viewer"]));
            if self.dice.chance(50) {
                json.text("profileId", &self.guid());
            }
        }
        json.close('}');
    }

    fn email(&mut self, last: &str) -> String {
        let plain: String = last.chars().filter(char::is_ascii_alphabetic).collect();
        let plain = if plain.is_empty() { "someone".to_owned() } else { plain };
        let plain = if self.dice.chance(50) { plain } else { plain.to_lowercase() };
        let host = self.dice.pick(&["Adatum", "relecloud", "treyresearch"]);
        format!("{plain}{}@{host}.example.com", self.dice.between(1, 999))
    }

    fn details(&mut self, json: &mut Json) {
        json.key("details").open('{');
        let amount = self.amount();
        json.key("dealValue").raw(if self.dice.chance(4) { "null" } else { &amount });
        let currency = self.dice.pick(words::CURRENCIES);
        self.sometimes(json, 96, "currency", currency);
        if !self.dice.chance(5) {
            json.text("closingDateTime", &self.moment());
        }
        match self.dice.between(0, 9) {
            0 => json.key("notes").raw("null"),
            1 => json,
            _ => {
                let length = self.dice.between(10, 70);
                let mut notes = self.sentence(length);
                if self.dice.chance(20) {
                    let _ = write!(notes, "\n\"{}\" \t\u{2014} \u{1F680}", self.prose(6));
                }
                json.text("notes", &notes)
            }
        };
        self.requirements(json);
        json.text("customerAction", self.dice.pick(&["RequestForQuote", "ContactMe", "Other"]));
        json.key("customerRequestedContact").raw(if self.dice.chance(50) {
            "true"
        } else {
            "false"
        });
        json.text("leadTargetType", "Partner");
        json.close('}');
    }

    /// Few enough digits that programs which keep numbers as `f64` give the same ones.
    fn amount(&mut self) -> String {
        match self.dice.between(0, 99) {
            0..10 => self.dice.between(1, 5_000_000).to_string(),
            10..60 => {
                format!("{}.{:02}", self.dice.between(100, 9_999_999), self.dice.between(0, 99))
            }
            60..95 => format!(
                "{}.{}",
                self.dice.between(100, 999_999),
                self.dice.pick(&["00", "10", "25", "50", "75", "99"])
            ),
            _ => format!(
                "{}.{:02}",
                self.dice.between(100_000_000, 99_999_999_999),
                self.dice.between(0, 99)
            ),
        }
    }

    fn requirements(&mut self, json: &mut Json) {
        json.key("requirements").open('{');
        for (name, all, most) in [
            ("industries", words::INDUSTRIES, 2),
            ("products", words::PRODUCTS, 3),
            ("services", words::SERVICES, 3),
        ] {
            json.key(name).open('[');
            for _ in 0..self.dice.up_to(most) {
                json.open('{').text("id", self.dice.pick(all)).close('}');
            }
            json.close(']');
        }
        let length = self.dice.between(5, 25);
        let more = self.sentence(length);
        self.sometimes(json, 50, "additionalRequirements", &more);
        json.key("offers").open('[');
        for _ in 0..self.dice.up_to(2) {
            json.open('{').text("id", &self.guid()).close('}');
        }
        json.close(']');
        if !self.dice.chance(4) {
            json.key("solutions").open('[');
            for _ in 0..*self.dice.pick(&[&0, &1, &1, &2, &3, &4]) {
                self.solution(json);
            }
            json.close(']');
        }
        json.close('}');
    }

    fn solution(&mut self, json: &mut Json) {
        let (number, name) = (self.dice.between(1, 99_999), self.prose(3));
        json.open('{');
        json.text("type", self.dice.pick(&["Name", "Offer", "Workload"]));
        let letter = self.dice.pick(&["A", "B", "C", "D", "E", "F"]);
        json.text("id", &format!("SOL-{number:05}-{letter}"));
        json.text("name", &name);
        json.text("publisherId", &self.guid());
        json.key("quantity").raw(&self.dice.between(1, 20).to_string());
        json.close('}');
    }

    fn invitation(&mut self, json: &mut Json) {
        if self.dice.chance(15) {
            json.key("invitationContext").raw("null");
            return;
        }
        json.key("invitationContext").open('{');
        let length = self.dice.between(8, 30);
        json.text("notes", &self.sentence(length));
        if !self.dice.chance(9) {
            json.text("assistanceRequestCode", self.dice.pick(words::HELP));
        }
        json.key("invitedBy").open('{');
        json.text("organizationId", &self.guid());
        json.text("organizationName", self.dice.pick(words::COMPANIES));
        json.close('}').close('}');
    }

    fn tail(&mut self, json: &mut Json, id: &str, engagement: &str) {
        let home = format!(
            "https://api.partnercenter.microsoft.com/v1.0/engagements/{engagement}/referrals"
        );
        let related =
            format!("{home}?$filter=engagementId eq '{engagement}'&$orderby=createdDateTime desc");
        json.key("links").open('{');
        for (name, uri) in [("relatedReferrals", related), ("self", format!("{home}/{id}"))] {
            json.key(name).open('{');
            json.text("uri", &uri).text("method", "GET");
            json.key("headers").open('[').close(']').close('}');
        }
        json.close('}');
        json.key("tags").open('[');
        for _ in 0..self.dice.up_to(4) {
            json.item(self.dice.pick(words::TAGS));
        }
        json.close(']');
        json.text("acceptBy", &self.moment());
        json.key("attributes").open('{').text("objectType", "Referral").close('}');
    }

    /// The text so often of a hundred times, null otherwise.
    fn sometimes(&mut self, json: &mut Json, percent: u64, name: &str, text: &str) {
        if self.dice.chance(percent) {
            json.text(name, text);
        } else {
            json.key(name).raw("null");
        }
    }

    fn guid(&mut self) -> String {
        let (one, two) = (self.dice.bits(), self.dice.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            one >> 32,
            one >> 16 & 0xffff,
            one & 0xfff,
            two >> 52,
            two & 0xffff_ffff_ffff
        )
    }

    fn moment(&mut self) -> String {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
            self.dice.between(2024, 2027),
            self.dice.between(1, 12),
            self.dice.between(1, 28),
            self.dice.between(0, 23),
            self.dice.between(0, 59),
            self.dice.between(0, 59),
            self.dice.between(0, 9_999_999)
        )
    }

    fn prose(&mut self, words: u64) -> String {
        let words: Vec<&str> = (0..words).map(|_| self.dice.pick(words::PROSE)).collect();
        words.join(" ")
    }

    fn sentence(&mut self, words: u64) -> String {
        format!("{}.", self.prose(words))
    }
}
