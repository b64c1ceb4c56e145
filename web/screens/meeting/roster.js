import { el, fill, icon, list, setIcon, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';
import { isHost, ownRole, personLine, personOf, unitOf } from '../../state/people.js';
import { actsOn } from '../../state/person-acts.js';
import { AppElement, changed } from '../shared/element.js';
import { openPerson } from './person-menu.js';
import { presenceWord } from './presence-words.js';

/** @typedef {import('../../protocol/views.js').ParticipantView} ParticipantView */

const SECOND_MS = 1000;

/** Who is in the meeting, in the server's order. Operator and chair act on the rows. */
export class Roster extends AppElement {
  #title = el('span');
  #count = el('span', { class: 'count' });
  #lock = el('button', { class: 'btn btn-quiet', type: 'button', 'data-testid': 'lock' });
  #list = el('ul', { class: 'panel-list people scroll', tabindex: 0 });

  /** @override */
  build() {
    const { app } = this;
    const { signal } = this;
    const muteAll = el('button', { class: 'btn btn-quiet', type: 'button', 'data-testid': 'mute-all' },
      icon('mic-off'), app.t('roster.mute-all'));
    muteAll.addEventListener('click', () => app.send({ type: 'mute-all' }), { signal });
    this.#lock.addEventListener('click', () => app.send({ type: 'lock', on: !app.state.floor.locked }), { signal });
    fill(this,
      isHost(ownRole(app.state)) && el('div', { class: 'panel-head is-act' }, this.#lock, muteAll),
      // In a tab the title is on the tab.
      this.getAttribute('role') !== 'tabpanel' && el('div', { class: 'panel-head' }, el('h2', null, this.#title, this.#count)),
      this.#list,
    );
    this.#list.replaceChildren();
    this.every(SECOND_MS, () => this.#second());
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (before && ownRole(state) !== ownRole(before)) this.rebuild(); // a new role has other buttons
    else if (changed(state, before, 'roster', 'speakers', 'floor', 'voices')) this.#show();
  }

  /** Update how long people have been away, and how much longer a technician listens. */
  #second() {
    if (this.hidden) return;
    for (const who of this.app.state.roster.participants) {
      if (who.presence === 'here' && who.listens === 0) continue;
      const row = this.#list.querySelector(`[data-participant="${CSS.escape(who.id)}"] small`);
      if (row) setText(row, this.#line(who));
    }
  }

  #show() {
    const { state, t } = this.app;
    const people = state.roster.participants;
    const { locked } = state.floor;
    setText(this.#title, t('roster.title'));
    setText(this.#count, String(people.length));
    this.#lock.replaceChildren(icon('lock'), t(locked ? 'lobby.unlock' : 'lobby.lock'));
    this.#lock.setAttribute('aria-pressed', String(locked));
    this.#list.setAttribute('aria-label', t('roster.title'));
    list(this.#list, people, (who) => who.id, (who) => this.#make(who), (row, who) => this.#update(row, who));
  }

  /** @param {ParticipantView} who */
  #make(who) {
    const { app } = this;
    const own = who.id === app.state.welcome?.participant;
    const host = isHost(ownRole(app.state));
    const microphone = icon('mic', 'mic-state');
    return el('li', { class: 'person', 'data-testid': 'roster-row', 'data-participant': who.id },
      el('span', null, el('b'), el('small'), el('span', { class: 'sr' })),
      el('span', { class: 'marks' },
        el('span', { class: 'badge badge-warn weak' }),
        icon('camera', 'camera-state'),
        // For those who may mute, the microphone's sign is also the button.
        host && !own ? this.#act('roster-mute', microphone, () => this.#switch(who.id)) : microphone,
        host && this.#act('roster-more', icon('more'), () => openPerson(app, who.id))));
  }

  /** Mute, or let unmute again. @param {string} participant */
  #switch(participant) {
    const who = personOf(this.app.state, participant);
    const act = who && actsOn(this.app.state, who).find((one) => one === 'mute' || one === 'unmute');
    if (act === 'mute' || act === 'unmute') this.app.send({ type: act, participant, source: 'microphone' });
  }

  /**
   * @param {string} testid
   * @param {SVGSVGElement} sign
   * @param {() => void} act
   */
  #act(testid, sign, act) {
    return el('button', { class: 'btn btn-quiet btn-icon', type: 'button', 'data-testid': testid, onclick: act }, sign);
  }

  /**
   * @param {HTMLElement} row
   * @param {ParticipantView} who
   */
  #update(row, who) {
    const { state, t } = this.app;
    const unit = unitOf(state, who);
    const label = unit?.name || who.name;
    const [title, line] = /** @type {HTMLElement[]} */ ([...row.querySelectorAll('b, small')]);
    if (title) setText(title, who.id === state.welcome?.participant ? t('meeting.you', { name: label }) : label);
    if (line) setText(line, this.#line(who));
    const microphone = /** @type {SVGSVGElement} */ (row.querySelector('.mic-state'));
    const camera = /** @type {SVGSVGElement} */ (row.querySelector('.camera-state'));
    const mic = microphoneOf(who);
    const filming = who.camera.gate.length === 0;
    const spoken = [`roster.microphone-${mic}`, `roster.camera-${filming ? 'open' : 'shut'}`];
    setText(/** @type {HTMLElement} */ (row.querySelector('.sr')), spoken.map((key) => t(key)).join(', '));
    setIcon(microphone, mic === 'open' ? 'mic' : 'mic-off');
    microphone.classList.toggle('is-on', mic === 'open');
    microphone.classList.toggle('is-shut-by-host', mic === 'host');
    setIcon(camera, filming ? 'camera' : 'camera-off');
    camera.classList.toggle('is-on', filming);
    row.classList.toggle('is-speaking', state.speakers.heard.includes(who.id));
    row.classList.toggle('is-away', who.presence !== 'here');
    row.dataset.microphone = mic;
    row.dataset.presence = who.presence;
    const weak = /** @type {HTMLElement} */ (row.querySelector('.weak'));
    weak.hidden = who.quality !== 'poor' || who.presence !== 'here';
    setText(weak, t('line.flag-poor'));
    this.#buttons(row, who, label);
  }

  /**
   * The labels and titles of the row's buttons: what they do, and to whom.
   * @param {HTMLElement} row
   * @param {ParticipantView} who
   * @param {string} name
   */
  #buttons(row, who, name) {
    const { state, t } = this.app;
    const more = /** @type {HTMLElement | null} */ (row.querySelector('[data-testid=roster-more]'));
    if (!more) return;
    const acts = actsOn(state, who);
    more.hidden = acts.length === 0;
    more.setAttribute('aria-label', t('roster.more', { name }));
    more.title = t('roster.more', { name });
    const button = row.querySelector('.mic-state')?.closest('button');
    if (!button) return;
    const held = who.microphone.gate.includes('host');
    const act = held ? 'unmute' : 'mute';
    const may = acts.includes(act);
    button.dataset.testid = `roster-${act}`;
    button.setAttribute('aria-disabled', String(!may));
    button.title = may ? t(`roster.${act}`, { name }) : t('roster.chair-unmutes', { name });
    button.setAttribute('aria-label', button.title);
  }

  /** @param {ParticipantView} who */
  #line(who) {
    const { t, state } = this.app;
    const now = Date.now() + state.clockMs;
    const parts = [personLine(this.app, who)];
    const spoke = state.voices.times.find((one) => one.participant === who.id)?.seconds ?? 0;
    if (spoke > 0) parts.push(t('roster.spoke', { time: duration(spoke * SECOND_MS) }));
    if (who.listens > now) parts.push(t('roster.listens', { time: duration(who.listens - now) }));
    if (who.may_leave) parts.push(t('roster.may-leave'));
    if (who.presence !== 'here') parts.push(presenceWord(this.app, who));
    return parts.join(' · ');
  }
}

/** Whether it is open, or the strongest reason why it is shut. @param {ParticipantView} who @returns {'open' | 'host' | 'shut'} */
function microphoneOf({ microphone: { gate } }) {
  if (gate.length === 0) return 'open';
  return gate.includes('host') ? 'host' : 'shut';
}

customElements.define('gb-roster', Roster);
