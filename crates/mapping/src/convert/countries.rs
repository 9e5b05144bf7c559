//! The countries of ISO 3166-1: codes and English short names.
//!
//! In: a code or a name. Out: the other one. Must not know: values, conversions. The first name of
//! a row is the one that is written; the others are read as well.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The two-letter code that `text` is, or whose country it names.
pub(super) fn code_of(text: &str) -> Option<&'static str> {
    known_code(text).or_else(|| BY_NAME.get(&folded(text)).copied())
}

/// The two-letter code as it is written in the standard, when there is such a country.
pub(super) fn known_code(text: &str) -> Option<&'static str> {
    row_of(text.trim()).map(|(code, _)| *code)
}

/// The English name of the country with this code.
pub(super) fn name_of(code: &str) -> Option<&'static str> {
    row_of(code).and_then(|(_, names)| names.split('|').next())
}

fn row_of(code: &str) -> Option<&'static (&'static str, &'static str)> {
    COUNTRIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code))
}

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let names = |(code, names): &'static (&'static str, &'static str)| {
        names.split('|').map(|name| (folded(name), *code))
    };
    COUNTRIES.iter().flat_map(names).collect()
});

/// A name without what people write differently: case, stops, `the`, `&`, `St.`, bent quotes.
fn folded(name: &str) -> String {
    let lower = name.to_lowercase().replace('.', "").replace('’', "'").replace('&', " and ");
    let spaced = lower.split_whitespace().map(|word| if word == "st" { "saint" } else { word });
    let name = spaced.collect::<Vec<_>>().join(" ");
    let name = name.strip_prefix("the ").unwrap_or(&name);
    name.strip_suffix(" (the)").unwrap_or(name).to_owned()
}

/// Code, and names with `|` between them.
static COUNTRIES: [(&str, &str); 249] = [
    ("AD", "Andorra"),
    ("AE", "United Arab Emirates|UAE"),
    ("AF", "Afghanistan"),
    ("AG", "Antigua and Barbuda"),
    ("AI", "Anguilla"),
    ("AL", "Albania"),
    ("AM", "Armenia"),
    ("AO", "Angola"),
    ("AQ", "Antarctica"),
    ("AR", "Argentina"),
    ("AS", "American Samoa"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("AW", "Aruba"),
    ("AX", "Aland Islands|Åland Islands"),
    ("AZ", "Azerbaijan"),
    ("BA", "Bosnia and Herzegovina"),
    ("BB", "Barbados"),
    ("BD", "Bangladesh"),
    ("BE", "Belgium"),
    ("BF", "Burkina Faso"),
    ("BG", "Bulgaria"),
    ("BH", "Bahrain"),
    ("BI", "Burundi"),
    ("BJ", "Benin"),
    ("BL", "Saint Barthélemy|Saint Barthelemy|St Barthelemy"),
    ("BM", "Bermuda"),
    ("BN", "Brunei Darussalam|Brunei"),
    ("BO", "Bolivia, Plurinational State of|Bolivia"),
    ("BQ", "Bonaire, Sint Eustatius and Saba|Caribbean Netherlands"),
    ("BR", "Brazil"),
    ("BS", "Bahamas"),
    ("BT", "Bhutan"),
    ("BV", "Bouvet Island"),
    ("BW", "Botswana"),
    ("BY", "Belarus"),
    ("BZ", "Belize"),
    ("CA", "Canada"),
    ("CC", "Cocos (Keeling) Islands|Cocos Islands"),
    (
        "CD",
        "Congo, Democratic Republic of the|Congo, the Democratic Republic of the|Democratic Republic of the Congo|DR Congo|Congo (Kinshasa)",
    ),
    ("CF", "Central African Republic"),
    ("CG", "Congo|Republic of the Congo|Congo (Brazzaville)"),
    ("CH", "Switzerland"),
    ("CI", "Cote d'Ivoire|Côte d'Ivoire|Ivory Coast"),
    ("CK", "Cook Islands"),
    ("CL", "Chile"),
    ("CM", "Cameroon"),
    ("CN", "China|People's Republic of China"),
    ("CO", "Colombia"),
    ("CR", "Costa Rica"),
    ("CU", "Cuba"),
    ("CV", "Cabo Verde|Cape Verde"),
    ("CW", "Curaçao|Curacao"),
    ("CX", "Christmas Island"),
    ("CY", "Cyprus"),
    ("CZ", "Czechia|Czech Republic"),
    ("DE", "Germany"),
    ("DJ", "Djibouti"),
    ("DK", "Denmark"),
    ("DM", "Dominica"),
    ("DO", "Dominican Republic"),
    ("DZ", "Algeria"),
    ("EC", "Ecuador"),
    ("EE", "Estonia"),
    ("EG", "Egypt"),
    ("EH", "Western Sahara"),
    ("ER", "Eritrea"),
    ("ES", "Spain"),
    ("ET", "Ethiopia"),
    ("FI", "Finland"),
    ("FJ", "Fiji"),
    ("FK", "Falkland Islands (Malvinas)|Falkland Islands"),
    ("FM", "Micronesia, Federated States of|Micronesia"),
    ("FO", "Faroe Islands"),
    ("FR", "France"),
    ("GA", "Gabon"),
    ("GB", "United Kingdom|United Kingdom of Great Britain and Northern Ireland|Great Britain|UK"),
    ("GD", "Grenada"),
    ("GE", "Georgia"),
    ("GF", "French Guiana"),
    ("GG", "Guernsey"),
    ("GH", "Ghana"),
    ("GI", "Gibraltar"),
    ("GL", "Greenland"),
    ("GM", "Gambia"),
    ("GN", "Guinea"),
    ("GP", "Guadeloupe"),
    ("GQ", "Equatorial Guinea"),
    ("GR", "Greece"),
    ("GS", "South Georgia and the South Sandwich Islands"),
    ("GT", "Guatemala"),
    ("GU", "Guam"),
    ("GW", "Guinea-Bissau"),
    ("GY", "Guyana"),
    ("HK", "Hong Kong|Hong Kong SAR"),
    ("HM", "Heard Island and McDonald Islands"),
    ("HN", "Honduras"),
    ("HR", "Croatia"),
    ("HT", "Haiti"),
    ("HU", "Hungary"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IM", "Isle of Man"),
    ("IN", "India"),
    ("IO", "British Indian Ocean Territory"),
    ("IQ", "Iraq"),
    ("IR", "Iran, Islamic Republic of|Iran"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("JE", "Jersey"),
    ("JM", "Jamaica"),
    ("JO", "Jordan"),
    ("JP", "Japan"),
    ("KE", "Kenya"),
    ("KG", "Kyrgyzstan"),
    ("KH", "Cambodia"),
    ("KI", "Kiribati"),
    ("KM", "Comoros"),
    ("KN", "Saint Kitts and Nevis|St Kitts and Nevis"),
    ("KP", "Korea, Democratic People's Republic of|North Korea"),
    ("KR", "Korea, Republic of|South Korea|Republic of Korea|Korea"),
    ("KW", "Kuwait"),
    ("KY", "Cayman Islands"),
    ("KZ", "Kazakhstan"),
    ("LA", "Lao People's Democratic Republic|Laos|Lao PDR"),
    ("LB", "Lebanon"),
    ("LC", "Saint Lucia|St Lucia"),
    ("LI", "Liechtenstein"),
    ("LK", "Sri Lanka"),
    ("LR", "Liberia"),
    ("LS", "Lesotho"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("LY", "Libya"),
    ("MA", "Morocco"),
    ("MC", "Monaco"),
    ("MD", "Moldova, Republic of|Moldova"),
    ("ME", "Montenegro"),
    ("MF", "Saint Martin (French part)|Saint Martin|St Martin"),
    ("MG", "Madagascar"),
    ("MH", "Marshall Islands"),
    ("MK", "North Macedonia|Macedonia"),
    ("ML", "Mali"),
    ("MM", "Myanmar|Burma"),
    ("MN", "Mongolia"),
    ("MO", "Macao|Macau|Macao SAR"),
    ("MP", "Northern Mariana Islands"),
    ("MQ", "Martinique"),
    ("MR", "Mauritania"),
    ("MS", "Montserrat"),
    ("MT", "Malta"),
    ("MU", "Mauritius"),
    ("MV", "Maldives"),
    ("MW", "Malawi"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("MZ", "Mozambique"),
    ("NA", "Namibia"),
    ("NC", "New Caledonia"),
    ("NE", "Niger"),
    ("NF", "Norfolk Island"),
    ("NG", "Nigeria"),
    ("NI", "Nicaragua"),
    ("NL", "Netherlands|Netherlands, Kingdom of the|Holland"),
    ("NO", "Norway"),
    ("NP", "Nepal"),
    ("NR", "Nauru"),
    ("NU", "Niue"),
    ("NZ", "New Zealand"),
    ("OM", "Oman"),
    ("PA", "Panama"),
    ("PE", "Peru"),
    ("PF", "French Polynesia"),
    ("PG", "Papua New Guinea"),
    ("PH", "Philippines"),
    ("PK", "Pakistan"),
    ("PL", "Poland"),
    ("PM", "Saint Pierre and Miquelon|St Pierre and Miquelon"),
    ("PN", "Pitcairn"),
    ("PR", "Puerto Rico"),
    ("PS", "Palestine, State of|Palestine|Palestinian Authority"),
    ("PT", "Portugal"),
    ("PW", "Palau"),
    ("PY", "Paraguay"),
    ("QA", "Qatar"),
    ("RE", "Reunion|Réunion"),
    ("RO", "Romania"),
    ("RS", "Serbia"),
    ("RU", "Russian Federation|Russia"),
    ("RW", "Rwanda"),
    ("SA", "Saudi Arabia"),
    ("SB", "Solomon Islands"),
    ("SC", "Seychelles"),
    ("SD", "Sudan"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("SH", "Saint Helena, Ascension and Tristan da Cunha|Saint Helena|St Helena"),
    ("SI", "Slovenia"),
    ("SJ", "Svalbard and Jan Mayen"),
    ("SK", "Slovakia|Slovak Republic"),
    ("SL", "Sierra Leone"),
    ("SM", "San Marino"),
    ("SN", "Senegal"),
    ("SO", "Somalia"),
    ("SR", "Suriname"),
    ("SS", "South Sudan"),
    ("ST", "Sao Tome and Principe|São Tomé and Príncipe"),
    ("SV", "El Salvador"),
    ("SX", "Sint Maarten (Dutch part)|Sint Maarten"),
    ("SY", "Syrian Arab Republic|Syria"),
    ("SZ", "Eswatini|Swaziland"),
    ("TC", "Turks and Caicos Islands"),
    ("TD", "Chad"),
    ("TF", "French Southern Territories"),
    ("TG", "Togo"),
    ("TH", "Thailand"),
    ("TJ", "Tajikistan"),
    ("TK", "Tokelau"),
    ("TL", "Timor-Leste|East Timor"),
    ("TM", "Turkmenistan"),
    ("TN", "Tunisia"),
    ("TO", "Tonga"),
    ("TR", "Türkiye|Turkey|Turkiye"),
    ("TT", "Trinidad and Tobago"),
    ("TV", "Tuvalu"),
    ("TW", "Taiwan|Taiwan, Province of China"),
    ("TZ", "Tanzania, United Republic of|Tanzania"),
    ("UA", "Ukraine"),
    ("UG", "Uganda"),
    ("UM", "United States Minor Outlying Islands"),
    ("US", "United States|United States of America|USA|U.S."),
    ("UY", "Uruguay"),
    ("UZ", "Uzbekistan"),
    ("VA", "Holy See|Holy See (Vatican City State)|Vatican City"),
    ("VC", "Saint Vincent and the Grenadines|St Vincent and the Grenadines"),
    ("VE", "Venezuela, Bolivarian Republic of|Venezuela"),
    ("VG", "Virgin Islands, British|Virgin Islands (British)|British Virgin Islands"),
    ("VI", "Virgin Islands, U.S.|Virgin Islands (U.S.)|US Virgin Islands"),
    ("VN", "Viet Nam|Vietnam"),
    ("VU", "Vanuatu"),
    ("WF", "Wallis and Futuna"),
    ("WS", "Samoa"),
    ("YE", "Yemen"),
    ("YT", "Mayotte"),
    ("ZA", "South Africa"),
    ("ZM", "Zambia"),
    ("ZW", "Zimbabwe"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_code_and_no_other() {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (code, names) in &COUNTRIES {
            assert_eq!(known_code(&code.to_lowercase()), Some(*code));
            for name in names.split('|') {
                assert_eq!(code_of(name), Some(*code), "{name}");
                if let Some(other) = seen.insert(folded(name), code) {
                    assert_eq!(other, *code, "{name}");
                }
            }
        }
        assert!(COUNTRIES.is_sorted());
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        for (text, code) in [
            ("the netherlands", "NL"),
            ("U.S.A.", "US"),
            (" united  states ", "US"),
            ("Bosnia & Herzegovina", "BA"),
            ("St. Lucia", "LC"),
            ("Côte d’Ivoire", "CI"),
            ("de", "DE"),
        ] {
            assert_eq!(code_of(text), Some(code), "{text}");
        }
        assert_eq!(code_of("Atlantis"), None);
        assert_eq!(name_of("us"), Some("United States"));
    }
}
