// Steps of a client's script: each is told on a line of its own, and the program fails if one failed.
//
// In: names and what to do. Out: `ok` or `FAILED` lines, exit code. Must not know: any client.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');

let done = 0;
let failed = 0;

/** Does one step and tells how it went; answers what it answered. */
async function step(name, work) {
  try {
    const answer = await work();
    done += 1;
    console.log(`ok      ${name}`);
    return answer;
  } catch (error) {
    failed += 1;
    const place = (error.stack || '').split('\n').find((line) => line.includes(__dirname)) || '';
    console.log(`FAILED  ${name}: ${error.name}: ${error.message} ${place.trim()}`);
    return undefined;
  }
}

/** What a call is refused with; fails when it is not. */
async function refused(code, call) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `${code} was expected, and nothing was refused`);
  assert.equal(error.errorCode || error.name, code, error.message);
  return error;
}

function end() {
  console.log(`${done} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

module.exports = {
  assert,
  step,
  refused,
  end,
  /** What the sandbox's ready file says. */
  ready: JSON.parse(readFileSync(process.argv[2], 'utf8')),
  /** Reads a package from the folder that it was installed in. */
  need: createRequire(`${process.env.CLIENT_HOME}/package.json`),
};
