// jsforce's older bulk jobs, its search, queries that are asked less often, lists, and consent by browser.
//
// In: the ready file's path. Out: a line for each step. Must not know: the sandbox's inside.
'use strict';

const { assert, step, refused, end, ready, need } = require('./steps.cjs');

const jsforce = need('jsforce');
const box = ready.salesforce;

async function bulk(c) {
  c.bulk.pollInterval = 20;
  const account = c.sobject('Account');
  const made = await step('insertBulk', async () => {
    const rows = [['Bulk 1', 1], ['', 2], ['Bulk, 2', 5.5]];
    const done = await account.insertBulk(rows.map(([Name, AnnualRevenue]) => ({ Name, AnnualRevenue })));
    assert.deepEqual(done.map((row) => row.success), [true, false, true]);
    assert.match(done[1].errors[0], /^REQUIRED_FIELD_MISSING:/);
    return done;
  });
  await step('updateBulk, null among the values', async () => {
    const done = await account.updateBulk([{ Id: made[2].id, AnnualRevenue: null, Site: 'x' }]);
    assert.deepEqual(done, [{ id: made[2].id, success: true, created: false, errors: [] }]);
    const row = await account.retrieve(made[2].id);
    assert.deepEqual([row.AnnualRevenue, row.Site], [null, 'x']);
  });
  await step('upsertBulk', async () => {
    const row = { Name: 'U', StageName: 'Prospecting', CloseDate: '2026-12-31', Referral_Identifier__c: 'classic-1' };
    for (const created of [true, false]) {
      const [done] = await c.sobject('Opportunity').upsertBulk([row], 'Referral_Identifier__c');
      assert.deepEqual([done.success, done.created], [true, created]);
    }
  });
  await step('bulk.query', async () => {
    const stream = await c.bulk.query("SELECT Id, Name, Owner.Name FROM Account WHERE Name LIKE 'Bulk%' ORDER BY Name");
    const rows = await stream.toArray();
    assert.deepEqual(rows.map((row) => row.Name), ['Bulk 1', 'Bulk, 2']);
    assert.ok(rows[0]['Owner.Name']);
  });
  await step('a job of several batches, looked at, closed', async () => {
    const job = c.bulk.createJob('Account', 'insert');
    for (const name of ['Many 1', 'Many 2']) {
      const batch = job.createBatch();
      batch.execute([{ Name: name }]);
      await new Promise((resolve, reject) => {
        batch.on('queue', resolve).on('error', reject);
      });
      batch.poll(20, 5000);
      assert.equal((await batch)[0].success, true);
    }
    assert.deepEqual((await job.list()).map((one) => one.state), ['Completed', 'Completed']);
    assert.equal((await job.check()).numberRecordsProcessed, '2');
    assert.equal((await job.close()).state, 'Closed');
  });
  await step('a query that is refused', async () => {
    await assert.rejects(async () => c.bulk.query('SELECT Nix FROM Account'), /INVALID_FIELD/);
  });
  await step('a job for nothing', () =>
    refused('InvalidJob', () => c.bulk.createJob('Nix__c', 'insert').open()),
  );
  await step('a session that ended is opened again', async () => {
    const mine = new jsforce.Connection({
      instanceUrl: box.url, accessToken: 'gone', refreshToken: box.refresh_token,
      oauth2: { clientId: box.client_id, clientSecret: box.client_secret, loginUrl: box.url },
    });
    const job = await mine.bulk.createJob('Account', 'insert').open();
    assert.equal(job.state, 'Open');
    assert.notEqual(mine.accessToken, 'gone');
  });
  await step('deleteBulk', async () => {
    const done = await account.deleteBulk([{ Id: made[0].id }, { Id: made[2].id }]);
    assert.deepEqual(done.map((row) => row.success), [true, true]);
    assert.equal(await account.count({ Name: { $like: 'Bulk%' } }), 0);
  });
}

async function search(c) {
  const { id } = await c.sobject('Account').create({ Name: 'Waldo Works', Phone: '555 0199' });
  await c.sobject('Contact').create({ LastName: 'Waldo', AccountId: id, Email: 'where@waldo.example' });
  await step('search', async () => {
    const { searchRecords } = await c.search('FIND {wald*} IN NAME FIELDS RETURNING Account(Id, Name), Contact(LastName)');
    assert.deepEqual(searchRecords.map((row) => row.attributes.type), ['Account', 'Contact']);
    assert.deepEqual([searchRecords[0].Id, searchRecords[1].LastName], [id, 'Waldo']);
    await assert.rejects(() => c.search('FIND waldo'), { errorCode: 'MALFORMED_SEARCH' });
  });
  await step('groups by parts of dates', async () => {
    const { records } = await c.query(
      `SELECT CALENDAR_YEAR(CreatedDate) year, COUNT(Id) many FROM Account WHERE Id = '${id}'
       GROUP BY CALENDAR_YEAR(CreatedDate) HAVING COUNT(Id) > 0`,
    );
    assert.deepEqual([records.length, records[0].many], [1, 1]);
  });
}

async function lists(c) {
  await step('list views', async () => {
    const { listviews } = await c.sobject('Account').listviews();
    const view = c.sobject('Account').listview(listviews[0].id);
    assert.equal((await view.describe()).sobjectType, 'Account');
    assert.ok((await view.results()).records.length > 0);
    assert.equal((await view.explain()).plans[0].sobjectType, 'Account');
  });
  await step('explain', async () => {
    const { plans } = await c.sobject('Account').find({ Name: 'x' }).explain();
    assert.equal(plans[0].leadingOperationType, 'TableScan');
  });
}

/** Goes through the pages as somebody at a browser; answers the code that comes back. */
async function browse(url) {
  const send = (form) => fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  const page = await (await send({ username: box.username, pw: box.password })).text();
  const [, ticket] = /name="ticket" value="([^"]+)"/.exec(page);
  const back = await send({ ticket, answer: 'allow' });
  assert.equal(back.status, 302);
  return new URL(back.headers.get('location')).searchParams;
}

async function consent() {
  const oauth2 = new jsforce.OAuth2({
    loginUrl: box.url, clientId: box.client_id, clientSecret: box.client_secret,
    redirectUri: 'http://localhost:3000/oauth2/callback', useVerifier: true,
  });
  await step('getAuthorizationUrl and authorize', async () => {
    const told = await browse(oauth2.getAuthorizationUrl({ scope: 'api id refresh_token', state: 's' }));
    assert.equal(told.get('state'), 's');
    const mine = new jsforce.Connection({ oauth2 });
    const who = await mine.authorize(told.get('code'));
    assert.equal((await mine.identity()).user_id, who.id);
    assert.ok((await mine.query('SELECT Id FROM User')).totalSize > 0);
    mine.accessToken = 'gone';
    assert.ok((await mine.query('SELECT Id FROM User')).totalSize > 0);
    await mine.logout();
    await assert.rejects(() => mine.oauth2.refreshToken('gone'), { name: 'invalid_grant' });
  });
}

(async () => {
  const c = new jsforce.Connection({ instanceUrl: box.url, accessToken: box.access_token, version: '60.0' });
  await bulk(c);
  await search(c);
  await lists(c);
  await consent();
  end();
})();
