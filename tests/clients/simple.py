"""simple-salesforce against the sandbox: everything that a sync tool does with it, over https.

In: the ready file's path. Out: a line for each step. Must not know: the sandbox's inside.
"""

from datetime import datetime, timedelta, timezone

from simple_salesforce import Salesforce, SFType, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id
from steps import BOX, end, step

HOST = BOX["https_url"].removeprefix("https://")
# The client makes `https://{domain}.salesforce.com` of it.
DOMAIN = f"{HOST}/login"
VERSION = "60.0"


def refused(kind, call, code=None):
    """What a call is refused with; fails when it is not."""
    try:
        call()
    except kind as error:
        if code is not None:
            assert error.content[0]["errorCode"] == code, error.content
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was refused")


def deal(name, **more):
    return {"Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31", **more}


def client():
    return Salesforce(
        consumer_key=BOX["client_id"], consumer_secret=BOX["client_secret"], domain=DOMAIN, version=VERSION
    )


@step("login with client credentials")
def _():
    sf = client()
    assert sf.sf_instance == HOST, sf.sf_instance
    assert sf.query("SELECT Id FROM User")["totalSize"] >= 2


@step("login with user name, password and application")
def _():
    sf = Salesforce(
        username=BOX["username"], password=BOX["password"] + BOX["security_token"],
        consumer_key=BOX["client_id"], consumer_secret=BOX["client_secret"], domain=DOMAIN, version=VERSION,
    )
    assert sf.auth_type == "password"
    assert sf.limits()["DailyApiRequests"]["Max"] > 0


@step("login by SOAP with a security token")
def _():
    sf = Salesforce(
        username=BOX["username"], password=BOX["password"], security_token=BOX["security_token"],
        domain=DOMAIN, version=VERSION,
    )
    assert sf.sf_instance == HOST, sf.sf_instance
    assert sf.query("SELECT Id FROM User")["totalSize"] >= 2


@step("login by SOAP with an organisation's id")
def _():
    organization = client().query("SELECT Id FROM Organization")["records"][0]["Id"]
    sf = Salesforce(
        username=BOX["username"], password=BOX["password"], organizationId=organization,
        domain=DOMAIN, version=VERSION,
    )
    assert sf.describe()["sobjects"]


@step("login with a signed assertion")
def _():
    sf = Salesforce(
        username=BOX["username"], consumer_key=BOX["client_id"], privatekey=BOX["private_key_pem"],
        domain=DOMAIN, version=VERSION,
    )
    assert sf.auth_type == "jwt-bearer"
    assert sf.oauth2("userinfo")["preferred_username"] == BOX["username"]


@step("wrong passwords, secrets and users are refused")
def _():
    def login(**more):
        return lambda: Salesforce(domain=DOMAIN, version=VERSION, **more)

    soap = login(username=BOX["username"], password="x", security_token="")
    assert refused(SalesforceAuthenticationFailed, soap).code == "INVALID_LOGIN"
    secret = login(consumer_key=BOX["client_id"], consumer_secret="x")
    assert refused(SalesforceAuthenticationFailed, secret).code == "invalid_client"
    key = login(username="nobody", consumer_key=BOX["client_id"], privatekey=BOX["private_key_pem"])
    assert refused(SalesforceAuthenticationFailed, key).code == "invalid_grant"


@step("an access token of the ready file")
def _():
    sf = Salesforce(session_id=BOX["access_token"], instance_url=BOX["https_url"], version=VERSION)
    assert sf.is_sandbox() is True
    gone = Salesforce(session_id="gone", instance_url=BOX["https_url"], version=VERSION)
    refused(SalesforceExpiredSession, gone.describe, "INVALID_SESSION_ID")


SF = client()


@step("a session that ended is opened again")
def _():
    sf = client()
    sf.oauth2("revoke", params={"token": sf.session_id}, method="POST")
    before = sf.session_id
    assert sf.query("SELECT Id FROM User")["done"] is True
    assert sf.session_id != before


@step("create, get, update, delete")
def _():
    made = SF.Account.create({"Name": "Alpine & Co"})
    assert made["success"] is True and made["errors"] == [] and made["id"].startswith("001")
    row = SF.Account.get(made["id"])
    assert row["Name"] == "Alpine & Co" and row["attributes"]["type"] == "Account"
    assert SF.Account.update(made["id"], {"Name": "Alpine"}) == 204
    assert SF.Account.update(made["id"], {"Description": None}, raw_response=True).status_code == 204
    assert SF.Account.get(made["id"])["Name"] == "Alpine"
    assert SF.Account.delete(made["id"]) == 204
    error = refused(SalesforceResourceNotFound, lambda: SF.Account.get(made["id"]), "ENTITY_IS_DELETED")
    assert error.content[0]["message"] == "entity is deleted"
    refused(SalesforceResourceNotFound, lambda: SF.Account.delete(made["id"]), "ENTITY_IS_DELETED")


@step("upsert and get by an external id")
def _():
    key = format_external_id("Referral_Identifier__c", "py/1 ü")
    assert SF.Opportunity.upsert(key, deal("One")) == 201
    assert SF.Opportunity.upsert(key, {"Name": "Two"}) == 200
    again = SF.Opportunity.upsert(key, {"Name": "Two"}, raw_response=True).json()
    assert again["created"] is False and again["success"] is True
    assert SF.Opportunity.get(key)["Name"] == "Two"
    SF.Opportunity.upsert("Referral_Identifier__c/py-2", deal("Plain"))
    assert SF.Opportunity.get_by_custom_id("Referral_Identifier__c", "py-2")["Name"] == "Plain"
    old = Salesforce(session_id=SF.session_id, instance_url=BOX["https_url"], version="45.0")
    assert old.Opportunity.upsert("Referral_Identifier__c/py-2", {"Name": "Old"}) == 204
    refused(
        SalesforceResourceNotFound, lambda: SF.Opportunity.get_by_custom_id("Nothing__c", "x"), "NOT_FOUND"
    )


@step("several matches of an upsert")
def _():
    for name in ("One", "Two"):
        SF.Contact.create({"LastName": name, "Email": "twin@py.example"})
    upsert = lambda: SF.Contact.upsert("Email/twin@py.example", {"LastName": "x"})
    error = refused(SalesforceMoreThanOneRecord, upsert)
    assert len(error.content) == 2 and "/sobjects/Contact/003" in error.content[0]


@step("SFType of its own")
def _():
    contact = SFType("Contact", SF.session_id, HOST, VERSION)
    made = contact.create({"LastName": "Typed"})
    assert contact.upsert(f"Id/{made['id']}", {"FirstName": "A"}) == 200
    assert contact.get(made["id"])["Name"] == "A Typed"
    assert contact.metadata()["objectDescribe"]["name"] == "Contact"
    assert contact.api_usage["api-usage"].used > 0


@step("headers of a call")
def _():
    made = SF.Contact.create({"LastName": "Marked"}, headers={"Sforce-Call-Options": "client=cosell"})
    stale = {"If-Unmodified-Since": "Mon, 02 Mar 2020 09:14:27 GMT"}
    error = refused(Exception, lambda: SF.Contact.update(made["id"], {"FirstName": "x"}, headers=stale))
    assert error.status == 412, error


@step("collections")
def _():
    records = [{"attributes": {"type": "Opportunity"}, **deal(f"Py {n}")} for n in range(200)]
    made = SF.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    assert len(made) == 200 and all(one["success"] for one in made)
    ids = ",".join(one["id"] for one in made[:3])
    found = SF.restful("composite/sobjects/Opportunity", params={"ids": ids, "fields": "Name"})
    assert [row["Name"] for row in found] == ["Py 0", "Py 1", "Py 2"]
    changes = [{"attributes": {"type": "Opportunity"}, "id": one["id"], "NextStep": "x"} for one in made]
    changed = SF.restful("composite/sobjects", method="PATCH", json={"records": changes})
    assert all(one["success"] for one in changed)
    keyed = [{"attributes": {"type": "Opportunity"}, "Referral_Identifier__c": f"pc-{n}", **deal("k")} for n in range(3)]
    path = "composite/sobjects/Opportunity/Referral_Identifier__c"
    for created in (True, False):
        upserted = SF.restful(path, method="PATCH", json={"records": keyed})
        assert [one["created"] for one in upserted] == [created] * 3
    gone = SF.restful("composite/sobjects", method="DELETE", params={"ids": ids, "allOrNone": "true"})
    assert all(one["success"] for one in gone)
    many = {"records": records + records[:1]}
    refused(SalesforceMalformedRequest, lambda: SF.restful("composite/sobjects", method="POST", json=many))


@step("query, query_more, query_all, query_all_iter")
def _():
    soql = "SELECT Id, Name FROM Opportunity WHERE Name LIKE 'Py %' ORDER BY Name"
    extra = [{"attributes": {"type": "Opportunity"}, **deal(f"Py x{n}")} for n in range(60)]
    SF.restful("composite/sobjects", method="POST", json={"records": extra})
    small = {"Sforce-Query-Options": "batchSize=200"}
    first = SF.query(soql, headers=small)
    assert first["totalSize"] == 257 and first["done"] is False and len(first["records"]) == 200
    more = SF.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert more["done"] is True and len(more["records"]) == 57
    short = first["nextRecordsUrl"].rsplit("/", 1)[1]
    assert len(SF.query_more(short)["records"]) == 57
    assert SF.query_all(soql, headers=small)["totalSize"] == 257
    assert len({row["Id"] for row in SF.query_all_iter(soql, headers=small)}) == 257
    binned = SF.query_all("SELECT Id FROM Opportunity WHERE Name LIKE 'Py _' AND IsDeleted = true", include_deleted=True)
    assert binned["totalSize"] == 3


@step("a query with parents, children and quoted values")
def _():
    name = "O'Neil \\ \"100%\"\n_x"
    account = SF.Account.create({"Name": name.replace("\n", " ")})["id"]
    SF.Contact.create({"LastName": "Berg", "AccountId": account})
    soql = format_soql(
        "SELECT Name, Owner.Name, (SELECT LastName FROM Contacts) FROM Account WHERE Name = {} AND Id IN {}"
        " AND Name LIKE '{:like}%' AND CreatedDate > {}",
        name.replace("\n", " "), [account], "O'Neil", datetime(2020, 1, 1, tzinfo=timezone.utc),
    )
    found = SF.query(soql)["records"]
    assert [row["LastName"] for row in found[0]["Contacts"]["records"]] == ["Berg"]
    assert found[0]["Owner"]["attributes"]["type"] == "User"
    counted = SF.query("SELECT COUNT() FROM Contact")
    assert counted["records"] == [] and counted["totalSize"] > 0
    grouped = SF.query(f"SELECT AccountId, COUNT(Id) FROM Contact WHERE AccountId = '{account}' GROUP BY AccountId")
    assert grouped["records"][0]["expr0"] == 1


@step("describe, limits, usage")
def _():
    names = [one["name"] for one in SF.describe()["sobjects"]]
    assert {"Account", "Contact", "Opportunity", "User"} <= set(names)
    fields = {one["name"]: one for one in SF.Opportunity.describe()["fields"]}
    assert fields["Referral_Identifier__c"]["externalId"] is True
    assert fields["CloseDate"]["type"] == "date"
    limits = SF.limits()["DailyApiRequests"]
    assert limits["Max"] >= limits["Remaining"]
    usage = SF.api_usage["api-usage"]
    assert 0 < usage.used <= usage.total


@step("updated and deleted")
def _():
    start = datetime.now(timezone.utc) - timedelta(hours=1)
    end = datetime.now(timezone.utc) + timedelta(minutes=2)
    stays = SF.Contact.create({"LastName": "Stays"})["id"]
    goes = SF.Contact.create({"LastName": "Goes"})["id"]
    SF.Contact.delete(goes)
    assert stays in SF.Contact.updated(start, end)["ids"]
    assert goes in [one["id"] for one in SF.Contact.deleted(start, end)["deletedRecords"]]


@step("composite, batch and tree")
def _():
    part = lambda method, path, reference, body=None: {
        "method": method, "url": f"/services/data/v{VERSION}{path}", "referenceId": reference, "body": body,
    }
    answer = SF.restful("composite", method="POST", json={
        "allOrNone": True,
        "compositeRequest": [
            part("POST", "/sobjects/Account", "a", {"Name": "Composite"}),
            part("POST", "/sobjects/Contact", "c", {"LastName": "C", "AccountId": "@{a.id}"}),
            part("GET", "/sobjects/Contact/@{c.id}?fields=Name,AccountId", "g"),
        ],
    })["compositeResponse"]
    assert [one["httpStatusCode"] for one in answer] == [201, 201, 200]
    assert answer[2]["body"]["AccountId"] == answer[0]["body"]["id"]
    batch = SF.restful("composite/batch", method="POST", json={
        "haltOnError": True,
        "batchRequests": [
            {"method": "GET", "url": f"v{VERSION}/sobjects/Account/0015g0000000zzz"},
            {"method": "GET", "url": f"v{VERSION}/limits"},
        ],
    })
    assert [one["statusCode"] for one in batch["results"]] == [404, 412], batch
    tree = SF.restful("composite/tree/Account", method="POST", json={"records": [
        {"attributes": {"type": "Account", "referenceId": "r1"}, "Name": "Tree"},
    ]})
    assert tree["hasErrors"] is False and tree["results"][0]["referenceId"] == "r1"


@step("bulk jobs")
def _():
    rows = [{"LastName": f"Bulk {n}", "Title": "a,b \"c\""} for n in range(5)] + [{"LastName": "", "Title": "x"}]
    done = SF.bulk2.Contact.insert(records=rows)[0]
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (6, 1), done
    failed = SF.bulk2.Contact.get_failed_records(done["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed, failed
    table = "".join(SF.bulk2.Contact.query("SELECT Id, LastName, Title FROM Contact WHERE LastName LIKE 'Bulk %'"))
    assert table.count("Bulk ") == 5 and '""c""' in table, table
    keyed = [deal("Bulk", Referral_Identifier__c=f"bulk-{n}") for n in range(3)]
    for _ in range(2):
        done = SF.bulk2.Opportunity.upsert(records=keyed, external_id_field="Referral_Identifier__c")[0]
        assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 0), done
    ids = SF.query("SELECT Id FROM Opportunity WHERE Referral_Identifier__c LIKE 'bulk-%'")["records"]
    assert len(ids) == 3
    done = SF.bulk2.Opportunity.delete(records=[{"Id": row["Id"]} for row in ids])[0]
    assert done["numberRecordsFailed"] == 0


@step("what stands around a deal")
def _():
    lead = SF.Lead.create({"LastName": "Tal", "Company": "Tal & Co", "Street": "Weg 1"})["id"]
    row = SF.Lead.get(lead)
    assert (row["Status"], row["IsConverted"], row["Address"]["street"]) == ("Open - Not Contacted", False, "Weg 1")
    contact = SF.Contact.create({"LastName": "Tal", "Birthdate": "1990-01-02", "MailingCity": "Bern"})["id"]
    assert SF.Contact.get(contact)["MailingAddress"]["city"] == "Bern"
    case = SF.Case.create({"Subject": "It rattles", "ContactId": contact})["id"]
    assert SF.Case.update(case, {"Status": "Closed"}) == 204
    closed = SF.Case.get(case)
    assert closed["IsClosed"] is True and closed["ClosedDate"]
    task = SF.Task.create({"Subject": "Call", "WhoId": contact, "Priority": "High"})["id"]
    assert SF.Task.get(task)["IsHighPriority"] is True
    layout = SF.Account.describe_layout("012000000000000AAA")
    assert layout["detailLayoutSections"] and SF.Account.metadata()["recentItems"] == []
    assert {"queryAll", "recent", "limits"} <= set(SF.restful(""))
    counts = SF.restful("limits/recordCount", params={"sObjects": "OpportunityStage"})
    assert counts["sObjects"] == [{"count": 10, "name": "OpportunityStage"}]


@step("all the records of a bulk job")
def _():
    done = SF.bulk2.Account.insert(records=[{"Name": "Bulk one"}, {"Name": ""}])[0]
    records = SF.bulk2.Account.get_all_ingest_records(done["job_id"])
    sizes = {kind: len(rows) for kind, rows in records.items()}
    assert sizes == {"successfulRecords": 1, "failedRecords": 1, "unprocessedRecords": 0}, sizes


@step("each refusal has its class and its body")
def _():
    SF.Opportunity.create(deal("First", Referral_Identifier__c="py-unique"))
    for code, row in [
        ("REQUIRED_FIELD_MISSING", {"Name": "x"}),
        ("STRING_TOO_LONG", deal("x" * 121)),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", deal("x", StageName="Nothing")),
        ("DUPLICATE_VALUE", deal("x", Referral_Identifier__c="PY-unique")),
        ("INVALID_FIELD", deal("x", Nothing__c=1)),
        ("JSON_PARSER_ERROR", deal("x", CloseDate="31.12.2026")),
    ]:
        refused(SalesforceMalformedRequest, lambda: SF.Opportunity.create(row), code)
    refused(SalesforceMalformedRequest, lambda: SF.query("SELECT Nix FROM Account"), "INVALID_FIELD")
    refused(SalesforceMalformedRequest, lambda: SF.query("SELECT FROM"), "MALFORMED_QUERY")
    refused(SalesforceMalformedRequest, lambda: SF.query("SELECT Id FROM Nix"), "INVALID_TYPE")
    refused(SalesforceResourceNotFound, lambda: SF.Nothing.describe(), "NOT_FOUND")
    refused(SalesforceResourceNotFound, lambda: SF.restful("nothing"), "NOT_FOUND")


end()
