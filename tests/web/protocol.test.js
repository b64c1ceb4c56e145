// The contract's example files, read by the client's own reader.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { BadMessage, readUntrusted } from '../../web/protocol/reader.js';
import { MESSAGES } from '../../web/protocol/shapes.js';
import { PROTOCOL, WORDS } from '../../web/protocol/words.js';

const SCHEMA = new URL('../../signaling/protocol/schema/', import.meta.url);
const definitions = JSON.parse(readFileSync(new URL('protocol.schema.json', SCHEMA), 'utf8'));
const FROM_SERVER = new Set(Object.keys(MESSAGES));

const examples = (/** @type {string} */ kind) =>
  readdirSync(new URL(`examples/${kind}/`, SCHEMA)).map((name) => ({
    name,
    type: name.split('.')[0],
    text: readFileSync(new URL(`examples/${kind}/${name}`, SCHEMA), 'utf8'),
  }));

for (const { name, type, text } of examples('valid')) {
  if (!FROM_SERVER.has(type)) continue;
  test(`reads ${name}`, () => {
    const sent = JSON.parse(text);
    const read = readUntrusted(text);
    for (const [field, value] of Object.entries(sent)) assert.deepEqual(read[field], value);
  });
}

for (const { name, type, text } of examples('invalid')) {
  if (!FROM_SERVER.has(type) && type !== 'none') continue;
  test(`refuses ${name}`, () => assert.throws(() => readUntrusted(text), BadMessage));
}

test('every server message has an example', () => {
  const seen = new Set(examples('valid').map(({ type }) => type));
  assert.deepEqual([...FROM_SERVER].filter((type) => !seen.has(type)), []);
});

test('a client message is not a server message', () => {
  for (const { type, text } of examples('valid')) {
    if (!FROM_SERVER.has(type)) assert.throws(() => readUntrusted(text), BadMessage, type);
  }
});

test('anything that arrives is a message or a bad message', () => {
  for (const frame of [undefined, null, 7, new ArrayBuffer(2), '', '[]', 'null', '{"type":"__proto__"}', '{"type":"toString"}']) {
    assert.throws(() => readUntrusted(frame), BadMessage);
  }
});

test('the words are those of the schema', () => {
  const text = JSON.stringify(definitions);
  const words = (/** @type {string} */ name) => {
    const found = new RegExp(`"${name}":(\\{[^{}]*"enum":\\[[^\\]]*\\][^{}]*\\})`).exec(text);
    assert.ok(found, name);
    return [...JSON.parse(found[1]).enum].sort();
  };
  for (const [name, known] of Object.entries(WORDS)) assert.deepEqual([...known].sort(), words(name));
  assert.equal(PROTOCOL, 2);
});
