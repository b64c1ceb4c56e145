import { el, icon, list, setIcon, setText } from '../js/dom.js';
import { isHost, personLine, personOf, unitOf } from '../js/people.js';
import { ask } from './gb-dialog.js';

/** @typedef {import('../js/protocol.js').Participant} Participant */

/** Who is in the meeting, in the order the server gives; the operator and the chair act on each row. */
export class Roster extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #title = el('span');
  #count = el('span', { class: 'count' });
  #list = el('ul', { class: 'panel-list people scroll', tabindex: 0 });
  #version = -1;

  connectedCallback() {
    this.#abort = new AbortController();
    const { app } = this;
    const host = isHost(app.state.welcome?.role);
    const muteAll = el('button', { class: 'btn btn-quiet', type: 'button', 'data-testid': 'mute-all' },
      icon('mic-off'), app.t('roster.mute-all'));
    muteAll.addEventListener('click', () => app.send({ type: 'mute-all' }), { signal: this.#abort.signal });
    this.replaceChildren(
      // Who leads the meeting has the title on a tab.
      host ? el('div', { class: 'panel-head is-act' }, muteAll) : el('div', { class: 'panel-head' }, el('h2', null, this.#title, this.#count)),
      this.#list,
    );
    app.subscribe((state, before) => {
      if (state.roster !== before.roster || state.speakers !== before.speakers) this.#render();
    }, this.#abort.signal);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  #render() {
    const { state, t } = this.app;
    const people = state.roster.participants;
    setText(this.#title, t('roster.title'));
    setText(this.#count, String(people.length));
    this.#list.setAttribute('aria-label', t('roster.title'));
    list(this.#list, people, (who) => who.id, (who) => this.#make(who), (row, who) => this.#update(row, who));
  }

  /** @param {Participant} who */
  #make(who) {
    const { app } = this;
    const own = who.id === app.state.welcome?.participant;
    const acts = isHost(app.state.welcome?.role) && !own;
    const microphone = icon('mic', 'mic-state');
    return el('li', { class: 'person', 'data-testid': 'roster-row', 'data-participant': who.id },
      el('span', null, el('b'), el('small'), el('span', { class: 'sr' })),
      el('span', { class: 'marks' },
        el('span', { class: 'badge badge-warn weak' }),
        icon('camera', 'camera-state'),
        // Who may mute presses the microphone's own sign: one sign says both what is and what can be done.
        acts ? this.#act('roster-mute', microphone, () => this.#switch(who.id)) : microphone,
        acts && this.#act('roster-kick', icon('close'), () => this.#kick(who))));
  }

  /** Mute, or let unmute again. @param {string} participant */
  #switch(participant) {
    const who = personOf(this.app.state, participant);
    const type = who?.microphone.gate.includes('host') ? 'unmute' : 'mute';
    this.app.send({ type, participant, source: 'microphone' });
  }

  /**
   * @param {string} testid
   * @param {SVGSVGElement} sign
   * @param {() => void} act
   */
  #act(testid, sign, act) {
    const button = el('button', { class: 'btn btn-quiet btn-icon', type: 'button', 'data-testid': testid }, sign);
    button.addEventListener('click', act, { signal: this.#abort.signal });
    return button;
  }

  /**
   * @param {HTMLElement} row
   * @param {Participant} who
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
    const open = who.microphone.gate.length === 0;
    const byHost = who.microphone.gate.includes('host');
    const filming = who.camera.gate.length === 0;
    const spoken = [`roster.microphone-${open ? 'open' : byHost ? 'host' : 'shut'}`, `roster.camera-${filming ? 'open' : 'shut'}`];
    setText(/** @type {HTMLElement} */ (row.querySelector('.sr')), spoken.map((key) => t(key)).join(', '));
    setIcon(microphone, open ? 'mic' : 'mic-off');
    microphone.classList.toggle('is-on', open);
    microphone.classList.toggle('is-shut-by-host', byHost);
    setIcon(camera, filming ? 'camera' : 'camera-off');
    camera.classList.toggle('is-on', filming);
    row.classList.toggle('is-speaking', state.speakers.heard.includes(who.id));
    row.dataset.microphone = byHost ? 'host' : open ? 'open' : 'shut';
    const weak = /** @type {HTMLElement} */ (row.querySelector('.weak'));
    weak.hidden = who.quality !== 'poor';
    setText(weak, t('line.flag-poor'));
    this.#name(row, byHost ? 'unmute' : 'mute', '.mic-state', label);
    this.#name(row, 'kick', '[data-testid=roster-kick] > svg', label);
  }

  /**
   * What a button of the row does to whom, for ears and for the pointer.
   * @param {HTMLElement} row
   * @param {'mute' | 'unmute' | 'kick'} act
   * @param {string} sign
   * @param {string} name
   */
  #name(row, act, sign, name) {
    const button = row.querySelector(sign)?.closest('button');
    if (!button) return;
    button.dataset.testid = `roster-${act}`;
    button.setAttribute('aria-label', this.app.t(`roster.${act}`, { name }));
    button.title = this.app.t(`roster.${act}`, { name });
  }

  /** @param {Participant} who */
  #line(who) {
    const { t } = this.app;
    const line = personLine(this.app, who);
    return who.online ? line : `${line} · ${t('meeting.coming-back')}`;
  }

  /** @param {Participant} who */
  async #kick(who) {
    const { app } = this;
    const name = unitOf(app.state, who)?.name || who.name;
    const reason = await ask(app, {
      title: app.t('dialog.kick-title', { name }), text: app.t('dialog.kick-text'),
      confirm: app.t('dialog.kick'), reason: true, danger: true,
    });
    if (reason !== null) app.send({ type: 'kick', participant: who.id, reason });
  }
}

customElements.define('gb-roster', Roster);
