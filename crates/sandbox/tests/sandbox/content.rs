//! Notes, files, attachments and posts, as clients write and read them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    client::{Client, DATA, Got},
    rows::deal,
    writes::by_soap,
};

fn coded(text: &str) -> String {
    STANDARD.encode(text)
}

/// The bytes at an address that a row told.
async fn bytes(client: &Client, address: &str) -> Got {
    let path = address.strip_prefix(DATA).unwrap();
    client.rep("GET", path, &Value::Null).await
}

async fn row(client: &Client, object: &str, id: &str) -> Value {
    client.rep("GET", &format!("/sobjects/{object}/{id}"), &Value::Null).await.is(200).body
}

#[tokio::test]
async fn a_note_is_written_linked_to_a_deal_and_read_again() {
    let client = Client::start().await;
    let deal = client.make("Opportunity", &deal("Noted")).await;
    let content = coded("<p>Tom &amp; Ada</p>");
    let note = client.make("ContentNote", &json!({ "Title": "Call", "Content": content })).await;
    assert!(note.starts_with("069"), "{note}");
    let link = json!({ "ContentDocumentId": note, "LinkedEntityId": deal, "ShareType": "V" });
    let link_id = client.make("ContentDocumentLink", &link).await;
    assert_eq!(row(&client, "ContentDocumentLink", &link_id).await["Visibility"], "AllUsers");
    let again = client.rep("POST", "/sobjects/ContentDocumentLink", &link).await.is(400);
    assert_eq!(again.text("/0/errorCode"), "DUPLICATE_VALUE");

    let shown = row(&client, "ContentNote", &note).await;
    assert_eq!(shown["TextPreview"], "Tom & Ada");
    assert_eq!((&shown["FileType"], &shown["ContentSize"]), (&json!("SNOTE"), &json!(20)));
    let address = shown["Content"].as_str().unwrap();
    assert_eq!(address, format!("{DATA}/sobjects/ContentNote/{note}/Content"));
    let got = bytes(&client, address).await.is(200);
    assert_eq!(got.said, "<p>Tom &amp; Ada</p>");
    assert_eq!(got.headers["content-type"], "application/octet-stream");

    let soql = format!(
        "SELECT ContentDocument.Title, ContentDocument.FileType FROM ContentDocumentLink \
         WHERE LinkedEntityId = '{deal}'"
    );
    let got = client.query(&soql).await.is(200);
    assert_eq!(got.text("/records/0/ContentDocument/Title"), "Call");
    assert_eq!(got.text("/records/0/ContentDocument/FileType"), "SNOTE");
    let soql = format!("SELECT Content FROM ContentNote WHERE Id = '{note}'");
    assert_eq!(client.query(&soql).await.is(200).text("/records/0/Content"), address);
}

#[tokio::test]
async fn of_a_note_only_title_and_text_are_changed_and_each_change_is_a_version() {
    let client = Client::start().await;
    let note = client.make("ContentNote", &json!({ "Title": "One", "Content": coded("a") })).await;
    let path = format!("/sobjects/ContentNote/{note}");
    client.rep("PATCH", &path, &json!({ "Content": coded("b") })).await.is(204);
    client.rep("PATCH", &path, &json!({ "Title": "Two" })).await.is(204);
    client.rep("PATCH", &path, &json!({ "Title": "Two" })).await.is(204);
    for (name, value) in [
        ("TextPreview", json!("x")),
        ("FileType", json!("PDF")),
        ("OwnerId", json!("0055g0000000001AAA")),
    ] {
        let got = client.rep("PATCH", &path, &json!({ name: value })).await.is(400);
        assert_eq!(got.text("/0/errorCode"), "INVALID_FIELD_FOR_INSERT_UPDATE", "{name}");
    }
    let soql = format!(
        "SELECT Title, IsLatest, VersionNumber FROM ContentVersion WHERE ContentDocumentId = '{note}' \
         ORDER BY VersionNumber"
    );
    let got = client.query(&soql).await.is(200);
    let versions: Vec<(&str, &Value)> = got.body["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["Title"].as_str().unwrap(), &row["IsLatest"]))
        .collect();
    assert_eq!(versions, [("One", &json!(false)), ("One", &json!(false)), ("Two", &json!(true))]);
    assert_eq!(row(&client, "ContentDocument", &note).await["Title"], "Two");
}

#[tokio::test]
async fn a_note_that_is_not_escaped_is_refused_and_leaves_nothing() {
    let client = Client::start().await;
    for wrong in ["a & b", "<script>x</script>", "1 < 2"] {
        let body = json!({ "Title": "Bad", "Content": coded(wrong) });
        let got = client.rep("POST", "/sobjects/ContentNote", &body).await.is(400);
        assert!(got.text("/0/message").contains("Unescaped Characters"), "{wrong}");
    }
    let body = json!({ "Title": "Bad", "Content": "no base64!" });
    let got = client.rep("POST", "/sobjects/ContentNote", &body).await.is(400);
    assert_eq!(got.text("/0/errorCode"), "JSON_PARSER_ERROR");
    for object in ["ContentNote", "ContentDocument", "ContentVersion", "ContentDocumentLink"] {
        let got = client.query(&format!("SELECT COUNT() FROM {object}")).await.is(200);
        assert_eq!(got.body["totalSize"], json!(0), "{object}");
    }
}

#[tokio::test]
async fn a_file_has_versions_a_document_and_a_page_and_goes_as_a_whole() {
    let client = Client::start().await;
    let deal = client.make("Opportunity", &deal("Filed")).await;
    let file = json!({
        "PathOnClient": "C:\\quotes\\Offer.pdf", "VersionData": coded("%PDF one"),
        "FirstPublishLocationId": deal,
    });
    let first = client.make("ContentVersion", &file).await;
    let shown = row(&client, "ContentVersion", &first).await;
    let facts = ["Title", "FileType", "FileExtension", "VersionNumber"].map(|name| &shown[name]);
    assert_eq!(facts, [&json!("Offer"), &json!("PDF"), &json!("pdf"), &json!("1")]);
    let address = shown["VersionData"].as_str().unwrap();
    assert_eq!(address, format!("{DATA}/sobjects/ContentVersion/{first}/VersionData"));
    assert_eq!(bytes(&client, address).await.is(200).said, "%PDF one");
    let document = shown["ContentDocumentId"].as_str().unwrap().to_owned();

    let next = json!({
        "ContentDocumentId": document, "Title": "Better", "PathOnClient": "Offer2.pdf",
        "VersionData": coded("%PDF two"),
    });
    let second = client.make("ContentVersion", &next).await;
    let whole = row(&client, "ContentDocument", &document).await;
    assert_eq!(
        (&whole["Title"], &whole["LatestPublishedVersionId"]),
        (&json!("Better"), &json!(second))
    );
    assert_eq!(row(&client, "ContentVersion", &first).await["IsLatest"], json!(false));
    let path = format!("/sobjects/ContentVersion/{second}");
    let got = client.rep("PATCH", &path, &json!({ "VersionData": coded("x") })).await.is(400);
    assert_eq!(got.text("/0/errorCode"), "INVALID_FIELD_FOR_INSERT_UPDATE");
    client.rep("DELETE", &path, &Value::Null).await.is(400);
    let got = client.rep("POST", "/sobjects/ContentDocument", &json!({})).await.is(400);
    assert_eq!(got.text("/0/errorCode"), "INVALID_TYPE_FOR_OPERATION");

    let soql = format!("SELECT ShareType FROM ContentDocumentLink WHERE LinkedEntityId = '{deal}'");
    assert_eq!(client.names("ShareType", &soql).await, ["V"]);
    client
        .rep("DELETE", &format!("/sobjects/ContentDocument/{document}"), &Value::Null)
        .await
        .is(204);
    for object in ["ContentVersion", "ContentDocumentLink"] {
        let got = client.query(&format!("SELECT COUNT() FROM {object}")).await.is(200);
        assert_eq!(got.body["totalSize"], json!(0), "{object}");
    }
}

#[tokio::test]
async fn a_note_and_its_document_go_together_and_with_the_deal_only_the_link_goes() {
    let client = Client::start().await;
    let deal = client.make("Opportunity", &deal("Gone")).await;
    let note = client.make("ContentNote", &json!({ "Title": "N", "Content": coded("n") })).await;
    let link = json!({ "ContentDocumentId": note, "LinkedEntityId": deal, "ShareType": "V" });
    client.make("ContentDocumentLink", &link).await;
    client.rep("DELETE", &format!("/sobjects/Opportunity/{deal}"), &Value::Null).await.is(204);
    let soql = "SELECT ShareType FROM ContentDocumentLink";
    assert_eq!(client.names("ShareType", soql).await, ["I"]);
    row(&client, "ContentNote", &note).await;
    client.rep("DELETE", &format!("/sobjects/ContentDocument/{note}"), &Value::Null).await.is(204);
    for object in ["ContentNote", "ContentDocument"] {
        let path = format!("/sobjects/{object}/{note}");
        let got = client.rep("GET", &path, &Value::Null).await.is(404);
        assert_eq!(got.text("/0/errorCode"), "ENTITY_IS_DELETED", "{object}");
    }
    by_soap(&client, "undelete", &[&note]).await;
    assert_eq!(row(&client, "ContentNote", &note).await["Title"], "N");
    assert_eq!(
        client.names("VersionNumber", "SELECT VersionNumber FROM ContentVersion").await,
        ["1"]
    );
    assert_eq!(client.names("ShareType", soql).await, ["I"]);
}

#[tokio::test]
async fn attachments_posts_and_roles_are_there() {
    let client = Client::start().await;
    let deal = client.make("Opportunity", &deal("With more")).await;
    let body = json!({ "ParentId": deal, "Name": "a.txt", "Body": coded("hello") });
    let attached = client.make("Attachment", &body).await;
    let shown = row(&client, "Attachment", &attached).await;
    assert_eq!(shown["BodyLength"], json!(5));
    assert_eq!(bytes(&client, shown["Body"].as_str().unwrap()).await.is(200).said, "hello");
    let path = format!("/sobjects/Attachment/{attached}/Name");
    client.rep("GET", &path, &Value::Null).await.is(404);

    let got = client.rep("POST", "/sobjects/FeedItem", &json!({ "ParentId": deal })).await.is(400);
    assert_eq!(got.text("/0/errorCode"), "REQUIRED_FIELD_MISSING");
    client.make("FeedItem", &json!({ "ParentId": deal, "Body": "Shared with Microsoft" })).await;
    let got = client.query("SELECT Type, Parent.Name FROM FeedItem").await.is(200);
    assert_eq!(got.text("/records/0/Type"), "TextPost");
    assert_eq!(got.text("/records/0/Parent/Name"), "With more");

    let soql = "SELECT UserRole.Name FROM User WHERE Alias = 'rep'";
    let got = client.query(soql).await.is(200);
    assert_eq!(got.text("/records/0/UserRole/Name"), "Director of Sales");
    let described = client.rep("GET", "/sobjects/ContentVersion/describe", &Value::Null).await;
    let fields = described.body["fields"].as_array().unwrap().clone();
    let data = fields.iter().find(|field| field["name"] == "VersionData").unwrap();
    assert_eq!((&data["type"], &data["soapType"]), (&json!("base64"), &json!("xsd:base64Binary")));
}
