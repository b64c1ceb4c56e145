/** Starts the client: one App, and one screen at a time in the page. */

import './screens/door/door.js';
import './screens/door/ended.js';
import './screens/waiting/green-room.js';
import './screens/meeting/meeting.js';
import './screens/waiting/waiting.js';
import { App } from './app/app.js';
import { el, setText } from './kit/dom.js';
import { bringIcons } from './kit/icons.js';

/** @type {Record<import('./state/store.js').Screen, string>} */
const ELEMENTS = {
  door: 'gb-door',
  'green-room': 'gb-green-room',
  waiting: 'gb-waiting',
  refused: 'gb-waiting',
  meeting: 'gb-meeting',
  ended: 'gb-ended',
};

const place = /** @type {HTMLElement} */ (document.getElementById('screen'));
const announcer = /** @type {HTMLElement} */ (document.getElementById('announcer'));
const app = new App();

/** Replace the last screen's element with that of the current screen. */
function mount() {
  const { screen, welcome } = app.state;
  const name = app.t(`app.screen.${screen}`);
  document.documentElement.dataset.screen = screen;
  document.title = [name, welcome?.meeting.title, app.t('app.name')].filter(Boolean).join(' · ');
  setText(announcer, name);
  const element = /** @type {HTMLElement & {app: App}} */ (document.createElement(ELEMENTS[screen]));
  element.app = app;
  const typed = remember();
  place.replaceChildren(element);
  restore(typed);
}

/** What was typed and where the focus is, by id, so that a change of language loses neither. */
function remember() {
  const values = [...place.querySelectorAll('input[id]')].map((input) => /** @type {const} */ ([input.id, /** @type {HTMLInputElement} */ (input).value]));
  return { screen: place.firstElementChild?.localName, values, focus: document.activeElement?.id };
}

/** @param {ReturnType<typeof remember>} typed */
function restore({ screen, values, focus }) {
  if (screen !== place.firstElementChild?.localName) return;
  for (const [id, value] of values) {
    const input = document.getElementById(id);
    if (input instanceof HTMLInputElement && input.value !== value) {
      input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }
  if (focus) document.getElementById(focus)?.focus();
}

try {
  await Promise.all([bringIcons(), app.start()]);
  mount();
  app.subscribe((state, before) => {
    if (state.screen !== before.screen || state.language !== before.language) mount();
  }, new AbortController().signal);
} catch (error) {
  // The texts may be missing, so this is written in both languages.
  console.error('not-started', error);
  place.replaceChildren(
    el('p', { class: 'not-started', lang: 'vi' }, 'Không tải được trang. Hãy kiểm tra mạng rồi tải lại.'),
    el('p', { class: 'not-started', lang: 'en' }, 'The page could not be loaded. Check the network and reload.'),
  );
}
