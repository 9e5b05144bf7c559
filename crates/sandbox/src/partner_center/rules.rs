//! What values a referral takes. In come values from outside; out go the ones that are stored, or the
//! refusal. It must not know which request brought them.

use serde_json::{Number, Value, json};

use super::{
    refusal::{Done, invalid},
    shape,
};
use crate::{clock, decimal::Decimal};

/// A deal value: more than zero, as a number or as its digits.
pub(crate) fn deal_value(value: &Value) -> Done<Value> {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let is_positive = Decimal::parse(&digits).is_some_and(Decimal::is_positive);
    match digits.parse::<Number>() {
        Ok(number) if is_positive => Ok(Value::Number(number)),
        Ok(_) | Err(_) => Err(invalid(
            "details.dealValue",
            "invalidDealValue",
            "Deal value must be a number greater than zero.",
        )),
    }
}

/// An ISO 4217 code.
pub(crate) fn currency(value: &Value) -> Done<Value> {
    let known = value.as_str().is_some_and(|code| codes(CURRENCIES, code, 3));
    if known {
        return Ok(value.clone());
    }
    Err(invalid("details.currency", "invalidCurrency", "Currency is not an ISO 4217 code."))
}

/// The estimated close, in UTC.
pub(crate) fn closing(value: &Value) -> Done<Value> {
    let closing = value.as_str().and_then(clock::utc);
    closing.map(|closing| json!(closing)).ok_or_else(|| {
        let message = "Closing date must be a UTC date and time.";
        invalid("details.closingDateTime", "invalidClosingDateTime", message)
    })
}

/// A country's ISO 3166 alpha-2 code.
pub(crate) fn country(value: &Value) -> Done<()> {
    if value.as_str().is_some_and(|code| codes(COUNTRIES, code, 2)) {
        return Ok(());
    }
    let message = "Country is not an ISO 3166 alpha-2 code.";
    Err(invalid("customerProfile.address.country", "invalidCountry", message))
}

fn codes(list: &str, code: &str, length: usize) -> bool {
    code.len() == length && list.split(' ').any(|known| known == code)
}

/// A list of one to fifty solutions with ids.
pub(crate) fn solutions(value: &Value) -> Done<()> {
    let target = "details.requirements.solutions";
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() || items.len() > 50 {
        return Err(invalid(target, "invalidSolutions", "One to fifty solutions are required."));
    }
    items.iter().try_for_each(solution)
}

/// One solution with an id.
pub(crate) fn solution(value: &Value) -> Done<()> {
    shape::object(value, "details.requirements.solutions")?;
    let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() {
        let target = "details.requirements.solutions";
        return Err(invalid(target, "invalidSolution", "A solution needs an id."));
    }
    Ok(())
}

/// A list of one to fifty members of the partner's own team.
pub(crate) fn team(value: &Value) -> Done<()> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() || items.len() > 50 {
        return Err(invalid("team", "invalidTeam", "One to fifty team members are required."));
    }
    items.iter().try_for_each(|item| person("team", item))
}

/// A list of the customer's contacts, which may be empty.
pub(crate) fn contacts(value: &Value) -> Done<()> {
    let Some(items) = value.as_array() else {
        let message = "The customer team must be a list.";
        return Err(invalid("customerProfile.team", "invalidTeam", message));
    };
    items.iter().try_for_each(|item| person("customerProfile.team", item))
}

/// At least one contact who can be called: what Microsoft needs to help.
pub(crate) fn reachable(contacts: &Value) -> Done<()> {
    let has = |contact: &Value, key: &str| {
        contact.get(key).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
    };
    let is_reachable = |contact: &Value| has(contact, "email") && has(contact, "phoneNumber");
    if contacts.as_array().is_some_and(|contacts| contacts.iter().any(is_reachable)) {
        return Ok(());
    }
    let message = "A customer contact with e-mail and phone is required to ask for help.";
    Err(invalid("customerProfile.team", "required", message))
}

/// One person with names and e-mail.
pub(crate) fn person(target: &str, value: &Value) -> Done<()> {
    shape::object(value, target)?;
    for key in ["firstName", "lastName", "email"] {
        if value.get(key).and_then(Value::as_str).unwrap_or_default().trim().is_empty() {
            let message = format!("A member needs {key}.");
            return Err(invalid(target, "invalidMember", &message));
        }
    }
    Ok(())
}

/// A text or nothing.
pub(crate) fn text(target: &str, value: &Value) -> Done<()> {
    if value.is_string() || value.is_null() {
        return Ok(());
    }
    Err(invalid(target, "invalidType", "The value must be a text."))
}

/// A sales stage: one of the connector's words, or the percents that the service itself writes.
pub(crate) fn sales_stage(value: &Value) -> Done<()> {
    const STAGES: &str = "Qualify Develop Propose Close 10 20 40 60 80 100";
    let is_known = |stage: &str| STAGES.split(' ').any(|known| known == stage);
    if value.is_null() || value.as_str().is_some_and(is_known) {
        return Ok(());
    }
    Err(invalid("salesStage", "invalidSalesStage", "The sales stage is not known."))
}

const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP \
    GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF \
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND \
    VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL";

const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM \
    BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO \
    DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK \
    HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
    LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF \
    NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
    SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deal_values_keep_their_digits() {
        let exact: Value = serde_json::from_str("125000.10").unwrap();
        assert_eq!(deal_value(&exact).unwrap().to_string(), "125000.10");
        assert_eq!(deal_value(&json!("52500")).unwrap().to_string(), "52500");
        for bad in [json!(0), json!(-1), json!("x"), Value::Null] {
            assert!(deal_value(&bad).is_err());
        }
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        assert!(currency(&json!("CHF")).is_ok() && country(&json!("CH")).is_ok());
        for bad in ["chf", "XXX", "CH", ""] {
            assert!(currency(&json!(bad)).is_err(), "{bad}");
        }
        assert!(country(&json!("UK")).is_err());
    }
}
