//! Texts in XML, as far as Salesforce's old interfaces need them. In come texts; out go the texts of elements,
//! and what may stand between tags. It must not know what an element means.

/// How every document begins.
pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// The text of the first element of a name, whatever its prefix.
pub(crate) fn element(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (tag, inside) = after.split_once('>')?;
        let full = tag.split_whitespace().next().unwrap_or_default();
        if full.rsplit(':').next() == Some(name) && !tag.ends_with('/') && !tag.starts_with('/') {
            return match inside.trim_start().strip_prefix("<![CDATA[") {
                Some(plain) => plain.split_once("]]>").map(|(plain, _)| plain.to_owned()),
                None => Some(unescape(inside.split_once('<')?.0)),
            };
        }
        rest = inside;
    }
}

/// The texts of all elements of a name.
pub(crate) fn elements(text: &str, name: &str) -> Vec<String> {
    let closing = |part: &&str| {
        let tag = part.split('>').next().unwrap_or_default();
        tag.strip_prefix('/').is_some_and(|tag| tag.rsplit(':').next() == Some(name))
    };
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(inside) = element(rest, name) {
        found.push(inside);
        let Some(end) = rest.split('<').find(closing) else { break };
        let Some((_, after)) = rest.split_once(end) else { break };
        rest = after;
    }
    found
}

/// What stands inside each element of a name, whatever its prefix.
pub(crate) fn insides<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, inside)) = after.split_once('>') else { break };
        let full = tag.split_whitespace().next().unwrap_or_default();
        rest = inside;
        if full.rsplit(':').next() == Some(name) && !tag.ends_with('/') && !tag.starts_with('/') {
            let Some((content, after)) = inside.split_once(&format!("</{full}>")) else { break };
            found.push(content);
            rest = after;
        }
    }
    found
}

/// A text as it stands between tags.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Undoes the escapes that XML has, and numbered ones.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('&') {
        out.push_str(plain);
        let found = after.split_once(';').and_then(|(name, after)| Some((named(name)?, after)));
        if let Some((character, after)) = found {
            out.push(character);
            rest = after;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn named(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_a_name_are_found_with_and_without_prefix() {
        let text = "<a><n:ids>1</n:ids><ids x=\"y\">2</ids><other><ids/></other><ids></ids></a>";
        assert_eq!(insides(text, "ids"), ["1", "2", ""]);
        assert_eq!(insides("<ids>broken", "ids"), [""; 0]);
    }
}
