import assert from 'node:assert/strict';
import test from 'node:test';
import { readServer } from '../../web/link/server.js';

const CERTIFICATE = { standing: 'ends-soon', begins: 1, ends: 2, fingerprint: '' };

test('how the certificates stand is read, and what is not as it should be is left out', () => {
  const authority = { standing: 'ok', begins: 1, ends: 9, fingerprint: 'ab' };
  assert.deepEqual(readServer({ version: '1', certificate: CERTIFICATE, authority }), { version: '1', certificate: CERTIFICATE, authority, audit: '' });
  assert.equal(readServer({ audit: '2026-11-30  #7  1a2b 3c4d 5e6f 7a8b' })?.audit, '2026-11-30  #7  1a2b 3c4d 5e6f 7a8b');
  assert.equal(readServer({ audit: 7 })?.audit, '');
  assert.equal(readServer({ certificate: { ...CERTIFICATE, standing: 'fine' } })?.certificate, null);
  assert.equal(readServer({ certificate: { ...CERTIFICATE, ends: '2' } })?.certificate, null);
  assert.equal(readServer({ certificate: null })?.authority, null);
  assert.equal(readServer(null), null);
});
