"""aiosfpubsub against the sandbox: SOAP login, then the Pub/Sub API over TLS, with gRPC's and Avro's own libraries.

In: the ready file's path. Out: a line for each step. Must not know: the sandbox's inside.
"""

import asyncio
import json
import os
import urllib.request
from urllib.parse import urlparse

import certifi

# The client trusts the authorities of this package and no others.
certifi.where = lambda: os.environ["REQUESTS_CA_BUNDLE"]

import grpc
from aiosfpubsub import Client
from steps import BOX, end, step

TOPIC = "/data/OpportunityChangeEvent"


def rest(method, path, body=None, **headers):
    """Writes as the sales rep does, over http."""
    request = urllib.request.Request(
        f"{BOX['url']}/services/data/v60.0/sobjects/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {BOX['access_token']}", "Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Enough(Exception):
    """All events came that were waited for."""


def read(client, start, count, replay_id=None):
    """So many events of the topic, decoded; and the answers' last replay id."""
    events, latest = [], []

    def take(answer, _):
        latest.append(answer.latest_replay_id)
        for one in answer.events:
            schema = client.get_schema_json(one.event.schema_id)
            events.append((one.replay_id, client.decode(schema, one.event.payload)))
        if len(events) >= count:
            raise Enough

    async def listen():
        await asyncio.wait_for(client.subscribe(TOPIC, start, replay_id, 10, take), 20)

    try:
        asyncio.run(listen())
    except Enough:
        pass
    assert len(events) == count, events
    assert latest[-1] == events[-1][0]
    return events


CLIENT = Client(
    BOX["https_url"],
    BOX["username"],
    BOX["password"] + BOX["security_token"],
    "127.0.0.1",
    urlparse(BOX["pubsub_url"]).port,
)
SEEN = []


@step("sign in by SOAP")
def _():
    CLIENT.auth()
    assert CLIENT.tenant_id == BOX["organization"]


@step("a topic and its schema")
def _():
    topic = CLIENT.get_topic(TOPIC)
    assert (topic.topic_name, topic.can_subscribe, topic.can_publish) == (TOPIC, True, False)
    schema = json.loads(CLIENT.get_schema_json(topic.schema_id))
    assert schema["name"] == "OpportunityChangeEvent"
    assert schema["fields"][0]["name"] == "ChangeEventHeader"


@step("events from the earliest one")
def _():
    deal = {"Name": "Depot", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 7.25}
    made = rest("POST", "Opportunity", deal)["id"]
    rest("PATCH", f"Opportunity/{made}", {"Name": "Dépôt"}, **{"Sforce-Call-Options": "client=cosell"})
    rest("DELETE", f"Opportunity/{made}")
    SEEN.extend(read(CLIENT, "EARLIEST", 3))
    headers = [event["ChangeEventHeader"] for _, event in SEEN]
    assert [header["changeType"] for header in headers] == ["CREATE", "UPDATE", "DELETE"]
    assert all(header["recordIds"] == [made] for header in headers)
    assert headers[1]["changeOrigin"].endswith(";client=cosell")
    assert (SEEN[0][1]["Amount"], SEEN[1][1]["Name"], SEEN[1][1]["Amount"]) == (7.25, "Dépôt", None)


@step("events after a replay id")
def _():
    again = read(CLIENT, "CUSTOM", 2, SEEN[0][0])
    assert again == SEEN[1:]


@step("a replay id that is none is refused")
def _():
    try:
        read(CLIENT, "CUSTOM", 1, b"nothing")
    except grpc.aio.AioRpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        codes = dict(error.trailing_metadata())
        assert codes["error-code"].endswith("fetch.replayid.corrupted"), codes
    else:
        raise AssertionError("it was not refused")


@step("a topic that is not there")
def _():
    try:
        CLIENT.get_topic("/data/NothingChangeEvent")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
    else:
        raise AssertionError("it was not refused")


end()
