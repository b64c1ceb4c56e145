// The base element's life: built and shown when it comes into the page, silent after it has left.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeTimers } from './timers.js';

globalThis.HTMLElement = /** @type {any} */ (class {});
const { AppElement, changed, withApp } = await import('../../web/screens/shared/element.js');

/** An app that only tells its listeners. */
class Teller {
  state = { roster: 1, floor: 1 };
  /** @type {Set<(state: unknown, before: unknown) => void>} */ listeners = new Set();

  /** @param {(state: unknown, before: unknown) => void} listener @param {AbortSignal} signal */
  subscribe(listener, signal) {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener));
  }

  /** @param {object} change */
  tell(change) {
    const before = this.state;
    this.state = { ...before, ...change };
    for (const listener of [...this.listeners]) listener(this.state, before);
  }
}

class Sample extends AppElement {
  /** @type {string[]} */ log = [];
  name = '';

  build() {
    this.log.push('build');
    this.whenLeaving(() => this.log.push('left'));
  }

  render(state, before) {
    this.log.push(before === null ? 'first' : changed(state, before, 'roster') ? 'roster' : 'other');
  }
}

test('an element is built, shown, and shown again on every change until it leaves the page', () => {
  const app = new Teller();
  const element = withApp(new Sample(), /** @type {any} */ (app), { name: 'sample' });
  element.connectedCallback();
  app.tell({ roster: 2 });
  app.tell({ floor: 2 });
  element.disconnectedCallback();
  app.tell({ roster: 3 });
  assert.deepEqual(element.log, ['build', 'first', 'roster', 'other', 'left']);
  assert.equal(element.name, 'sample');
});

test('an element that comes back or is rebuilt starts over, with a new signal', () => {
  const app = new Teller();
  const element = withApp(new Sample(), /** @type {any} */ (app));
  element.connectedCallback();
  const { signal } = element;
  element.rebuild();
  app.tell({ roster: 2 });
  assert.equal(signal.aborted, true);
  assert.equal(element.signal.aborted, false);
  assert.deepEqual(element.log, ['build', 'first', 'left', 'build', 'first', 'roster']);
});

test('what an element repeats ends when it leaves the page', (context) => {
  const timers = new FakeTimers();
  context.after(() => timers.restore());
  const element = withApp(new Sample(), /** @type {any} */ (new Teller()));
  element.connectedCallback();
  let times = 0;
  element.every(1000, () => (times += 1));
  timers.tick(2500);
  element.disconnectedCallback();
  timers.tick(5000);
  assert.equal(times, 2);
});
