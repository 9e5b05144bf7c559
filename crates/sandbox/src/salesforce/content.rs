//! Files and notes. In come rows with bytes, as they are written; out go what follows from the bytes, the document
//! that a first version makes, a note's versions, and the bytes themselves. It must not know how clients sent them.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Body},
    clock,
    salesforce::{
        derive, ids,
        model::{Field, Kind, Object},
        refusal::{Done, Stop, Wrong, bad, not_found},
        rows,
        session::Session,
    },
    sign,
    store::{Pick, StoredRow},
};

/// Kinds of files by the ends of their names.
const FILE_TYPES: [(&str, &str); 14] = [
    ("csv", "CSV"),
    ("docx", "WORD_X"),
    ("gif", "GIF"),
    ("htm", "HTML"),
    ("html", "HTML"),
    ("jpeg", "JPG"),
    ("jpg", "JPG"),
    ("pdf", "PDF"),
    ("png", "PNG"),
    ("pptx", "POWER_POINT_X"),
    ("snote", "SNOTE"),
    ("txt", "TEXT"),
    ("xlsx", "EXCEL_X"),
    ("xml", "XML"),
];

/// What notes may be made of.
const TAGS: [&str; 11] = ["p", "br", "b", "i", "u", "s", "ul", "ol", "li", "strong", "em"];

/// Most characters of a note's preview.
const PREVIEW: usize = 255;

/// The address of a field's bytes, which stands for them in answers.
pub(crate) fn address(session: &Session<'_>, field: &Field, row: &Map<String, Value>) -> Value {
    let id = rows::row_id(row);
    let has_it = |object: &&Object| {
        let own = object.field(&field.name);
        id.starts_with(&object.prefix) && own.is_some_and(|own| own.kind == Kind::Base64)
    };
    let object = session.whole.objects.iter().find(has_it);
    let is_there = row.get(&field.name).is_some_and(Value::is_string);
    object.filter(|_| is_there).map_or(Value::Null, |object| {
        json!(format!("{}/{}", session.row_url(&object.name, &id), field.name))
    })
}

/// The bytes of a field, where it holds such.
pub(crate) fn bytes(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    name: &str,
) -> Option<Done<Answer>> {
    let field = object.field(name).filter(|field| field.kind == Kind::Base64)?;
    Some(rows::live(session, object, id).and_then(|row| {
        let bytes = text(&row, &field.name).and_then(sign::from_base64).ok_or_else(not_found)?;
        let body = Body::Bytes("application/octet-stream", bytes);
        Ok(Answer { status: 200, headers: Vec::new(), body })
    }))
}

/// Works out what follows from the bytes of a row, and what a new version begins with.
pub(crate) fn follow(
    session: &Session<'_>,
    object: &Object,
    row: &mut Map<String, Value>,
) -> Done<()> {
    match object.name.as_str() {
        "Attachment" => {
            let length = size(row, "Body");
            row.insert("BodyLength".to_owned(), length);
        }
        "ContentNote" => note(object, row)?,
        "ContentVersion" => version(session, row)?,
        "ContentDocumentLink" => refuse_second_link(session, row)?,
        "FeedItem" => refuse_empty_post(object, row)?,
        _ => {}
    }
    Ok(())
}

fn note(object: &Object, row: &mut Map<String, Value>) -> Done<()> {
    let length = size(row, "Content");
    let shown = decoded(row, "Content");
    let shown = shown.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let plain = shown.and_then(plain).ok_or_else(|| unescaped(object))?;
    let preview: String = plain.chars().take(PREVIEW).collect();
    let preview = if preview.is_empty() { Value::Null } else { json!(preview) };
    set(
        row,
        [
            ("TextPreview", preview),
            ("ContentSize", length),
            ("FileType", json!("SNOTE")),
            ("FileExtension", json!("snote")),
        ],
    );
    Ok(())
}

fn unescaped(object: &Object) -> Stop {
    let message = "Note Can't Be Saved Because It Contains HTML Tags Or Unescaped Characters That Are Not \
                   Allowed In A Note.";
    let fields = object.field("Content").map(|field| vec![field.name.clone()]);
    bad(Wrong { fields, ..Wrong::new("FIELD_INTEGRITY_EXCEPTION", message) })
}

/// The text of a note without its tags; `None`: it has others than notes may have, or a bare `&`.
fn plain(html: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (before, after) = rest.split_at_checked(at)?;
        out.push_str(before);
        if let Some(tag) = after.strip_prefix('<') {
            let (tag, behind) = tag.split_once('>')?;
            let word = tag.trim_start_matches('/').trim_end_matches('/').trim();
            TAGS.iter().find(|known| known.eq_ignore_ascii_case(word))?;
            rest = behind;
        } else {
            let (entity, behind) = after.strip_prefix('&')?.split_once(';')?;
            out.push_str(&entity_of(entity)?);
            rest = behind;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// What an entity stands for.
fn entity_of(entity: &str) -> Option<String> {
    let number = |digits: &str, radix| {
        u32::from_str_radix(digits, radix).ok().and_then(char::from_u32).map(String::from)
    };
    match entity {
        "amp" => Some("&".to_owned()),
        "lt" => Some("<".to_owned()),
        "gt" => Some(">".to_owned()),
        "quot" => Some("\"".to_owned()),
        "apos" => Some("'".to_owned()),
        "nbsp" => Some(" ".to_owned()),
        _ => match entity.strip_prefix('#') {
            Some(code) => {
                code.strip_prefix('x').map_or_else(|| number(code, 10), |code| number(code, 16))
            }
            // Of others, that they are letters is all that is asked.
            None => (!entity.is_empty() && entity.bytes().all(|byte| byte.is_ascii_alphanumeric()))
                .then(|| format!("&{entity};")),
        },
    }
}

fn version(session: &Session<'_>, row: &mut Map<String, Value>) -> Done<()> {
    let path = text(row, "PathOnClient").unwrap_or_default().to_owned();
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let extension = extension.to_lowercase();
    let known = FILE_TYPES.iter().find(|(end, _)| *end == extension);
    let length = size(row, "VersionData");
    if text(row, "Title").is_none() {
        row.insert("Title".to_owned(), json!(stem));
    }
    let owner = row.get("OwnerId").cloned().unwrap_or_else(|| json!(session.caller.id));
    set(
        row,
        [
            ("ContentSize", length),
            ("FileType", json!(known.map_or("UNKNOWN", |(_, word)| word))),
            ("FileExtension", if extension.is_empty() { Value::Null } else { json!(extension) }),
            ("OwnerId", owner),
        ],
    );
    if text(row, "VersionNumber").is_some() {
        return Ok(());
    }
    let document = match text(row, "ContentDocumentId") {
        Some(document) => document.to_owned(),
        None => ids::make("069", session.tx.next("069")?),
    };
    let number = versions(session, &document)?.len() + 1;
    row.insert("ContentDocumentId".to_owned(), json!(document));
    row.insert("VersionNumber".to_owned(), json!(number.to_string()));
    row.insert("IsLatest".to_owned(), json!(true));
    Ok(())
}

fn refuse_second_link(session: &Session<'_>, row: &Map<String, Value>) -> Done<()> {
    let document = text(row, "ContentDocumentId").unwrap_or_default();
    let pick = Pick::Key("ContentDocumentId".to_owned(), vec![document.to_owned()]);
    let same = |other: &StoredRow, name: &str| other.body.get(name) == row.get(name);
    let others = session.tx.rows("ContentDocumentLink", &pick)?;
    let is_second = others
        .iter()
        .any(|other| !other.deleted && same(other, "LinkedEntityId") && !same(other, "Id"));
    if is_second {
        let entity = text(row, "LinkedEntityId").unwrap_or_default();
        let message = format!(
            "Document with ID: {document} is already linked with the entity of ID: {entity}"
        );
        return Err(bad(Wrong::nowhere("DUPLICATE_VALUE", message)));
    }
    Ok(())
}

/// A post of text has some.
fn refuse_empty_post(object: &Object, row: &Map<String, Value>) -> Done<()> {
    let is_missing = text(row, "Type") == Some("TextPost") && text(row, "Body").is_none();
    match object.field("Body").filter(|_| is_missing) {
        Some(body) => {
            let message = "Required fields are missing: [Body]";
            Err(bad(Wrong::at("REQUIRED_FIELD_MISSING", body, message)))
        }
        None => Ok(()),
    }
}

/// Keeps a document as its new version is.
pub(crate) fn settle_version(session: &Session<'_>, id: &str) -> Done<()> {
    let Some(stored) = session.tx.row("ContentVersion", id)? else { return Ok(()) };
    let document = text(&stored.body, "ContentDocumentId").unwrap_or_default();
    let Some(object) = session.whole.named("ContentVersion") else { return Ok(()) };
    for other in versions(session, document)? {
        let other_id = rows::row_id(&other.body);
        if other_id != id && !other.deleted && other.body.get("IsLatest") == Some(&json!(true)) {
            let mut row = other.body.clone();
            row.insert("IsLatest".to_owned(), json!(false));
            rows::amend(session, object, &other_id, &other, row)?;
        }
    }
    let is_first = session.tx.row("ContentDocument", document)?.is_none();
    keep_document(session, document, &stored.body, id)?;
    if is_first {
        link(session, document, &session.caller.id, "I")?;
        if let Some(place) = text(&stored.body, "FirstPublishLocationId") {
            link(session, document, place, "V")?;
        }
    }
    Ok(())
}

/// Makes a new version of a note whose text or title is another.
pub(crate) fn settle_note(session: &Session<'_>, id: &str) -> Done<()> {
    let Some(stored) = session.tx.row("ContentNote", id)? else { return Ok(()) };
    let note = &stored.body;
    let all = versions(session, id)?;
    let last = all.iter().find(|row| row.body.get("IsLatest") == Some(&json!(true)));
    let is_same = |row: &StoredRow| {
        row.body.get("Title") == note.get("Title")
            && row.body.get("VersionData") == note.get("Content")
    };
    if last.is_some_and(is_same) {
        return Ok(());
    }
    if all.is_empty() {
        keep_document(session, id, note, "")?;
        link(session, id, &session.caller.id, "I")?;
    }
    let Some(object) = session.whole.named("ContentVersion") else { return Ok(()) };
    let title = text(note, "Title").unwrap_or_default();
    let row = json!({
        "ContentDocumentId": id,
        "Title": title,
        "PathOnClient": format!("{}.snote", title.chars().take(400).collect::<String>()),
        "VersionData": note.get("Content").cloned().unwrap_or_default(),
    });
    make(session, object, &row)
}

/// A document goes, or comes back, with the note that it is.
pub(crate) fn settle_twin(session: &Session<'_>, twin: &str, id: &str, deleted: bool) -> Done<()> {
    let Some(object) = session.whole.named(twin) else { return Ok(()) };
    match session.tx.row(twin, id)? {
        Some(stored) if deleted && !stored.deleted => rows::bin(session, object, id, &stored),
        Some(stored) if !deleted && stored.deleted => rows::restore(session, object, id, &stored),
        Some(_) | None => Ok(()),
    }
}

/// Makes the document of a version, or gives it the version's names.
fn keep_document(
    session: &Session<'_>,
    id: &str,
    version: &Map<String, Value>,
    latest: &str,
) -> Done<()> {
    let Some(object) = session.whole.named("ContentDocument") else { return Ok(()) };
    let before = session.tx.row(&object.name, id)?;
    let mut row = before.as_ref().map_or_else(|| derive::blank(object), |row| row.body.clone());
    for name in ["Title", "FileType", "FileExtension", "ContentSize"] {
        row.insert(name.to_owned(), version.get(name).cloned().unwrap_or_default());
    }
    row.insert("LatestPublishedVersionId".to_owned(), json!(latest));
    if let Some(before) = before {
        return rows::amend(session, object, id, &before, row);
    }
    let now = clock::salesforce(session.tx.now_milliseconds());
    set(
        &mut row,
        [
            ("Id", json!(id)),
            ("OwnerId", json!(session.caller.id)),
            ("CreatedDate", json!(now)),
            ("CreatedById", json!(session.caller.id)),
        ],
    );
    rows::amend_new(session, object, id, row)
}

/// Shows a document on a page.
fn link(session: &Session<'_>, document: &str, place: &str, share: &str) -> Done<()> {
    let Some(object) = session.whole.named("ContentDocumentLink") else { return Ok(()) };
    let row = json!({ "ContentDocumentId": document, "LinkedEntityId": place, "ShareType": share });
    make(session, object, &row)
}

fn make(session: &Session<'_>, object: &Object, row: &Value) -> Done<()> {
    let row = row.as_object().cloned().unwrap_or_default();
    rows::create(&Session { org: session.whole, ..*session }, object, &row, None)?;
    Ok(())
}

/// The versions of a document, those in the bin too.
fn versions(session: &Session<'_>, document: &str) -> Done<Vec<StoredRow>> {
    let pick = Pick::Key("ContentDocumentId".to_owned(), vec![document.to_owned()]);
    Ok(session.tx.rows("ContentVersion", &pick)?)
}

fn set<const N: usize>(row: &mut Map<String, Value>, values: [(&str, Value); N]) {
    for (name, value) in values {
        row.insert(name.to_owned(), value);
    }
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name).and_then(Value::as_str)
}

fn decoded(row: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    text(row, name).map_or_else(|| Some(Vec::new()), sign::from_base64)
}

/// How many bytes a field holds.
fn size(row: &Map<String, Value>, name: &str) -> Value {
    json!(decoded(row, name).map_or(0, |bytes| bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_note_is_escaped_and_has_few_tags() {
        assert_eq!(plain("<p>a &amp; b</p><br/>&#228;&lt;").as_deref(), Some("a & bä<"));
        for wrong in ["a & b", "a < b", "a > b", "<script>x</script>", "<p onclick=x>a</p>", "&;"] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
    }
}
