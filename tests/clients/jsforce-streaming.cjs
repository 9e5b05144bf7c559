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

  await step('push topics by streaming', async () => {
    const topic = {
      Name: 'LargeDeals',
      Query: "SELECT Id, Name, Amount FROM Opportunity WHERE Amount > 1000",
      ApiVersion: 60.0,
      NotifyForFields: 'Referenced',
      NotifyForOperationDelete: false,
    };
    const made = await c.sobject('PushTopic').create(topic);
    assert.ok(made.success);
    const messages = [];
    const subscription = c.streaming.topic('LargeDeals').subscribe((message) => messages.push(message));
    await subscription;
    const deal = { StageName: 'Prospecting', CloseDate: '2026-12-31' };
    await c.sobject('Opportunity').create({ ...deal, Name: 'Small', Amount: 10 });
    const { id } = await c.sobject('Opportunity').create({ ...deal, Name: 'Large', Amount: 5000 });
    await c.sobject('Opportunity').update({ Id: id, NextStep: 'call' });
    await c.sobject('Opportunity').update({ Id: id, Amount: 6000 });
    await until(messages, 2);
    const told = messages.map(({ event, sobject }) => [event.type, sobject]);
    const row = { Id: id, Name: 'Large' };
    assert.deepEqual(told, [
      ['created', { ...row, Amount: 5000 }],
      ['updated', { ...row, Amount: 6000 }],
    ]);
    assert.ok(messages[1].event.replayId > messages[0].event.replayId);
    subscription.cancel();
    // jsforce has no public way to end the connection of its topics.
    c.streaming._getFayeClient('/topic/LargeDeals').disconnect();
    await assert.rejects(
      () => c.sobject('PushTopic').create({ ...topic, Name: 'Bad', Query: `${topic.Query} LIMIT 1` }),
      (error) => error.errorCode === 'INVALID_FIELD' && error.message === "'LIMIT' is not allowed",
    );
    await c.sobject('PushTopic').destroy(made.id);
  });
};
