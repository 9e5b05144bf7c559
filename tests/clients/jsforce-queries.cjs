// jsforce's queries, by text and by its builder, page by page.
//
// In: a connection of an organisation with the deals `Many 1` to `Many 240`. Out: a line for each step. Must not
// know: how the connection signed in.
'use strict';

const { assert, step, refused, need } = require('./steps.cjs');

const { SfDate } = need('jsforce');
const names = (records) => records.map((row) => row.Name);

async function seed(c) {
  const account = await c.sobject('Account').create({ Name: "O'Neil 100%_\\ Ltd" });
  await c.sobject('Contact').create([
    { LastName: 'Berg', FirstName: 'Ada', AccountId: account.id, Email: 'ada@oneil.example' },
    { LastName: 'Tal', AccountId: account.id },
  ]);
  const row = (name, more) => ({
    Name: name, StageName: 'Prospecting', CloseDate: '2026-12-31', AccountId: account.id, ...more,
  });
  await c.sobject('Opportunity').create([
    row('Q one', { Amount: 100.5, CloseDate: '2026-01-31', NextStep: 'call' }),
    row('Q two', { Amount: 2000, StageName: 'Closed Won' }),
    row('Q three', { NextStep: 'mail' }),
  ]);
  return account.id;
}

async function pages(c) {
  const soql = "SELECT Id, Name FROM Opportunity WHERE Name LIKE 'Many %' ORDER BY CreatedDate, Id";
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  const count = await step('a count', async () => {
    const count = (await c.query("SELECT COUNT() FROM Opportunity WHERE Name LIKE 'Many %'")).totalSize;
    assert.ok(count > 200 && count < 250);
    return count;
  });
  await step('query and queryMore', async () => {
    const first = await c.query(soql, { headers });
    assert.deepEqual([first.totalSize, first.done, first.records.length], [count, false, 200]);
    const second = await c.queryMore(first.nextRecordsUrl);
    assert.deepEqual([second.done, second.records.length], [true, count - 200]);
    assert.equal(second.nextRecordsUrl, undefined);
  });
  await step('query with autoFetch', async () => {
    const all = await c.query(soql, { headers, autoFetch: true, maxFetch: 5000 });
    assert.deepEqual([all.records.length, all.done], [count, true]);
    assert.equal(new Set(all.records.map((row) => row.Id)).size, count);
    const some = await c.query(soql, { headers, autoFetch: true, maxFetch: 210 });
    assert.equal(some.records.length, 210);
  });
  await step('a query as events', async () => {
    const rows = [];
    await new Promise((resolve, reject) => {
      const query = c.query(soql, { headers });
      query.on('record', (row) => rows.push(row)).on('end', resolve).on('error', reject);
      query.run({ autoFetch: true, maxFetch: 5000 });
    });
    assert.equal(rows.length, count);
  });
  await step('rows in the bin', async () => {
    const { id } = await c.sobject('Account').create({ Name: 'Binned' });
    await c.sobject('Account').destroy(id);
    const text = `SELECT Id, IsDeleted FROM Account WHERE Id = '${id}'`;
    assert.equal((await c.query(text)).totalSize, 0);
    const found = await c.query(text, { scanAll: true });
    assert.deepEqual([found.totalSize, found.records[0].IsDeleted], [1, true]);
    assert.equal((await c.query(`${text} ALL ROWS`)).totalSize, 1);
  });
}

async function texts(c, account) {
  const of = `AccountId = '${account}'`;
  for (const [what, where, expected] of [
    ['IN', "Name IN ('Q one', 'Q TWO')", ['Q one', 'Q two']],
    ['NOT IN', "Name NOT IN ('Q one')", ['Q three', 'Q two']],
    ['LIKE and NOT', "Name LIKE 'q %' AND (NOT Name LIKE '%o%')", ['Q three']],
    ['OR in parentheses', "(Amount > 1000 OR NextStep = 'mail')", ['Q three', 'Q two']],
    ['null', 'Amount = null', ['Q three']],
    ['not null', 'Amount != null', ['Q one', 'Q two']],
    ['a boolean', 'IsWon = true', ['Q two']],
    ['a number', 'Amount >= 100.50', ['Q one', 'Q two']],
    ['a date', 'CloseDate < 2026-02-01', ['Q one']],
    ['a date and time', 'CreatedDate > 2020-01-01T00:00:00Z', ['Q one', 'Q three', 'Q two']],
    ['an offset', 'CreatedDate > 2020-01-01T00:00:00+01:00', ['Q one', 'Q three', 'Q two']],
    ['TODAY', 'CreatedDate = TODAY', ['Q one', 'Q three', 'Q two']],
    ['LAST_N_DAYS', 'CreatedDate = LAST_N_DAYS:3', ['Q one', 'Q three', 'Q two']],
    ['YESTERDAY', 'CreatedDate <= YESTERDAY', []],
    ['a parent', "Account.Name LIKE 'O\\'Neil%' AND Account.Owner.IsActive = true", ['Q one', 'Q three', 'Q two']],
    ['a semi-join', "AccountId IN (SELECT AccountId FROM Contact WHERE LastName = 'Berg')", ['Q one', 'Q three', 'Q two']],
    ['an anti-join', "AccountId NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'Berg')", []],
  ]) {
    await step(`a query with ${what}`, async () => {
      const soql = `SELECT Id, Name FROM Opportunity WHERE ${of} AND ${where}`;
      assert.deepEqual(names((await c.query(soql)).records).sort(), expected);
    });
  }
  await step('order, limit, offset', async () => {
    const soql = `SELECT Name FROM Opportunity WHERE ${of} ORDER BY Amount DESC NULLS LAST, Name`;
    assert.deepEqual(names((await c.query(soql)).records), ['Q two', 'Q one', 'Q three']);
    assert.deepEqual(names((await c.query(`${soql} LIMIT 1 OFFSET 1`)).records), ['Q one']);
  });
  await step('parents and children', async () => {
    const up = await c.query(`SELECT Id, Account.Name, Account.Owner.Name FROM Opportunity WHERE ${of} LIMIT 1`);
    assert.equal(up.records[0].Account.attributes.type, 'Account');
    assert.ok(up.records[0].Account.Owner.Name);
    const down = await c.query(
      `SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName), (SELECT Id FROM Opportunities WHERE IsWon = true)
       FROM Account WHERE Id = '${account}'`,
    );
    const { Contacts, Opportunities } = down.records[0];
    assert.deepEqual(Contacts.records.map((row) => row.LastName), ['Berg', 'Tal']);
    assert.deepEqual([Contacts.totalSize, Contacts.done, Opportunities.totalSize], [2, true, 1]);
  });
  await step('FIELDS(ALL)', async () => {
    const all = await c.query(`SELECT FIELDS(ALL) FROM Account WHERE Id = '${account}' LIMIT 200`);
    assert.ok('SystemModstamp' in all.records[0] && 'Description' in all.records[0]);
  });
  await step('groups', async () => {
    const soql = `SELECT StageName, COUNT(Id) many, SUM(Amount), MAX(CloseDate) last FROM Opportunity
      WHERE ${of} GROUP BY StageName ORDER BY StageName`;
    const { records } = await c.query(soql);
    const shown = records.map((row) => [row.StageName, row.many, row.expr0, row.last]);
    assert.deepEqual(shown, [['Closed Won', 1, 2000, '2026-12-31'], ['Prospecting', 2, 100.5, '2026-12-31']]);
    assert.equal(records[0].attributes.type, 'AggregateResult');
  });
}

async function builder(c, account) {
  const Opportunity = c.sobject('Opportunity');
  await step('find by conditions', async () => {
    const rows = await Opportunity.find(
      { AccountId: account, Amount: { $gt: 50 }, CreatedDate: { $gte: SfDate.YESTERDAY } },
      ['Id', 'Name', 'Account.Name'],
    ).sort({ Amount: -1 }).limit(5);
    assert.deepEqual(names(rows), ['Q two', 'Q one']);
    const either = await Opportunity.find({
      AccountId: account,
      $or: [{ Name: { $like: 'Q t%' } }, { NextStep: { $in: ['call'] } }],
    }).select('Name').sort('Name').skip(1);
    assert.deepEqual(names(either), ['Q three', 'Q two']);
    const not = await Opportunity.find({ AccountId: account, Name: { $nlike: '%o%' }, Amount: { $exists: false } }, 'Name');
    assert.deepEqual(names(not), ['Q three']);
  });
  await step('find with a date', async () => {
    const where = { AccountId: account, CloseDate: { $lt: SfDate.toDateLiteral('2026-02-01') } };
    assert.equal(await Opportunity.count(where), 1);
  });
  await step('findOne with every field', async () => {
    const row = await Opportunity.findOne({ AccountId: account, Name: 'Q one' }, '*');
    assert.deepEqual([row.Amount, row.IsDeleted], [100.5, false]);
    assert.equal(await Opportunity.findOne({ Name: 'nobody' }), null);
  });
  await step('include children', async () => {
    const rows = await c.sobject('Account').find({ Id: account }, 'Id, Name, Owner.*')
      .include('Contacts').select('*').where({ LastName: 'Berg' }).end();
    assert.equal(rows[0].Contacts.records[0].FirstName, 'Ada');
    assert.ok(rows[0].Owner.Username);
  });
  await step('update and destroy what a query finds', async () => {
    const changed = await Opportunity.find({ AccountId: account }).update({ NextStep: '${Name}' });
    assert.ok(changed.length === 3 && changed.every((one) => one.success));
    const gone = await Opportunity.find({ AccountId: account, Name: 'Q three' }).destroy();
    assert.deepEqual(gone.map((one) => one.success), [true]);
  });
}

async function broken(c) {
  for (const [code, soql, text] of [
    ['MALFORMED_QUERY', 'SELECT Id FROM', /unexpected token/],
    ['MALFORMED_QUERY', "SELECT Id FROM Account WHERE Name = 'x", /./],
    ['INVALID_TYPE', 'SELECT Id FROM Nothing', /sObject type 'Nothing' is not supported/],
    ['INVALID_FIELD', 'SELECT Id, Nix FROM Account', /\^\nERROR at Row:1:Column:12\nNo such column 'Nix' on entity 'Account'/],
    ['INVALID_FIELD', 'SELECT Nix.Name FROM Account', /Didn't understand relationship 'Nix'/],
  ]) {
    await step(`${code}: ${soql}`, async () => {
      const thrown = await refused(code, () => c.query(soql));
      assert.match(thrown.message, text);
    });
  }
  await step('a locator that never was', () =>
    refused('INVALID_QUERY_LOCATOR', () => c.queryMore('/services/data/v60.0/query/0r8xx0000000001AAA-200')),
  );
}

module.exports = async (c) => {
  await pages(c);
  const account = await step('rows to be found', () => seed(c));
  await texts(c, account);
  await builder(c, account);
  await broken(c);
};
