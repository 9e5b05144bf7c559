// salesforce-pubsub-api-client subscribes to changes over gRPC, as it does with the real Pub/Sub API.
//
// In: the ready file's path, `CLIENT_HOME`. Out: a line for each step. Must not know: the sandbox's inside.
'use strict';

const { assert, step, end, ready, need } = require('./steps.cjs');

const PubSubApiClient = need('salesforce-pubsub-api-client').default;
const jsforce = need('jsforce');
const box = ready.salesforce;
const TOPIC = '/data/OpportunityChangeEvent';
const deal = (name, more) => ({ Name: name, StageName: 'Prospecting', CloseDate: '2026-12-31', ...more });
const silent = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, () => {}]));
const rep = new jsforce.Connection({ instanceUrl: box.url, accessToken: box.access_token, version: '60.0' });
const deals = rep.sobject('Opportunity');

/** The client takes the authorities of its own bundle alone; this is its own switch for others. */
const config = (more) => ({
  pubSubEndpoint: `localhost:${new URL(box.pubsub_url).port}`,
  rejectUnauthorizedSsl: false,
  authType: 'oauth-client-credentials',
  loginUrl: box.url,
  clientId: box.client_id,
  clientSecret: box.client_secret,
  ...more,
});

async function connected(more) {
  const client = new PubSubApiClient(config(more), silent);
  await client.connect();
  return client;
}

/** Orders something of the sandbox's administration. */
async function admin(path, body) {
  const response = await fetch(`${ready.admin.url}/salesforce/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.admin.token}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.ok(response.ok, `${path}: ${response.status}`);
}

/** All that a subscription says. */
function heard() {
  const all = [];
  const of = (kind) => all.filter((one) => one.kind === kind).map((one) => one.data);
  return {
    info: () => all.at(-1)?.info,
    callback: (info, kind, data) => all.push({ info, kind, data }),
    of,
    async until(kind, count) {
      for (let tries = 0; tries < 200 && of(kind).length < count; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const said = JSON.stringify(all.map((one) => [one.kind, String(one.data)]));
      assert.ok(of(kind).length >= count, `${count} of ${kind} were expected: ${said}`);
      return of(kind);
    },
  };
}

async function changes() {
  const client = await connected();
  const told = heard();
  let id;
  await step('subscribe from now on, keep alive', async () => {
    await admin('changes/keep-alive', { milliseconds: 200 });
    client.subscribe(TOPIC, told.callback);
    await told.until('grpcKeepAlive', 1);
    await admin('changes/keep-alive', { milliseconds: 270000 });
  });
  await step('a new record', async () => {
    ({ id } = await deals.create(deal('Gletscherbahn', { Amount: 125000.5, NextStep: 'call' })));
    const [{ payload }] = await told.until('event', 1);
    const header = payload.ChangeEventHeader;
    assert.deepEqual([header.changeType, header.entityName], ['CREATE', 'Opportunity']);
    assert.deepEqual([header.recordIds, header.changedFields], [[id], []]);
    assert.deepEqual([payload.Name, payload.Amount], ['Gletscherbahn', 125000.5]);
    assert.equal(payload.CloseDate, Date.parse('2026-12-31T00:00:00Z'));
    assert.equal(header.sequenceNumber, 1);
    assert.ok(Number.isSafeInteger(header.commitNumber) && header.transactionKey);
  });
  await step('a changed record, with its origin and its bitmaps', async () => {
    const headers = { 'Sforce-Call-Options': 'client=cosell' };
    await deals.update({ Id: id, Amount: 99, NextStep: null }, { headers });
    const [, { payload }] = await told.until('event', 2);
    const header = payload.ChangeEventHeader;
    assert.equal(header.changeType, 'UPDATE');
    assert.equal(header.changeOrigin, 'com/salesforce/api/rest/60.0;client=cosell');
    assert.deepEqual(header.changedFields, ['Amount', 'NextStep', 'LastModifiedDate']);
    assert.deepEqual(header.nulledFields, ['NextStep']);
    assert.deepEqual([payload.Amount, payload.NextStep, payload.Name], [99, null, null]);
  });
  await step('a deleted record', async () => {
    await deals.destroy(id);
    const [, , { payload }] = await told.until('event', 3);
    assert.equal(payload.ChangeEventHeader.changeType, 'DELETE');
  });
  await step('a record brought back from the bin', async () => {
    const [{ success }] = await rep.soap.undelete([id]);
    assert.equal(String(success), 'true');
    const [, , , { payload }] = await told.until('event', 4);
    assert.equal(payload.ChangeEventHeader.changeType, 'UNDELETE');
    assert.equal(payload.Name, 'Gletscherbahn');
  });
  await step('a stream that is cut', async () => {
    // Before any client is closed: a closed one does not listen any more, and its streams are still open.
    await admin('changes/drop-streams');
    const [error] = await told.until('error', 1);
    assert.equal(error.code, 14);
  });
  client.close();
  return told.of('event').map((event) => event.replayId);
}

async function compound() {
  const client = await connected();
  await step('compound fields and their bitmaps', async () => {
    const told = heard();
    const { id } = await rep.sobject('Account').create({ Name: 'Alpine', ShippingCity: 'Bern' });
    await rep.sobject('Account').update({ Id: id, ShippingCity: 'Biel', Phone: '1' });
    client.subscribeFromEarliestEvent('/data/AccountChangeEvent', told.callback, 2);
    const [made, moved] = (await told.until('event', 2)).map((event) => event.payload);
    assert.equal(made.ShippingAddress.City, 'Bern');
    const changed = ['Phone', 'LastModifiedDate', 'ShippingAddress.City'];
    assert.deepEqual(moved.ChangeEventHeader.changedFields.sort(), changed.sort());
    assert.equal(moved.ShippingAddress.City, 'Biel');
  });
  client.close();
}

async function pace() {
  await step('no more than was asked for, then more', async () => {
    const client = await connected();
    const told = heard();
    for (const name of ['one', 'two', 'three']) await deals.create(deal(name));
    client.subscribeFromEarliestEvent(TOPIC, told.callback, 2);
    await told.until('lastEvent', 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(told.of('event').length, 2);
    client.requestAdditionalEvents(TOPIC, 3);
    await told.until('lastEvent', 2);
    assert.equal(told.of('event').length, 5);
    client.close();
  });
}

async function replay(ids) {
  await step('go on after a replay id', async () => {
    const client = await connected();
    const told = heard();
    client.subscribeFromReplayId(TOPIC, told.callback, ids.length - 1, ids[0]);
    const events = await told.until('event', ids.length - 1);
    assert.deepEqual(events.map((event) => event.replayId), ids.slice(1));
    client.close();
  });
  await step('a replay id that is too old is refused', async () => {
    await admin('changes/expire', { keep: 1 });
    const client = await connected();
    const told = heard();
    client.subscribeFromReplayId(TOPIC, told.callback, 2, ids[0]);
    const [error] = await told.until('error', 1);
    assert.equal(error.code, 3);
    const code = 'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted';
    assert.deepEqual(error.metadata.get('error-code'), [code]);
    client.close();
  });
}

async function refusals() {
  await step('a token of one’s own, and one that is none', async () => {
    const own = { authType: 'user-supplied', instanceUrl: box.https_url, accessToken: box.access_token };
    const told = heard();
    const client = await connected(own);
    client.subscribeFromEarliestEvent(TOPIC, told.callback, 1);
    await told.until('lastEvent', 1);
    client.close();
    const stranger = await connected({ ...own, accessToken: `${box.access_token}x` });
    stranger.subscribe(TOPIC, told.callback);
    const [error] = await told.until('error', 1);
    assert.equal(error.code, 16);
    stranger.close();
  });
  await step('change events are not published', async () => {
    const client = await connected();
    await assert.rejects(client.publish(TOPIC, {}));
    client.close();
  });
}

async function all() {
  const ids = await changes();
  await compound();
  await pace();
  await replay(ids);
  await refusals();
  end();
  // The streams of closed clients would keep the program alive.
  process.exit();
}

all();
