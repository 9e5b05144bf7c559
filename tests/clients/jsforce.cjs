// jsforce against the sandbox: everything that a sync tool does with it.
//
// In: the ready file's path, `CLIENT_HOME`. Out: a line for each step. Must not know: the sandbox's inside.
'use strict';

const { createSign } = require('node:crypto');
const { assert, step, refused, end, ready, need } = require('./steps.cjs');

const jsforce = need('jsforce');
const box = ready.salesforce;
const version = '60.0';
const oauth2 = { clientId: box.client_id, clientSecret: box.client_secret, loginUrl: box.url };
const deal = (name, more) => ({ Name: name, StageName: 'Prospecting', CloseDate: '2026-12-31', ...more });
const numbers = (count) => Array.from({ length: count }, (_, number) => number + 1);

function assertion(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: box.client_id, sub: box.username, aud: box.url, exp: now + 180, ...claims };
  const signed = `${part({ alg: 'RS256' })}.${part(all)}`;
  const signature = createSign('RSA-SHA256').update(signed).sign(box.private_key_pem, 'base64url');
  return `${signed}.${signature}`;
}

async function signIn() {
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  await step('authorize with client credentials', async () => {
    const c = new jsforce.Connection({ oauth2, version });
    const user = await c.authorize({ grant_type: 'client_credentials' });
    assert.match(user.id, /^005\w{15}$/);
    assert.match(user.organizationId, /^00D\w{15}$/);
    assert.equal(c.instanceUrl, box.url);
    const me = await c.identity();
    assert.equal(me.user_id, user.id);
    assert.equal(me.username, box.username);
  });
  await step('authorize with a signed assertion', async () => {
    const c = new jsforce.Connection({ oauth2: { loginUrl: box.url }, version });
    await c.authorize({ grant_type: grant, assertion: assertion({}) });
    assert.equal((await c.identity()).username, box.username);
  });
  for (const [what, claims, error, text] of [
    ['for another host', { aud: 'https://elsewhere.example' }, 'invalid_grant', 'audience is invalid'],
    ['that is too old', { exp: 1 }, 'invalid_grant', 'expired authorization code'],
    ['of nobody', { sub: 'no@body.example' }, 'invalid_grant', "user hasn't approved this consumer"],
    ['of another application', { iss: 'x' }, 'invalid_client_id', 'client identifier invalid'],
  ]) {
    await step(`an assertion ${what} is refused`, async () => {
      const c = new jsforce.Connection({ oauth2: { loginUrl: box.url }, version });
      const thrown = await refused(error, () =>
        c.authorize({ grant_type: grant, assertion: assertion(claims) }),
      );
      assert.equal(thrown.message, text);
    });
  }
  await step('an assertion with a changed signature is refused', async () => {
    const c = new jsforce.Connection({ oauth2: { loginUrl: box.url }, version });
    const parts = assertion({}).split('.');
    const forged = [parts[0], assertion({ sub: 'x' }).split('.')[1], parts[2]].join('.');
    await refused('invalid_grant', () => c.authorize({ grant_type: grant, assertion: forged }));
  });
  await step('wrong secrets are refused', async () => {
    const wrong = { ...oauth2, clientSecret: 'x' };
    const c = new jsforce.Connection({ oauth2: wrong, version });
    await refused('invalid_client', () => c.authorize({ grant_type: 'client_credentials' }));
  });
  await step('an ended session is refreshed', async () => {
    const { refresh_token: refreshToken, url: instanceUrl } = box;
    const accessToken = '00D!gone';
    const c = new jsforce.Connection({ oauth2, instanceUrl, accessToken, refreshToken, version });
    let fresh;
    c.on('refresh', (token) => (fresh = token));
    const { sobjects } = await c.describeGlobal();
    assert.ok(sobjects.length > 5 && fresh === c.accessToken && fresh !== accessToken);
  });
  await step('an ended session without a way to refresh is refused', async () => {
    const c = new jsforce.Connection({ instanceUrl: box.url, accessToken: 'gone', version });
    await refused('INVALID_SESSION_ID', () => c.query('SELECT Id FROM Account'));
  });
  await step('a revoked session is over', async () => {
    const c = new jsforce.Connection({ oauth2, version });
    await c.authorize({ grant_type: 'client_credentials' });
    const { accessToken } = c;
    await c.logout();
    const again = new jsforce.Connection({ instanceUrl: box.url, accessToken, version });
    await refused('INVALID_SESSION_ID', () => again.limits());
  });
  await step('login by password grant', async () => {
    const c = new jsforce.Connection({ oauth2, version });
    const user = await c.login(box.username, box.password + box.security_token);
    assert.match(user.id, /^005/);
    await refused('invalid_grant', () => c.login(box.username, 'x'));
  });
  await step('login and logout by SOAP', async () => {
    const c = new jsforce.Connection({ loginUrl: box.url, version });
    const user = await c.login(box.username, box.password);
    assert.match(user.id, /^005/);
    assert.equal(c.instanceUrl, box.url);
    assert.ok((await c.query('SELECT Id FROM User')).totalSize >= 2);
    const { accessToken } = c;
    assert.equal((await c.soap.getUserInfo()).userName, box.username);
    await c.logout();
    const again = new jsforce.Connection({ instanceUrl: box.url, accessToken, version });
    await refused('INVALID_SESSION_ID', () => again.limits());
    await assert.rejects(() => c.login(box.username, 'x'), /INVALID_LOGIN/);
  });
}

async function single(c) {
  const made = await step('create', () => c.sobject('Account').create({ Name: 'Alpine & Co' }));
  await step('create answers an id', () => {
    assert.match(made.id, /^001\w{15}$/);
    assert.deepEqual([made.success, made.errors], [true, []]);
  });
  await step('retrieve', async () => {
    const row = await c.sobject('Account').retrieve(made.id);
    assert.equal(row.Name, 'Alpine & Co');
    assert.equal(row.attributes.type, 'Account');
    const short = await c.retrieve('Account', made.id.slice(0, 15), { fields: ['Name'] });
    assert.deepEqual(Object.keys(short).sort(), ['Id', 'Name', 'attributes']);
  });
  await step('update', async () => {
    const answer = await c.sobject('Account').update({ Id: made.id, Name: 'Alpine' });
    assert.deepEqual(answer, { id: made.id, success: true, errors: [] });
    await c.sobject('Account').record(made.id).update({ Description: 'a\nb' });
    const row = await c.sobject('Account').record(made.id).retrieve();
    assert.deepEqual([row.Name, row.Description], ['Alpine', 'a\nb']);
  });
  await step('upsert makes, then changes', async () => {
    const row = deal('Upserted', { Referral_Identifier__c: 'js-1', AccountId: made.id });
    const first = await c.sobject('Opportunity').upsert(row, 'Referral_Identifier__c');
    assert.deepEqual([first.success, first.created], [true, true]);
    const again = await c.sobject('Opportunity').upsert({ ...row, Name: 'Two' }, 'Referral_Identifier__c');
    assert.deepEqual([again.id, again.created], [first.id, false]);
  });
  await step('upsert of several matches', async () => {
    const twins = [1, 2].map((n) => ({ LastName: `Twin ${n}`, Email: 'twin@alpine.example' }));
    await c.sobject('Contact').create(twins);
    const thrown = await refused('MULTIPLE_CHOICES', () =>
      c.sobject('Contact').upsert({ Email: 'twin@alpine.example', LastName: 'X' }, 'Email'),
    );
    assert.equal(thrown.data.length, 2);
    assert.match(thrown.data[0], /\/sobjects\/Contact\/003/);
  });
  await step('destroy, and then it is gone', async () => {
    const { id } = await c.sobject('Account').create({ Name: 'Short life' });
    const gone = await c.sobject('Account').destroy(id);
    assert.deepEqual(gone, { id, success: true, errors: [] });
    for (const call of ['retrieve', 'destroy']) {
      const thrown = await refused('ENTITY_IS_DELETED', () => c.sobject('Account')[call](id));
      assert.equal(thrown.message, 'entity is deleted');
    }
    await refused('ENTITY_IS_DELETED', () => c.sobject('Account').update({ Id: id, Name: 'x' }));
  });
}

async function several(c) {
  const Opportunity = c.sobject('Opportunity');
  const rows = numbers(250).map((n) => deal(`Many ${n}`, { Referral_Identifier__c: `many-${n}` }));
  const made = await step('create an array, more than one request takes', async () => {
    const made = await Opportunity.create(rows, { allowRecursive: true });
    assert.equal(made.filter((one) => one.success).length, 250);
    return made;
  });
  await step('create an array with a bad row', async () => {
    const answers = await Opportunity.create([deal('Good'), { Name: 'Bad' }]);
    assert.deepEqual(answers.map((one) => one.success), [true, false]);
    assert.equal(answers[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
    assert.deepEqual(answers[1].errors[0].fields, ['StageName', 'CloseDate']);
    const none = await Opportunity.create([deal('Good'), { Name: 'Bad' }], { allOrNone: true });
    assert.deepEqual(none.map((one) => one.success), [false, false]);
    assert.equal(none[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  });
  await step('retrieve an array', async () => {
    const ids = [made[0].id, '0065g0000000zzz', made[1].id];
    const found = await Opportunity.retrieve(ids, { fields: ['Name'] });
    assert.deepEqual(found.map((row) => row && row.Name), ['Many 1', null, 'Many 2']);
    assert.equal((await Opportunity.retrieve([made[2].id]))[0].StageName, 'Prospecting');
  });
  await step('update an array', async () => {
    const changes = made.slice(0, 3).map((one) => ({ Id: one.id, NextStep: 'call' }));
    const answers = await Opportunity.update(changes);
    assert.ok(answers.every((one) => one.success));
    const row = await Opportunity.retrieve(made[0].id);
    assert.equal(row.NextStep, 'call');
  });
  await step('upsert an array', async () => {
    const rows = [1, 2, 999].map((n) => deal('Again', { Referral_Identifier__c: `many-${n}` }));
    const answers = await Opportunity.upsert(rows, 'Referral_Identifier__c');
    assert.deepEqual(answers.map((one) => one.created), [false, false, true]);
    assert.equal(answers[0].id, made[0].id);
  });
  await step('destroy an array', async () => {
    const ids = made.slice(240).map((one) => one.id);
    const gone = await Opportunity.destroy(ids);
    assert.ok(gone.every((one) => one.success));
    assert.equal((await Opportunity.destroy([ids[0]]))[0].errors[0].statusCode, 'ENTITY_IS_DELETED');
  });
  await step('before version 42 arrays go one by one', async () => {
    const old = new jsforce.Connection({ instanceUrl: box.url, accessToken: c.accessToken, version: '41.0' });
    const made = await old.sobject('Account').create([{ Name: 'Old 1' }, { Name: 'Old 2' }]);
    const changed = await old.sobject('Account').update(made.map(({ id }) => ({ Id: id, Name: 'x' })));
    const gone = await old.sobject('Account').destroy(made.map(({ id }) => id));
    assert.ok([...made, ...changed, ...gone].every((one) => one.success));
  });
}

module.exports = { jsforce, box, version, oauth2, deal, numbers, assertion };

if (require.main === module) {
  (async () => {
    await signIn();
    const c = new jsforce.Connection({ oauth2, version });
    await c.authorize({ grant_type: 'client_credentials' });
    await single(c);
    await several(c);
    await require('./jsforce-queries.cjs')(c);
    await require('./jsforce-more.cjs')(c);
    await require('./jsforce-around.cjs')(c);
    await require('./jsforce-streaming.cjs')(c);
    end();
  })();
}
