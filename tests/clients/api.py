"""simple-salesforce against the sandbox: its older bulk jobs and its search, over https.

In: the ready file's path. Out: a line for each step. Must not know: the sandbox's inside.
"""

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError
from steps import BOX, end, step

SF = Salesforce(session_id=BOX["access_token"], instance_url=BOX["https_url"], version="60.0")


def deal(name, **more):
    return {"Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31", **more}


def found(where):
    return SF.query(f"SELECT Id, Name, NextStep FROM Opportunity WHERE {where} ORDER BY Name")["records"]


@step("bulk insert in batches")
def _():
    rows = [deal(f"Old {n}", Amount=n + 0.5) for n in range(5)] + [{"Name": "no stage"}]
    done = SF.bulk.Opportunity.insert(rows, batch_size=4, use_serial=True)
    assert [row["success"] for row in done] == [True] * 5 + [False], done
    assert done[5]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING", done[5]
    assert len(found("Name LIKE 'Old %'")) == 5


@step("bulk insert, batches as large as they may be")
def _():
    done = SF.bulk.Account.insert([{"Name": f"Auto {n}"} for n in range(3)], batch_size="auto")
    assert all(row["created"] for row in done) and len(done) == 3, done


@step("bulk update, with what was asked beside what came")
def _():
    rows = [{"Id": row["Id"], "NextStep": "call"} for row in found("Name LIKE 'Old %'")]
    done = SF.bulk.Opportunity.update(rows, include_detailed_results=True)
    assert done[0]["NextStep"] == "call" and done[0]["success"] is True, done[0]
    assert {row["NextStep"] for row in found("Name LIKE 'Old %'")} == {"call"}


@step("bulk upsert with a parent's key")
def _():
    rows = [deal(f"Key {n}", Referral_Identifier__c=f"old-{n}") for n in range(2)]
    for created in (True, False):
        done = SF.bulk.Opportunity.upsert(rows, "Referral_Identifier__c", batch_size=10000)
        assert [row["created"] for row in done] == [created] * 2, done
    solution = {"Name": "S", "Opportunity__r": {"Referral_Identifier__c": "old-1"}}
    done = SF.bulk.Microsoft_Solution__c.insert([solution])
    assert done[0]["success"], done
    row = SF.query("SELECT Opportunity__r.Name FROM Microsoft_Solution__c")["records"][0]
    assert row["Opportunity__r"]["Name"] == "Key 1", row


@step("bulk query, query_all, and lazily")
def _():
    soql = "SELECT Id, Name, Amount, CloseDate, Owner.Name FROM Opportunity WHERE Name LIKE 'Old %' ORDER BY Name"
    rows = SF.bulk.Opportunity.query(soql)
    assert [row["Name"] for row in rows] == [f"Old {n}" for n in range(5)], rows
    # Times are milliseconds here.
    assert rows[0]["CloseDate"] == 1798675200000 and rows[0]["Amount"] == 0.5, rows[0]
    SF.bulk.Opportunity.delete([{"Id": rows[0]["Id"]}])
    assert len(SF.bulk.Opportunity.query(soql)) == 4
    assert len(SF.bulk.Opportunity.query_all(soql)) == 5
    lazy = list(SF.bulk.Opportunity.query(soql, lazy_operation=True))
    assert [len(part) for part in lazy] == [4], lazy


@step("a bulk query that cannot be")
def _():
    try:
        SF.bulk.Opportunity.query("SELECT Nix FROM Opportunity")
    except SalesforceGeneralError as error:
        assert "INVALID_FIELD" in str(error), error
    else:
        raise AssertionError("nothing was refused")


@step("submit_dml")
def _():
    ids = [{"Id": row["Id"]} for row in found("Name LIKE 'Old %'")]
    done = SF.bulk.submit_dml("Opportunity", "delete", ids)
    assert all(row["success"] for row in done) and len(done) == 4, done


@step("search")
def _():
    made = SF.Account.create({"Name": "Waldo Works"})["id"]
    assert [row["Id"] for row in SF.quick_search("Waldo")["searchRecords"]] == [made]
    rows = SF.search("FIND {waldo} RETURNING Account(Name)")["searchRecords"]
    assert rows[0]["Name"] == "Waldo Works", rows
    assert SF.quick_search("nobody")["searchRecords"] == []


end()
