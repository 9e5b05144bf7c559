// jsforce hears of changes over the Streaming API.
//
// In: a connection. Out: a line for each step. Must not know: how the connection signed in.
'use strict';

const { assert, step } = require('./steps.cjs');

const CHANNEL = '/data/OpportunityChangeEvent';

/** Waits until there are so many, ten seconds at most. */
async function until(events, count) {
  for (let tries = 0; tries < 200 && events.length < count; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(events.length >= count, `${count} events were expected, ${events.length} came`);
}

module.exports = async (c) => {
  await step('change events by streaming', async () => {
    const events = [];
    const client = c.streaming.createClient([]);
    const subscription = client.subscribe(CHANNEL, (event) => events.push(event));
    await subscription;
    const deal = { Name: 'Heard', StageName: 'Prospecting', CloseDate: '2026-12-31' };
    const { id } = await c.sobject('Opportunity').create(deal);
    await c.sobject('Opportunity').update({ Id: id, NextStep: 'call' });
    await until(events, 2);
    const [made, changed] = events.map((event) => event.payload);
    assert.deepEqual(made.ChangeEventHeader.recordIds, [id]);
    assert.deepEqual([made.ChangeEventHeader.changeType, made.Name], ['CREATE', 'Heard']);
    assert.deepEqual([changed.ChangeEventHeader.changeType, changed.NextStep], ['UPDATE', 'call']);
    assert.ok(events[1].event.replayId > events[0].event.replayId);
    subscription.cancel();
    client.disconnect();
  });
};
