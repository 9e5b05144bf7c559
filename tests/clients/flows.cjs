// The nine flows of the connector: jsforce plays the rep, plain HTTP plays Microsoft, `cosell serve` stands between
// them, and the sandbox's log of requests says what it called.
//
// In: the demo's ready file, `CLIENT_HOME`. Out: a line for each flow. Must not know: the service's inside.
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { assert, step, end, ready, need } = require('./steps.cjs');

const jsforce = need('jsforce');
const rep = new jsforce.Connection({
  instanceUrl: ready.salesforce.url, accessToken: ready.salesforce.access_token, version: '60.0',
});
const PATIENCE = 90_000;

async function http(base, token, method, path, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}
const admin = (method, path, body) => http(ready.admin.url, ready.admin.token, method, path, body);
const microsoft = (method, path, body) => admin(method, `/partner-center${path}`, body);
const { url, access_token: token } = ready.partner_center;
const referral = (id) => http(url, token, 'GET', `/v1.0/engagements/referrals/${id}`);

/** Looks again and again until what is looked for is there. */
async function eventually(what, look) {
  for (const since = Date.now(); Date.now() - since < PATIENCE; await sleep(100)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`waited too long for this: ${what}`);
}

/** The service's writes in a few words each; `undefined` for what only asks, streams and sign-ins. */
function words({ system, method, path, request }) {
  if (method === 'GET') return undefined;
  const body = request.body ? JSON.parse(request.body) : {};
  if (system === 'partner_center' && path.includes('/engagements/referrals')) {
    return method === 'PATCH' ? `PATCH referral ${body.map((one) => one.path).join(' ')}` : `${method} referral`;
  }
  const row = (path.match(/\/services\/data\/v[^/]+\/(.*)/) || [])[1];
  if (system !== 'salesforce' || !row) return undefined;
  if (row === 'composite') {
    const object = (part) => part.url.split('/sobjects/')[1].split('/')[0];
    return `composite ${body.compositeRequest.map((part) => `${part.method} ${object(part)}`).join(', ')}`;
  }
  return `${method} ${row.split('/')[1]} ${Object.keys(body).sort().join(' ')}`;
}

async function writes() {
  const log = await admin('GET', '/requests?user=cosell&limit=10000');
  return log.filter(({ system }) => ['partner_center', 'salesforce'].includes(system)).map((one) => {
    try {
      return words(one);
    } catch (error) {
      throw new Error(`${JSON.stringify(one)}: ${error.message}`);
    }
  }).filter(Boolean);
}

/** Nothing is left to do, and no call that writes came for two seconds. */
async function rests() {
  await eventually('the service rests', async () => {
    const before = await writes();
    await sleep(2000);
    const status = await (await fetch(`${ready.console}/status`)).json();
    const done = status.dirty === 0 && status.open_intents === 0 && status.parked_count === 0;
    return done && (await writes()).length === before.length;
  });
}

/** Plays a flow and holds it to its writes. */
const flow = (name, expected, play) =>
  step(name, async () => {
    await rests();
    await admin('DELETE', '/requests');
    const answer = await play();
    await rests();
    assert.deepEqual(await writes(), expected);
    return answer;
  });

const one = async (object, where, fields = 'Id') =>
  (await rep.query(`SELECT ${fields} FROM ${object} WHERE ${where}`)).records[0];
const edit = (id, fields) => rep.sobject('Opportunity').update({ Id: id, ...fields });
const shows = (id, field, value) =>
  eventually(`${field} is ${value}`, async () => (await one('Opportunity', `Id = '${id}'`, field))[field] === value);
const becomes = (object, id) =>
  eventually(`a ${object} of ${id}`, () => one(object, `Referral_Identifier__c = '${id}'`));
const is = (id, substatus) =>
  eventually(`${id} is ${substatus}`, async () => (await referral(id)).substatus === substatus);

const deal = (customer) => ({
  name: `${customer} - depot telemetry`,
  customerProfile: { name: `${customer} AG`, team: [] },
  details: { notes: 'Telemetry.', dealValue: 125000, currency: 'CHF' },
});
const BACK = 'PATCH Opportunity Audit__c Name Referral_Identifier__c Referral_Link__c';
const HALF = 'PATCH Opportunity Audit__c Microsoft_Status__c';
const AUDIT = 'PATCH Opportunity Audit__c';

async function opportunity(name) {
  const account = await rep.sobject('Account').create({
    Name: `${name} Ltd`, BillingStreet: '3 Flour Lane', BillingCity: 'Leeds', BillingPostalCode: 'LS1 1AA',
    BillingCountry: 'GB',
  });
  const made = await rep.sobject('Opportunity').create({
    Name: name, StageName: 'Needs Analysis', CloseDate: '2027-04-30', Amount: 48000, CurrencyIsoCode: 'GBP',
    Customer_Consent__c: true, AccountId: account.id,
  });
  await solution(made.id, 'SOL-20417-TWA');
  return { id: made.id, account: account.id };
}
const solution = (id, known) =>
  rep.sobject('Microsoft_Solution__c').create({ Opportunity__c: id, Name: known, Solution_Identifier__c: known });

async function main() {
  await step('Partner Center Webhook Registration', async () => {
    await rests();
    const log = await admin('GET', '/requests?system=webhooks&user=cosell&limit=10000');
    const made = log.filter(({ method, path }) => method !== 'GET' && path === '/webhooks/v1/registration');
    assert.deepEqual(made.map(({ method }) => method), ['POST']);
    const { webhooks_url: host } = ready.partner_center;
    const found = await http(host, token, 'GET', '/webhooks/v1/registration');
    assert.equal(found.WebhookUrl, ready.webhook);
  });

  const first = await flow('Partner Center to Salesforce: a deal comes in', [
    'composite POST Account, PATCH Opportunity, POST Microsoft_Solution__c',
  ], async () => {
    const sent = await microsoft('POST', '/referrals', { ...deal('Alpine'), details: {
      ...deal('Alpine').details, requirements: { solutions: [{ id: 'SOL-1', type: 'Name', name: 'One' }] },
    } });
    return { referral: sent.id, id: (await becomes('Opportunity', sent.id)).Id };
  });
  await flow('Salesforce to Partner Center: it is accepted', [
    'PATCH referral /externalReferenceId /status /substatus', AUDIT,
  ], async () => {
    await edit(first.id, { StageName: 'Qualification' });
    await is(first.referral, 'Accepted');
  });
  await flow('Partner Center to Salesforce: a value changes', ['PATCH Opportunity Audit__c Description'], async () => {
    await microsoft('PATCH', `/referrals/${first.referral}`, { details: { notes: 'Call in May.' } });
    await shows(first.id, 'Description', 'Call in May.');
  });
  await flow('Salesforce Opportunity to Partner Center: a value changes', [
    'PATCH referral /details/dealValue', AUDIT,
  ], async () => {
    await edit(first.id, { Amount: 9000 });
    await eventually('9000 arrives', async () => (await referral(first.referral)).details.dealValue === 9000);
  });
  await flow('Salesforce Opportunity to Partner Center: what concerns nobody is only read', [], () =>
    edit(first.id, { NextStep: 'call' }),
  );
  await flow('Salesforce Microsoft Solutions to Partner Center', [
    'PATCH referral /details/requirements/solutions', AUDIT,
    'PATCH referral /details/requirements/solutions', AUDIT,
  ], async () => {
    const sold = (count) => eventually(`${count} solutions`, async () =>
      (await referral(first.referral)).details.requirements.solutions.length === count);
    const made = await solution(first.id, 'SOL-30418-EXA');
    await sold(2);
    await rests();
    await rep.sobject('Microsoft_Solution__c').destroy(made.id);
    await sold(1);
  });

  await flow('Create or Get Details from Salesforce: the account is found', [
    'composite PATCH Opportunity, POST Microsoft_Solution__c',
  ], async () => {
    const known = await rep.sobject('Account').create({ Name: 'Bergen AG', BillingPostalCode: '6460' });
    const sent = await microsoft('POST', '/referrals', deal('Bergen'));
    const { Id } = await becomes('Opportunity', sent.id);
    assert.equal((await one('Opportunity', `Id = '${Id}'`, 'AccountId')).AccountId, known.id);
  });

  const asked = await opportunity('Harrow');
  await flow('Create Co-sell Referral: Salesforce to Partner Center', [
    'POST referral', BACK, 'POST referral', HALF,
  ], async () => {
    const contact = await rep.sobject('Contact').create({
      FirstName: 'Ada', LastName: 'Baker', Email: 'ada@bakery.example', Phone: '+44 113 555 0101', AccountId: asked.account,
    });
    await rep.sobject('OpportunityContactRole').create({ OpportunityId: asked.id, ContactId: contact.id });
    await edit(asked.id, {
      How_can_Microsoft_help__c: 'Quotes or licensing', Visible_to_Microsoft__c: true, Sync_with_Partner_Center__c: true,
    });
    await eventually('its referral', async () =>
      (await one('Opportunity', `Id = '${asked.id}'`, 'Referral_Identifier__c')).Referral_Identifier__c);
    await shows(asked.id, 'Microsoft_Status__c', 'Asked');
  });
  const invited = await microsoft('POST', '/microsoft/ask', deal('Cadmus'));
  const both = await becomes('Opportunity', invited.own.id);
  await flow('Partner Center Microsoft Co-sell Referral Updates to Salesforce', [
    HALF,
  ], async () => {
    await microsoft('POST', `/microsoft/${invited.own.id}/lose`, { reason: 'Other vendor' });
    await shows(both.Id, 'Microsoft_Status__c', 'Lost');
  });

  await flow('Salesforce Leads to Partner Center', [
    'composite PATCH Lead',
    'PATCH referral /externalReferenceId /status /substatus', 'PATCH Lead Audit__c',
    'PATCH referral /externalReferenceId', 'composite PATCH Opportunity, POST Microsoft_Solution__c',
  ], async () => {
    const sent = await microsoft('POST', '/referrals', {
      ...deal('Blue Harbour'), type: 'Independent', qualification: 'Direct',
    });
    const { Id } = await becomes('Lead', sent.id);
    await rests();
    await rep.sobject('Lead').update({ Id, Status: 'Working - Contacted' });
    await is(sent.id, 'Accepted');
    await rests();
    const wish = { leadId: Id, convertedStatus: 'Closed - Converted', doNotCreateOpportunity: false };
    const done = await rep.soap.convertLead(wish);
    await shows(done.opportunityId, 'Referral_Identifier__c', sent.id);
  });
  await flow('quiet afterwards', [], () => sleep(3000));
}

main().then(end, (error) => {
  console.log(`FAILED  ${error.stack}\n0 passed, 1 failed`);
  process.exitCode = 1;
});
