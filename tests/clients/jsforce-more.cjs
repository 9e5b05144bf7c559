// What else jsforce asks for: descriptions, several requests in one, changes, limits, and refusals.
//
// In: a connection. Out: a line for each step. Must not know: how the connection signed in.
'use strict';

const { assert, step, refused } = require('./steps.cjs');

const deal = (name, more) => ({ Name: name, StageName: 'Prospecting', CloseDate: '2026-12-31', ...more });

async function described(c) {
  await step('describeGlobal', async () => {
    const { sobjects, maxBatchSize } = await c.describeGlobal();
    const account = sobjects.find((one) => one.name === 'Account');
    assert.deepEqual([maxBatchSize, account.keyPrefix, account.queryable], [200, '001', true]);
    assert.ok(account.urls.describe.endsWith('/sobjects/Account/describe'));
    assert.ok((await c.describeGlobal$()).sobjects.length === sobjects.length);
  });
  await step('describe', async () => {
    const whole = await c.sobject('Opportunity').describe();
    const field = (name) => whole.fields.find((one) => one.name === name);
    assert.deepEqual([field('Name').length, field('Name').nillable], [120, false]);
    assert.ok(field('StageName').picklistValues.some((one) => one.value === 'Closed Won'));
    assert.deepEqual(field('AccountId').referenceTo, ['Account']);
    const key = field('Referral_Identifier__c');
    assert.deepEqual([key.externalId, key.unique, key.idLookup], [true, true, true]);
    assert.ok(Array.isArray(whole.childRelationships) && Array.isArray(whole.recordTypeInfos));
    assert.equal((await c.describe$('Opportunity')).name, 'Opportunity');
  });
  await step('versions and resources', async () => {
    const versions = await c.request('/services/data');
    assert.ok(versions.some((one) => one.version === '60.0'));
    const resources = await c.request(c._baseUrl());
    assert.ok(resources.sobjects && resources.query && resources.composite && resources.identity);
  });
  await step('limits and how much of them is used', async () => {
    const limits = await c.limits();
    assert.ok(limits.DailyApiRequests.Max >= limits.DailyApiRequests.Remaining);
    assert.ok(c.limitInfo.apiUsage.used > 0 && c.limitInfo.apiUsage.limit > 0);
  });
  await step('identity', async () => {
    const me = await c.identity();
    assert.match(me.id, new RegExp(`/id/${me.organization_id}/${me.user_id}$`));
    assert.ok(me.username && me.display_name && me.urls.rest);
  });
}

async function together(c) {
  const part = (method, path, referenceId, body) =>
    ({ method, url: `/services/data/v60.0${path}`, referenceId, body });
  await step('composite', async () => {
    const { compositeResponse } = await c.requestPost('/composite', {
      allOrNone: true,
      collateSubrequests: false,
      compositeRequest: [
        part('PATCH', '/sobjects/Opportunity/Referral_Identifier__c/comp-1', 'deal', deal('Composite')),
        part('POST', '/sobjects/Contact', 'person', { LastName: 'Part' }),
        part('POST', '/sobjects/OpportunityContactRole', 'role',
          { OpportunityId: '@{deal.id}', ContactId: '@{person.id}' }),
        part('GET', "/query?q=SELECT+Id+FROM+Contact+WHERE+Id='@{person.id}'", 'q'),
        part('PATCH', '/sobjects/Contact/@{q.records[0].Id}', 'last', { FirstName: 'A' }),
      ],
    });
    assert.deepEqual(compositeResponse.map((one) => one.httpStatusCode), [201, 201, 201, 200, 204]);
    assert.match(compositeResponse[0].httpHeaders.Location, /\/sobjects\/Opportunity\/006/);
  });
  await step('composite, all or none', async () => {
    const { compositeResponse } = await c.requestPost('/composite', {
      allOrNone: true,
      compositeRequest: [
        part('POST', '/sobjects/Account', 'a', { Name: 'Rolled back' }),
        part('POST', '/sobjects/Account', 'b', {}),
      ],
    });
    assert.deepEqual(compositeResponse.map((one) => one.body[0].errorCode), ['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING']);
    const found = await c.query("SELECT Id FROM Account WHERE Name = 'Rolled back'");
    assert.equal(found.totalSize, 0);
  });
  await step('batch', async () => {
    const answer = await c.requestPost('/composite/batch', {
      batchRequests: [
        { method: 'POST', url: 'v60.0/sobjects/Account', richInput: { Name: 'Batch' } },
        { method: 'GET', url: 'v60.0/sobjects/Account/0015g0000000zzzAAA' },
        { method: 'GET', url: "v60.0/query?q=SELECT+Name+FROM+Account+WHERE+Name='Batch'" },
      ],
    });
    assert.deepEqual(answer.results.map((one) => one.statusCode), [201, 404, 200]);
    assert.equal(answer.hasErrors, true);
    assert.equal(answer.results[2].result.totalSize, 1);
  });
  await step('tree', async () => {
    const row = (type, referenceId, fields) => ({ attributes: { type, referenceId }, ...fields });
    const answer = await c.requestPost('/composite/tree/Account', {
      records: [
        row('Account', 'a1', {
          Name: 'Tree',
          Contacts: { records: [row('Contact', 'c1', { LastName: 'Leaf' }), row('Contact', 'c2', { LastName: 'Leaf' })] },
          Opportunities: { records: [row('Opportunity', 'o1', deal('Branch'))] },
        }),
      ],
    });
    assert.deepEqual([answer.hasErrors, answer.results.length], [false, 4]);
    const { id } = answer.results.find((one) => one.referenceId === 'a1');
    assert.equal((await c.query(`SELECT Id FROM Contact WHERE AccountId = '${id}'`)).totalSize, 2);
    const bad = { records: [row('Account', 'a1', { Name: 'Fallen', Contacts: { records: [row('Contact', 'c1', {})] } })] };
    await assert.rejects(() => c.requestPost('/composite/tree/Account', bad), (thrown) => {
      const { hasErrors, results } = JSON.parse(thrown.message);
      assert.deepEqual([hasErrors, results[0].referenceId], [true, 'c1']);
      assert.equal(results[0].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
      return true;
    });
    assert.equal((await c.query("SELECT Id FROM Account WHERE Name = 'Fallen'")).totalSize, 0);
  });
  await step('graph', async () => {
    const graph = (graphId, name) => ({
      graphId,
      compositeRequest: [
        part('POST', '/sobjects/Account', 'a', { Name: `Graph ${graphId}` }),
        part('POST', '/sobjects/Contact', 'c', { LastName: name, AccountId: '@{a.id}' }),
      ],
    });
    const { graphs } = await c.requestPost('/composite/graph', { graphs: [graph('1', 'Ok'), graph('2', '')] });
    assert.deepEqual(graphs.map((one) => one.isSuccessful), [true, false]);
    assert.equal((await c.query("SELECT Id FROM Account WHERE Name LIKE 'Graph %'")).totalSize, 1);
  });
}

async function changes(c) {
  const start = new Date(Date.now() - 3_600_000);
  const end = new Date(Date.now() + 120_000);
  await step('updated and deleted', async () => {
    const made = await c.sobject('Contact').create([{ LastName: 'Stays' }, { LastName: 'Goes' }]);
    await c.sobject('Contact').destroy(made[1].id);
    const updated = await c.sobject('Contact').updated(start, end);
    assert.ok(updated.ids.includes(made[0].id) && !updated.ids.includes(made[1].id));
    assert.match(updated.latestDateCovered, /T\d\d:\d\d:00\.000\+0000$/);
    const deleted = await c.sobject('Contact').deleted(start.toISOString(), end.toISOString());
    assert.ok(deleted.deletedRecords.some((one) => one.id === made[1].id && one.deletedDate));
    assert.ok(deleted.earliestDateAvailable < deleted.latestDateCovered);
  });
  await step('updated with times the wrong way round', () =>
    refused('INVALID_REPLICATION_DATE', () => c.sobject('Contact').updated(end, start)),
  );
}

async function jobs(c) {
  await step('bulk jobs', async () => {
    const input = [1, 2, 3].map((n) => ({ LastName: `Job ${n}`, Title: 'a, "b"\nc' }));
    const object = 'Contact';
    const done = await c.bulk2.loadAndWaitForResults({ object, operation: 'insert', input: [...input, { Title: 'x' }] });
    assert.deepEqual([done.successfulResults.length, done.failedResults.length], [3, 1]);
    assert.match(done.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING/);
    const rows = await (await c.bulk2.query("SELECT Id, Title FROM Contact WHERE LastName LIKE 'Job %'")).toArray();
    assert.deepEqual([rows.length, rows[0].Title], [3, 'a, "b"\nc']);
    const gone = await c.bulk2.loadAndWaitForResults({ object, operation: 'delete', input: rows.map(({ Id }) => ({ Id })) });
    assert.equal(gone.successfulResults.length, 3);
  });
}

async function refusals(c) {
  const Opportunity = c.sobject('Opportunity');
  await Opportunity.create(deal('First', { Referral_Identifier__c: 'unique-1' }));
  for (const [code, row, fields] of [
    ['REQUIRED_FIELD_MISSING', { Name: 'x' }, ['StageName', 'CloseDate']],
    ['STRING_TOO_LONG', deal('x'.repeat(121)), ['Name']],
    ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', deal('x', { StageName: 'Nothing' }), ['StageName']],
    ['DUPLICATE_VALUE', deal('x', { Referral_Identifier__c: 'UNIQUE-1' }), []],
    ['INVALID_FIELD', deal('x', { Nothing__c: 1 }), undefined],
    ['INVALID_FIELD_FOR_INSERT_UPDATE', deal('x', { IsWon: true }), ['IsWon']],
    ['MALFORMED_ID', deal('x', { AccountId: '0035g0000000001' }), ['AccountId']],
    ['JSON_PARSER_ERROR', deal('x', { CloseDate: 'soon' }), undefined],
    ['NUMBER_OUTSIDE_VALID_RANGE', deal('x', { Amount: 1e18 }), ['Amount']],
  ]) {
    await step(`create: ${code}`, async () => {
      const thrown = await refused(code, () => Opportunity.create(row));
      assert.deepEqual(thrown.data.fields, fields);
    });
  }
  await step('not found', async () => {
    await refused('NOT_FOUND', () => Opportunity.retrieve('0065g0000000zzz'));
    await refused('NOT_FOUND', () => c.sobject('Nothing').create({ Name: 'x' }));
    await refused('NOT_FOUND', () => c.sobject('Nothing').describe());
    await refused('NOT_FOUND', () => c.request('/nothing'));
    await refused('INVALID_CROSS_REFERENCE_KEY', () => Opportunity.update({ Id: '0065g0000000zzz', Name: 'x' }));
    await refused('NOT_FOUND', () => Opportunity.upsert({ Nothing__c: '1' }, 'Nothing__c'));
  });
  await step('several errors at once', async () => {
    const row = deal('x'.repeat(121), { StageName: 'Nothing' });
    const thrown = await refused('MULTIPLE_API_ERRORS', () => Opportunity.create(row));
    assert.equal(thrown.data.length, 2);
  });
}

module.exports = async (c) => {
  await described(c);
  await together(c);
  await changes(c);
  await jobs(c);
  await refusals(c);
};
