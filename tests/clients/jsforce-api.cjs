// jsforce's older bulk jobs, its search, and queries that are asked less often.
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

(async () => {
  const c = new jsforce.Connection({ instanceUrl: box.url, accessToken: box.access_token, version: '60.0' });
  await bulk(c);
  await search(c);
  end();
})();
