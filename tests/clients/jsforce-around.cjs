// What stands around a deal, as jsforce drives it: price books, activities, roles, layouts, what was seen last,
// keys of collections, missed events, and a token that ends while it works.
//
// In: a connection. Out: a line for each step. Must not know: how the connection signed in.
'use strict';

const { assert, step, refused, ready, need } = require('./steps.cjs');

const jsforce = need('jsforce');
const { StreamingExtension } = need('jsforce/lib/api/streaming');
const deal = (name, more) => ({ Name: name, StageName: 'Prospecting', CloseDate: '2026-12-31', ...more });

async function products(c) {
  await step('the amount of a deal is that of its lines', async () => {
    const product = await c.sobject('Product2').create({ Name: 'Box', IsActive: true });
    const book = await c.sobject('Pricebook2').findOne({ IsStandard: true });
    const price = { Pricebook2Id: book.Id, Product2Id: product.id, UnitPrice: 100, IsActive: true };
    const entry = await c.sobject('PricebookEntry').create(price);
    const { id } = await c.sobject('Opportunity').create(deal('Lines', { Amount: 1 }));
    const line = (Quantity, UnitPrice) => ({ OpportunityId: id, PricebookEntryId: entry.id, Quantity, UnitPrice });
    const lines = await c.sobject('OpportunityLineItem').create([line(2, 90), line(1, 20)], { allOrNone: true });
    assert.ok(lines.every((one) => one.success));
    await c.sobject('Opportunity').update({ Id: id, Amount: 5 });
    const whole = await c.query(`SELECT Amount, Pricebook2.Name, HasOpportunityLineItem,
      (SELECT Product2.Name, TotalPrice FROM OpportunityLineItems ORDER BY TotalPrice) FROM Opportunity WHERE Id = '${id}'`);
    const [row] = whole.records;
    assert.deepEqual([row.Amount, row.Pricebook2.Name, row.HasOpportunityLineItem], [200, 'Standard Price Book', true]);
    const shown = row.OpportunityLineItems.records.map((one) => [one.Product2.Name, one.TotalPrice]);
    assert.deepEqual(shown, [['Box', 20], ['Box', 180]]);
  });
}

async function activities(c) {
  await step('tasks, events, notes and cases', async () => {
    const account = await c.sobject('Account').create({ Name: 'Busy', BillingCity: 'Bern', BillingCountry: 'CH' });
    const row = await c.sobject('Account').retrieve(account.id);
    assert.deepEqual([row.BillingAddress.city, row.BillingAddress.street], ['Bern', null]);
    const task = await c.sobject('Task').create({ Subject: 'Call', WhatId: account.id, Status: 'Completed' });
    const [found] = (await c.query(`SELECT IsClosed, What.Name, Account.Name FROM Task WHERE Id = '${task.id}'`)).records;
    assert.deepEqual([found.IsClosed, found.What.Name, found.Account.Name], [true, 'Busy', 'Busy']);
    const start = { StartDateTime: '2026-12-01T10:00:00Z', DurationInMinutes: 30 };
    const event = await c.sobject('Event').create({ Subject: 'Meet', ...start });
    assert.equal((await c.sobject('Event').retrieve(event.id)).EndDateTime, '2026-12-01T10:30:00.000+0000');
    await c.sobject('Note').create({ ParentId: account.id, Title: 'Seen' });
    const asked = await c.sobject('Case').create({ Subject: 'It rattles', AccountId: account.id });
    assert.match((await c.sobject('Case').retrieve(asked.id)).CaseNumber, /^\d{8}$/);
    const children = await c.request(`/sobjects/Account/${account.id}/Cases?fields=Subject`);
    assert.deepEqual(children.records.map((one) => one.Subject), ['It rattles']);
    assert.equal((await c.request(`/sobjects/Case/${asked.id}/Account`)).Name, 'Busy');
  });
  await step('a deal has one primary contact', async () => {
    const people = await c.sobject('Contact').create([{ LastName: 'One' }, { LastName: 'Two' }]);
    const { id } = await c.sobject('Opportunity').create(deal('Roles', { ContactId: people[0].id }));
    const role = { OpportunityId: id, ContactId: people[1].id, Role: 'Decision Maker', IsPrimary: true };
    await c.sobject('OpportunityContactRole').create(role);
    const first = await c.sobject('OpportunityContactRole').find({ OpportunityId: id, IsPrimary: true });
    assert.deepEqual(first.map((one) => one.ContactId), [people[1].id]);
  });
}

async function around(c) {
  await step('layouts, tabs, theme, actions', async () => {
    const { layouts, recordTypeMappings } = await c.sobject('Opportunity').layouts();
    const items = layouts[0].detailLayoutSections[0].layoutRows.flatMap((row) => row.layoutItems);
    assert.ok(items.some((item) => item.layoutComponents[0].details.name === 'StageName' && item.required));
    const stages = recordTypeMappings[0].picklistsForRecordType.find((one) => one.picklistName === 'StageName');
    assert.ok(stages.picklistValues.some((one) => one.value === 'Closed Won'));
    assert.equal((await c.sobject('Account').compactLayouts()).compactLayouts[0].objectType, 'Account');
    assert.ok((await c.tabs()).some((tab) => tab.sobjectName === 'Opportunity'));
    assert.ok((await c.theme()).themeItems.length > 5);
    assert.deepEqual(await c.quickActions(), []);
  });
  await step('what was seen last, when a call says so', async () => {
    const headers = { 'Sforce-Mru': 'updateMru=true' };
    const { id } = await c.sobject('Account').create({ Name: 'Seen last' }, { headers });
    const [latest] = await c.recent(5);
    assert.deepEqual([latest.Id, latest.Name, latest.attributes.type], [id, 'Seen last', 'Account']);
    assert.equal((await c.sobject('Account').recent())[0].Id, id);
  });
  await step('twins, and rows without a key, in an upsert of several', async () => {
    const rows = ['t-1', 'T-1', 't-2'].map((key) => deal('Twin', { Referral_Identifier__c: key }));
    const answers = await c.sobject('Opportunity').upsert(rows, 'Referral_Identifier__c');
    assert.deepEqual(answers.map((one) => one.success), [false, false, true]);
    assert.equal(answers[0].errors[0].statusCode, 'DUPLICATE_VALUE');
    const records = [{ attributes: { type: 'Account' }, Name: 'Keyless' }];
    const [made] = await c.requestPatch('/composite/sobjects/Account/Id', { records });
    assert.deepEqual([made.success, made.created], [true, true]);
  });
  await step('a token that ends in the middle is refreshed once', async () => {
    const { admin, salesforce: box } = ready;
    const oauth2 = { clientId: box.client_id, clientSecret: box.client_secret, loginUrl: box.url };
    const own = { oauth2, version: c.version, instanceUrl: box.url, refreshToken: box.refresh_token };
    const other = new jsforce.Connection({ ...own, accessToken: 'none' });
    await other.limits();
    let fresh = 0;
    other.on('refresh', () => { fresh += 1; });
    const order = { system: 'salesforce', kind: 'expired_token', method: 'POST', path: '*/sobjects/Case' };
    const headers = { authorization: `Bearer ${admin.token}` };
    const ordered = await fetch(`${admin.url}/faults`, { method: 'POST', headers, body: JSON.stringify(order) });
    assert.ok(ordered.ok);
    const { success } = await other.sobject('Case').create({ Subject: 'Again' });
    assert.deepEqual([success, fresh], [true, 1]);
  });
}

async function once(c) {
  await step('a lead is converted, and stays as it is', async () => {
    const lead = await c.sobject('Lead').create({ LastName: 'Tal', Company: 'Tal & Co', Email: 'tal@tal.example' });
    const wish = { leadId: lead.id, convertedStatus: 'Closed - Converted', opportunityName: 'Tal deal' };
    const done = await c.soap.convertLead(wish);
    assert.deepEqual([done.success, done.leadId], [true, lead.id]);
    const row = await c.sobject('Lead').retrieve(lead.id);
    assert.deepEqual([row.IsConverted, row.ConvertedOpportunityId], [true, done.opportunityId]);
    assert.equal((await c.sobject('Opportunity').retrieve(done.opportunityId)).Name, 'Tal deal');
    await refused('CANNOT_UPDATE_CONVERTED_LEAD', () => c.sobject('Lead').update({ Id: lead.id, Title: 'x' }));
    const [again] = await c.soap.convertLead([wish]);
    assert.deepEqual([again.success, again.errors[0].statusCode], [false, 'CANNOT_UPDATE_CONVERTED_LEAD']);
  });
  await step('a deleted row comes back', async () => {
    const { id } = await c.sobject('Account').create({ Name: 'Back' });
    await c.sobject('Account').destroy(id);
    const [back, none] = await c.soap.undelete([id, '0015g0000000zzz']);
    assert.deepEqual([back.success, back.id, none.success], [true, id, false]);
    assert.equal((await c.sobject('Account').retrieve(id)).Name, 'Back');
  });
}

async function missed(c) {
  const channel = '/data/CaseChangeEvent';
  /** The first events from a replay id on, as many as asked for. */
  const heard = async (from, count) => {
    const client = c.streaming.createClient([new StreamingExtension.Replay(channel, from)]);
    const events = [];
    try {
      await client.subscribe(channel, (event) => events.push(event));
      for (let tries = 0; tries < 200 && events.length < count; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      client.disconnect();
    }
    return events;
  };
  await step('events that were missed are told again', async () => {
    await c.sobject('Case').create([{ Subject: 'First' }, { Subject: 'Second' }]);
    const all = await heard(-2, 3);
    const later = await heard(all[0].event.replayId, all.length - 1);
    assert.deepEqual(later.map((one) => one.event.replayId), all.slice(1).map((one) => one.event.replayId));
    await assert.rejects(() => heard(99_999_999, 1), /The replayId \{99999999\} you provided was invalid/);
  });
  await step('a channel that is not there is refused', async () => {
    const client = c.streaming.createClient([]);
    const wanted = /400::The channel you requested to subscribe to does not exist/;
    await assert.rejects(async () => client.subscribe('/data/NothingChangeEvent', () => {}), wanted);
    client.disconnect();
  });
  await step('what cannot be written says of which kind it is', () =>
    refused('INVALID_TYPE_FOR_OPERATION', () => c.sobject('OpportunityStage').create({ MasterLabel: 'x' })),
  );
}

module.exports = async (c) => {
  await products(c);
  await activities(c);
  await around(c);
  await once(c);
  await missed(c);
};
