//! Every example of every conversion, the laws, and how the words behind `as` are read.

use super::*;
use crate::json::{self, Json};
use crate::value;
use proptest::prelude::*;

mod several;

/// The tokens of a clause, as the language reads them.
fn tokens(clause: &str) -> Vec<At<Token>> {
    let mut tokens = Vec::new();
    let mut rest = clause;
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let start = clause.len() - rest.len();
        let (token, length) = if let Some(quote) = rest.strip_prefix('"') {
            let end = quote.find('"').unwrap();
            (Token::Text(quote[..end].to_owned()), end + 2)
        } else {
            let end = rest.find([' ', ',']).unwrap_or(rest.len()).max(1);
            let word = rest[..end].to_owned();
            let number = word.starts_with(|c: char| c.is_ascii_digit());
            (if number { Token::Number(word) } else { Token::Word(word) }, end)
        };
        tokens.push(At::new(token, Span::new(start, start + length)));
        rest = &rest[length..];
    }
    tokens
}

fn parse(clause: &str) -> Result<Conversion, Box<Problem>> {
    read(&tokens(clause), Span::new(0, clause.len())).map_err(Box::new)
}

fn conversion(clause: &str, left: &[Kind], right: &[Kind]) -> Conversion {
    if clause.is_empty() {
        return Conversion::plain(left, right);
    }
    let read = parse(clause).unwrap_or_else(|problem| panic!("{clause}: {problem}"));
    let fields = Fields { arrow: Arrow::ToRight, names: [&[], &[]], kinds: [left, right] };
    read.on(&fields).unwrap_or_else(|unbound| panic!("{clause}: {unbound:?}"))
}

fn values(list: &str, kinds: &[Kind], conversion: &Conversion) -> Vec<Value> {
    let Json::List(items) = json::read(list.as_bytes()).unwrap() else { panic!("{list}") };
    assert_eq!(items.len(), kinds.len(), "{list}");
    let read = |(json, kind): (&Json<'_>, &Kind)| value::read(*kind, json, conversion.decode());
    items.iter().zip(kinds).map(|pair| read(pair).unwrap()).collect()
}

fn written(values: &[Value], kinds: &[Kind]) -> String {
    let items = values.iter().zip(kinds).map(|(value, kind)| value::write(*kind, value));
    Json::List(items.collect()).to_string()
}

#[test]
fn every_example_holds() {
    for Example { name, case, .. } in examples() {
        let (lefts, rights) = (case.left_kinds, case.right_kinds);
        let conversion = conversion(case.clause, lefts, rights);
        assert_eq!(conversion.name(), name);
        assert_eq!(conversion.to_string(), case.clause);
        assert_eq!(conversion.fits(lefts, rights), Ok(()), "{name}");
        let left = values(case.left, lefts, &conversion);
        let right = values(case.right, rights, &conversion);
        let there = conversion.to_right(&left).unwrap();
        assert_eq!(written(&there, rights), written(&right, rights), "{name} to the right");
        assert!(conversion.agrees(&left, &right), "{name} agrees");
        assert_eq!(conversion.allows(Arrow::Both).is_ok(), case.back.is_some(), "{name}");
        if let Some(back) = case.back {
            let left = conversion.to_left(&right, None).unwrap();
            let back = values(back, lefts, &conversion);
            assert_eq!(written(&left, lefts), written(&back, lefts), "{name} to the left");
        }
    }
}

#[test]
fn every_conversion_has_an_example_and_a_sentence() {
    for (form, says) in forms() {
        assert!(says.ends_with('.') && !form.is_empty());
    }
    for name in names() {
        assert!(examples().iter().any(|example| example.name == name), "{name}");
    }
}

fn agree(clause: &str, kinds: (Kind, Kind), left: &str, right: &str) -> bool {
    let conversion = conversion(clause, &[kinds.0], &[kinds.1]);
    let one = |json: &str, kind| values(&format!("[{json}]"), &[kind], &conversion);
    conversion.agrees(&one(left, kinds.0), &one(right, kinds.1))
}

#[test]
fn what_agrees_agrees() {
    use Kind::{Country, Currency, DateTime, Email, Enum, Id, List, LongText, MultiEnum, Number};
    use Kind::{Phone, Text, Url};
    let berlin = "date in \"Europe/Berlin\"";
    for (clause, kinds, left, right) in [
        ("", (Email, Email), "\"A@x.example\"", "\" a@X.example \""),
        ("", (Country, Text), "\"DE\"", "\"de\""),
        ("", (Currency, Enum), "\"EUR\"", "\"eur\""),
        ("", (Text, Id), "\"006Dp00000Abcde\"", "\"006Dp00000AbcdeIAB\""),
        ("", (LongText, LongText), r#""a\r\nb &amp; c""#, r#""a\nb & c ""#),
        ("", (Text, Text), "null", "\"\""),
        ("", (List, List), "[\"a\",\"b\"]", "[\"b\",\"a\"]"),
        ("", (List, MultiEnum), "[\"a\",\"b\"]", "\"b;a\""),
        ("", (Number, Number), "1.10", "\"1.1\""),
        ("", (DateTime, DateTime), "\"2026-01-01T00:00:00.7Z\"", "\"2026-01-01T00:00:00Z\""),
        ("", (Phone, Phone), "\"+1 425-555-0100\"", "\"+14255550100\""),
        ("", (Url, Url), "\"HTTPS://X.example\"", "\"https://x.example/\""),
        ("id", (Text, Text), "\"001xx000003DIpc\"", "\"001xx000003DIpcAAG\""),
        (berlin, (DateTime, Kind::Date), "\"2026-03-28T23:00:00Z\"", "\"2026-03-29\""),
        (berlin, (DateTime, Kind::Date), "\"2026-03-29T21:59:59Z\"", "\"2026-03-29\""),
        ("text cut at 3", (Text, Text), "\"abcdef\"", "\"abc\""),
        ("text cut at 3", (Text, Text), "\"abcdef\"", "\"abcxyz\""),
        ("money with 2 decimals", (Number, Number), "10.005", "10"),
        ("money with 2 decimals", (Number, Number), "10", "10.005"),
        ("upper", (Text, Text), "\"ab\"", "\"AB\""),
        ("upper", (Text, Text), "\"Ab\"", "\"Ab\""),
        ("country name", (Country, Text), "\"KR\"", "\"South Korea\""),
        ("yes/no", (Kind::Bool, Text), "true", "\"YES\""),
        ("list joined by \";\"", (List, MultiEnum), "[\"b\",\"a\",\"a\"]", "\"a; b\""),
    ] {
        assert!(agree(clause, kinds, left, right), "{clause}: {left} {right}");
    }
    for (clause, kinds, left, right) in [
        ("", (Text, Text), "\"a\"", "\"A\""),
        ("", (Text, Text), "null", "\"a\""),
        ("", (Text, Id), "\"006Dp00000Abcde\"", "\"006Dp00000AbcdeIAA\""),
        ("", (Text, Id), "\"006Dp00000Abcde\"", "\"006Dp00000abcde\""),
        ("", (Url, Url), "\"https://x.example/A\"", "\"https://x.example/a\""),
        ("text exactly", (Text, Text), "\"a &amp; b\"", "\"a & b\""),
        ("text cut at 3", (Text, Text), "\"ab\"", "\"abc\""),
        ("text cut at 3", (Text, Text), "\"abc\"", "\"ab\""),
        (berlin, (DateTime, Kind::Date), "\"2026-03-29T22:00:00Z\"", "\"2026-03-29\""),
        ("money with 2 decimals", (Number, Number), "10.006", "10"),
        ("list joined by \";\"", (List, Text), "[\"a\"]", "\"a;b\""),
        ("country name", (Country, Text), "\"KP\"", "\"South Korea\""),
    ] {
        assert!(!agree(clause, kinds, left, right), "{clause}: {left} {right}");
    }
}

#[test]
fn an_old_left_value_that_agrees_is_kept() {
    let text = |t: &str| [Value::Text(t.to_owned())];
    let cut = parse("text cut at 3").unwrap();
    assert_eq!(cut.to_left(&text("abc"), Some(&text("abcdef"))).unwrap(), text("abcdef"));
    assert_eq!(cut.to_left(&text("abd"), Some(&text("abcdef"))).unwrap(), text("abd"));
    let day = parse("date in \"UTC\"").unwrap();
    let noon = [Value::Instant("2026-03-31T12:00:00Z".parse().unwrap())];
    let date = [Value::Date(jiff::civil::date(2026, 3, 31))];
    assert_eq!(day.to_left(&date, Some(&noon)).unwrap(), noon);
    let blank = [Value::Blank];
    assert_eq!(cut.to_left(&blank, Some(&text("abc"))).unwrap(), blank);
    assert_eq!(cut.to_left(&text("abc"), Some(&blank)).unwrap(), text("abc"));
}

#[test]
fn blanks_inside_a_pair_stay_blank() {
    let money = parse("money with 2 decimals").unwrap();
    let pair = [Value::Blank, Value::Text("usd".into())];
    let there = money.to_right(&pair).unwrap();
    assert_eq!(there, [Value::Blank, Value::Text("USD".into())]);
    assert!(money.same_right(&there, &pair));
    assert!(!money.same_right(&there, &[Value::Number(0.into()), Value::Text("USD".into())]));
}

#[test]
fn a_badge_leaves_less_room() {
    let cut = parse("text cut at 10").unwrap().with_room(2);
    assert_eq!(cut.longest(true, &[None]), Some(8));
    let there = cut.to_right(&[Value::Text("😀😀😀😀😀".into())]).unwrap();
    assert_eq!(there, [Value::Text("😀😀😀😀".into())]);
    assert_eq!(cut.to_string(), "text cut at 10");
    assert_eq!(parse("text").unwrap().with_room(2).longest(true, &[None]), None);
}

#[test]
fn clocks_that_change_at_midnight_have_a_first_moment() {
    let zone = parse("date in \"America/Sao_Paulo\"").unwrap();
    let date = [Value::Date(jiff::civil::date(2018, 11, 4))];
    let first = zone.to_left(&date, None).unwrap();
    assert_eq!(first, [Value::Instant("2018-11-04T03:00:00Z".parse().unwrap())]);
    assert!(zone.agrees(&first, &date));
}

#[test]
fn the_words_are_read_in_any_order_and_printed_in_one() {
    for (clause, want) in [
        ("money with 2 decimals in \"EUR\"", "money in \"EUR\" with 2 decimals"),
        ("money with 1 decimal", "money with 1 decimals"),
        ("date in \"europe/berlin\"", "date in \"Europe/Berlin\""),
        ("yes / no", "yes/no"),
        ("text cut at 120", "text cut at 120"),
        ("country name", "country name"),
    ] {
        assert_eq!(parse(clause).unwrap().to_string(), want);
    }
    let (one, two) = ([Kind::Number], [Kind::Number, Kind::Currency]);
    assert!(parse("money in \"EUR\"").unwrap().fits(&two, &two).is_err());
    for kinds in [&one[..], &two[..]] {
        assert_eq!(parse("money").unwrap().fits(kinds, kinds), Ok(()));
    }
}

#[test]
fn what_is_wrong_is_said_at_the_word() {
    for (clause, code, at, says) in [
        ("mony with 2 decimals", Code::UnknownConversion, (0, 4), "did you mean `money`?"),
        ("text cutt at 5", Code::UnknownConversion, (0, 12), "did you mean `text cut at`?"),
        ("contry code", Code::UnknownConversion, (0, 11), "did you mean `country code`?"),
        ("flatten", Code::UnknownConversion, (0, 7), "write one of: text"),
        ("", Code::UnknownConversion, (0, 0), "write one of"),
        ("text please", Code::BadArgument, (5, 11), "write it as `text`"),
        ("text cut at many", Code::BadArgument, (12, 16), ""),
        ("text cut at 0", Code::BadArgument, (12, 13), ""),
        ("text cut at", Code::BadArgument, (9, 11), ""),
        ("date in \"Europe/Berln\"", Code::BadArgument, (8, 22), "did you mean `Europe/Berlin`?"),
        ("date in UTC", Code::BadArgument, (8, 11), ""),
        ("money in \"Euro\"", Code::BadArgument, (9, 15), ""),
        ("money with 2.5 decimals", Code::BadArgument, (11, 14), ""),
        ("money with 2", Code::BadArgument, (11, 12), ""),
        ("link \"https://x.example\"", Code::BadArgument, (5, 24), "`{id}`"),
        ("link \"https://x.example/{id}/{\"", Code::BadArgument, (5, 31), "%7B"),
        ("list joined by \"\"", Code::BadArgument, (15, 17), ""),
        ("text \"no place\"", Code::BadArgument, (5, 15), "`{name}`"),
        ("text \"{a\"", Code::BadArgument, (5, 9), "`{name}`"),
        ("text \"{a} }\"", Code::BadArgument, (5, 12), "`{name}`"),
        ("text \"{a}\" cut at 0", Code::BadArgument, (18, 19), ""),
        ("text \"{a}\" please", Code::BadArgument, (11, 17), ""),
    ] {
        let problem = parse(clause).unwrap_err();
        assert_eq!((problem.code, (problem.at.start, problem.at.end)), (code, at), "{clause}");
        let help = problem.help.clone().unwrap_or_default();
        assert!(help.contains(says), "{clause}: {help}");
        if let Some(fix) = &problem.fix {
            let fixed = [&clause[..fix.span.start], &fix.text, &clause[fix.span.end..]].concat();
            assert!(parse(&fixed).is_ok(), "{fixed}");
        }
    }
}

#[test]
fn kinds_that_do_not_fit_are_told_what_would() {
    use Kind::{
        Bool, Date, DateTime, Enum, List, LongText, MultiEnum, Number, Object, Percent, Text,
    };
    let plain =
        |left: Kind, right: Kind| Conversion::plain(&[left], &[right]).fits(&[left], &[right]);
    for (left, right) in [(Text, LongText), (Enum, Text), (Number, Percent), (List, MultiEnum)] {
        assert_eq!(plain(left, right), Ok(()));
    }
    for (left, right, says) in [
        (DateTime, Date, "`as date in \"UTC\"`"),
        (Number, Text, "`as number`"),
        (Text, Bool, "`as yes/no`"),
        (List, Text, "`as list joined by \";\"`"),
        (Object, Number, "map other fields"),
    ] {
        let why = plain(left, right).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
    let money = parse("money").unwrap();
    assert!(money.fits(&[Number, Kind::Currency], &[Number, Enum]).is_ok());
    assert!(money.fits(&[Text], &[Number]).is_err());
    assert!(money.fits(&[Number, Text], &[Number]).unwrap_err().contains("found 2 left and 1"));
    assert!(parse("list joined by \",\"").unwrap().fits(&[List], &[MultiEnum]).is_err());
    assert!(parse("date in \"UTC\"").unwrap().fits(&[DateTime], &[DateTime]).is_err());
}

#[test]
fn values_that_do_not_fit_are_misfits() {
    let text = |t: &str| [Value::Text(t.to_owned())];
    for (clause, bad) in [
        ("email", "nobody"),
        ("email", "a b@x.example"),
        ("country code", "Germany"),
        ("country name", "Atlantis"),
        ("currency code", "EURO"),
        ("number", "12,5"),
        ("yes/no", "maybe"),
        ("datetime", "noon"),
    ] {
        let misfit = parse(clause).unwrap().to_right(&text(bad)).unwrap_err();
        assert!(!misfit.to_string().contains(bad), "{misfit}");
    }
    let list = parse("list joined by \";\"").unwrap();
    let held = [Value::List(vec![Json::Text("a;b".into())])];
    assert!(list.to_right(&held).is_err());
    assert!(parse("link \"x{id}\"").unwrap().to_left(&text("xy"), None).is_err());
}

#[test]
fn published_ids_have_their_checksum() {
    for id in
        ["00190000001pPvHAAU", "0015f00002JUXA8AAP", "a1V3E000000EXomUAG", "001R0000005hDFYIA2"]
    {
        assert!(same_id(id, &id[..15]), "{id}");
    }
    assert!(same_id(
        "0F8FAD5B-D9CB-469F-A165-70867728950E",
        "0f8fad5b-d9cb-469f-a165-70867728950e"
    ));
    assert!(!same_id("AAAAAAAAAAAAAAA", "aaaaaaaaaaaaaaa"));
}

fn some_text() -> BoxedStrategy<Value> {
    let words = "[ \\tAaBbß&;,<\"\r\n]{0,6}|&amp;|&lt;|&amp;lt;|\\PC{0,8}|[a-z]{1,40}";
    prop::collection::vec(words, 1..4)
        .prop_map(|parts| value::text_value(value::decoded(&parts.concat(), Decode::Html)))
        .boxed()
}

/// Values as `value::read` makes them of a field of that kind.
fn some(kind: Kind) -> BoxedStrategy<Value> {
    let text = |regex: &'static str| regex.prop_map(value::text_value).boxed();
    match kind {
        Kind::Text | Kind::LongText | Kind::Enum => some_text(),
        Kind::Number | Kind::Percent => "-?[0-9]{1,15}(\\.[0-9]{1,6})?"
            .prop_map(|digits| value::number_of(&digits).unwrap())
            .boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Date => (-300_000..300_000_i32)
            .prop_map(|n| Value::Date(jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(n)))
            .boxed(),
        Kind::DateTime => (-30_000_000_000_i64..30_000_000_000, 0..1_000_000_000_i32)
            .prop_map(|(s, n)| Value::Instant(jiff::Timestamp::new(s, n).unwrap()))
            .boxed(),
        Kind::Id | Kind::Reference => text("[0-9A-Za-z]{15}|[0-9A-Za-z]{18}| ?[a-f0-9-]{3,36}"),
        Kind::Email => text(" ?[A-Za-z]{1,5}@[A-Za-z]{1,5}\\.[a-z]{2} ?|[a-z @]{0,5}"),
        Kind::Phone => text(" ?\\+?[0-9 ().-]{0,12}"),
        Kind::Url => text(" ?(https?://)?[A-Za-z.]{1,8}(/[A-Za-z]{0,3})?(\\?[a-z]=/)?"),
        Kind::Country => text("[A-Za-z]{2}|(D|d)e|Germany|the Bahamas|Viet Nam| us "),
        Kind::Currency => text(" ?[A-Za-z]{3} ?|[a-z]{2}"),
        Kind::MultiEnum | Kind::List => prop::collection::vec("[a-d ;,]{0,3}", 0..4)
            .prop_map(|items| {
                Value::List(items.into_iter().map(|item| Json::Text(item.into())).collect())
            })
            .boxed(),
        Kind::Object => Just(Value::Other(Json::Object(Vec::new()))).boxed(),
    }
}

/// A case of the examples with values of its kinds on both sides, old left ones among them.
type Sample = (Case, Vec<Value>, Vec<Value>, Vec<Value>);

fn any_case() -> impl Strategy<Value = Sample> {
    prop::sample::select(examples()).prop_flat_map(|Example { case, .. }| {
        let all = |kinds: &[Kind]| {
            let some_or_blank = |kind| prop_oneof![9 => some(kind), 1 => Just(Value::Blank)];
            kinds.iter().copied().map(some_or_blank).collect::<Vec<_>>()
        };
        (Just(case), all(case.left_kinds), all(case.left_kinds), all(case.right_kinds))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold((case, left, old, right) in any_case()) {
        let conversion = conversion(case.clause, case.left_kinds, case.right_kinds);
        prop_assert!(conversion.same_left(&left, &left));
        prop_assert!(conversion.same_right(&right, &right));
        prop_assert_eq!(conversion.same_left(&left, &old), conversion.same_left(&old, &left));
        if let Ok(there) = conversion.to_right(&left) {
            // Correct: after a write to the right both agree, also as it is read back.
            prop_assert!(conversion.agrees(&left, &there));
            let stored: Vec<Value> = there
                .iter()
                .zip(case.right_kinds)
                .map(|(v, kind)| value::read(*kind, &value::write(*kind, v), Decode::Exactly).unwrap())
                .collect();
            prop_assert!(conversion.agrees(&left, &stored), "{:?} {:?}", left, stored);
            if conversion.allows(Arrow::Both).is_ok() {
                // Stable and idempotent: what agrees changes nothing on the way back.
                let back = conversion.to_left(&there, Some(&left)).unwrap();
                prop_assert!(conversion.same_left(&back, &left));
                let anew = conversion.to_left(&there, None).unwrap();
                let again = conversion.to_right(&anew).unwrap();
                prop_assert!(conversion.same_right(&again, &there), "{:?} {:?}", again, there);
            }
            if let Some(most) = conversion.longest(true, &vec![None; left.len()]) {
                let short = |v: &Value| same::text_of(v).is_none_or(|t| value::length(t) <= most as usize);
                prop_assert!(there.iter().all(short));
            }
        }
        if conversion.allows(Arrow::Both).is_ok() && let Ok(back) = conversion.to_left(&right, Some(&old)) {
            // Correct: after a write to the left both agree.
            prop_assert!(conversion.agrees(&back, &right), "{:?} {:?}", back, right);
        }
    }
}
