import { el, icon, setIcon, setText } from '../../kit/dom.js';
import { placeOf, turnOf } from '../../state/floor.js';
import { hindrance } from '../../state/own-devices.js';
import { isHost, ownPerson, ownRole, personOf, unitOf } from '../../state/people.js';
import { mayHear, phaseOf } from '../../state/permissions.js';
import { confirmation } from '../shared/dialog.js';
import { AppElement } from '../shared/element.js';
import { openMenu } from './menu.js';
import { ownLine } from './own-line.js';
import { openPermission } from './permission.js';

/** @typedef {'open' | 'self' | 'floor' | 'host'} Gate */

/** The controls. Each shows what the server says of it and, underneath, why or what a press does. */
export class Bar extends AppElement {
  #talk = this.#big('bar-microphone', 'mic', 'M');
  #next = this.#big('bar-next', 'hand', 'N');
  #hand = this.#big('bar-hand', 'hand', 'H');
  #muteAll = this.#small('bar-mute-all', 'mic-off');
  #camera = this.#small('bar-camera', 'camera');
  #screen = this.#small('bar-screen', 'screen');
  #leave = this.#small('bar-leave', 'leave');
  #more = this.#small('bar-more', 'more');
  #end = this.#small('end-meeting', 'close');

  /** @override */
  build() {
    const { signal } = this;
    const { app } = this;
    const host = isHost(ownRole(app.state));
    this.setAttribute('role', 'toolbar');
    this.setAttribute('aria-label', app.t('bar.title'));
    this.#label(this.#more, app.t('bar.more'));
    this.#label(this.#end, app.t('bar.end'));
    this.#leave.classList.toggle('is-danger', !host);
    this.#end.classList.add('is-danger');
    this.#more.setAttribute('aria-haspopup', 'dialog');
    const canShare = 'getDisplayMedia' in (navigator.mediaDevices ?? {});
    this.replaceChildren();
    const hears = mayHear(app.state);
    if (hears) this.append(this.#talk, this.#camera);
    if (hears && canShare) this.append(this.#screen);
    // Chair and operator have it behind "more"; their bar is for the floor.
    if (hears && !host) this.append(ownLine(app, signal));
    if (host) this.append(this.#muteAll);
    // The main thing to do comes first: the chair invites, others ask; where all may speak it is the microphone.
    if (ownRole(app.state) === 'chair') this.prepend(this.#next);
    else if (hears) this.prepend(this.#hand);
    this.append(this.#more);
    if (ownRole(app.state) !== 'chair') this.append(this.#leave);
    if (host) this.append(this.#end);
    this.#label(this.#muteAll, app.t('bar.mute-all'));
    this.#next.addEventListener('click', () => this.next(), { signal });
    this.#hand.addEventListener('click', () => this.hand(), { signal });
    this.#muteAll.addEventListener('click', () => app.send({ type: 'mute-all' }), { signal });
    this.#talk.addEventListener('click', () => this.toggle('microphone'), { signal });
    this.#camera.addEventListener('click', () => this.toggle('camera'), { signal });
    this.#screen.addEventListener('click', () => this.toggle('screen'), { signal });
    this.#leave.addEventListener('click', () => openPermission(app, 'leave'), { signal });
    this.#end.addEventListener('click', () => this.#askEnd(), { signal });
    this.#more.addEventListener('click', () => openMenu(app), { signal });
  }

  /** Whether the own source is open, or why it is shut, by the server. @param {'microphone'|'camera'|'screen'} source @returns {Gate} */
  gate(source) {
    const gate = ownPerson(this.app.state)?.[source].gate ?? ['self'];
    if (gate.length === 0) return 'open';
    if (gate.includes('host')) return 'host';
    return gate.some((reason) => reason !== 'self') ? 'floor' : 'self';
  }

  /** @param {'microphone'|'camera'|'screen'} source */
  toggle(source) {
    const { state } = this.app;
    if (!mayHear(state)) return;
    if (source === 'screen' && phaseOf(state, 'screen') !== 'free') return openPermission(this.app, 'screen');
    const gate = this.gate(source);
    if (gate === 'open' || gate === 'self') this.app.setSource(source, gate === 'self');
  }

  /** Invite the next one, if there is one. */
  next() {
    const { app } = this;
    if (ownRole(app.state) === 'chair' && app.state.floor.next) app.send({ type: 'invite-next' });
  }

  /** Ask for the floor, or withdraw the request. */
  hand() {
    const { app } = this;
    const { floor, welcome } = app.state;
    if (this.#hand.hidden || !this.#hand.isConnected) return;
    app.send(placeOf(floor, welcome?.participant) ? { type: 'lower-hand' } : { type: 'raise-hand' });
  }

  /** @override */
  render() {
    const { t } = this.app;
    const mic = this.gate('microphone');
    this.#talk.dataset.state = mic;
    this.#talk.classList.toggle('is-shut', mic === 'self');
    this.#talk.classList.toggle('is-host', mic === 'host' || mic === 'floor');
    this.#talk.setAttribute('aria-disabled', String(mic === 'host' || mic === 'floor'));
    this.#talk.setAttribute('aria-pressed', String(mic === 'open'));
    const said = this.#heard(this.#talk, 'microphone', mic);
    setIcon(/** @type {SVGSVGElement} */ (this.#talk.querySelector('svg')), said === 'open' ? 'mic' : 'mic-off');
    this.#words(this.#talk, t(`bar.microphone-${said}`), t(`bar.microphone-${said}-hint`));
    this.#floor();
    this.#state(this.#camera, 'camera', this.gate('camera'));
    this.#state(this.#screen, 'screen', this.gate('screen'));
    this.#screen.hidden = isHost(ownRole(this.app.state)) && this.gate('screen') !== 'open';
    this.#permissions();
  }

  /**
   * @param {HTMLElement} button
   * @param {'camera' | 'screen'} source
   * @param {Gate} gate
   */
  #state(button, source, gate) {
    button.dataset.state = gate;
    button.classList.toggle('is-open', gate === 'open');
    button.setAttribute('aria-pressed', String(gate === 'open'));
    button.setAttribute('aria-disabled', String(gate === 'host' || gate === 'floor'));
    const said = source === 'camera' ? this.#heard(button, source, gate) : gate;
    if (source === 'camera') {
      setIcon(/** @type {SVGSVGElement} */ (button.querySelector('svg')), said === 'open' ? 'camera' : 'camera-off');
    }
    this.#label(button, this.app.t(`bar.${source}-${said === 'floor' ? 'host' : said}`));
  }

  /**
   * What the button says: an open gate helps nobody while the device gives nothing.
   * @param {HTMLElement} button
   * @param {'microphone' | 'camera'} kind
   * @param {Gate} gate
   */
  #heard(button, kind, gate) {
    const hindered = gate === 'open' ? hindrance(this.app.state, kind) : null;
    button.classList.toggle('is-hindered', hindered !== null);
    button.dataset.hindered = hindered ?? '';
    return hindered ?? gate;
  }

  /** The next speaker and the own place. Where everybody may speak nobody asks, and the microphone is the big button. */
  #floor() {
    const { state, t } = this.app;
    const { floor, welcome } = state;
    const following = personOf(state, floor.next);
    const nobody = !following;
    this.#words(this.#next, following ? t('bar.next', { name: unitOf(state, following)?.short || following.name }) : t('bar.next-nobody'),
      t(nobody ? 'bar.next-nobody-hint' : 'bar.next-hint'));
    this.#next.setAttribute('aria-disabled', String(nobody));
    const me = welcome?.participant;
    const place = placeOf(floor, me);
    const chair = ownRole(state) === 'chair';
    this.#hand.hidden = chair || Boolean(turnOf(floor, me)) || (floor.mode === 'open' && !place);
    this.#hand.dataset.place = String(place);
    this.#hand.setAttribute('aria-pressed', String(place > 0));
    this.#words(this.#hand, t(place ? 'bar.hand-up' : 'bar.hand', { place }), t(place ? 'bar.hand-up-hint' : 'bar.hand-hint'));
    const small = chair || !this.#hand.hidden;
    this.#talk.classList.toggle('talk', !small);
    this.#talk.classList.toggle('hand', !small);
    this.#talk.classList.toggle('state', small);
    this.#talk.classList.toggle('state-tall', small);
    this.#talk.classList.toggle('state-mic', small);
  }

  /** @param {HTMLElement} button @param {string} text @param {string} hint */
  #words(button, text, hint) {
    setText(/** @type {HTMLElement} */ (button.querySelector('b')), text);
    setText(/** @type {HTMLElement} */ (button.querySelector('small')), hint);
  }

  /** Buttons for what needs permission say so. */
  #permissions() {
    const { state, t } = this.app;
    const leave = phaseOf(state, 'leave');
    this.#leave.dataset.phase = leave;
    this.#label(this.#leave, t(`leave.bar-${leave}`));
    const screen = phaseOf(state, 'screen');
    if (screen === 'free') return;
    this.#screen.dataset.state = screen;
    this.#screen.setAttribute('aria-disabled', 'false');
    this.#label(this.#screen, t(`leave.screen-${screen}`));
  }

  /**
   * @param {HTMLElement} button
   * @param {string} text
   */
  #label(button, text) {
    setText(/** @type {HTMLElement} */ (button.querySelector('b')), text);
  }

  /** @param {string} testid @param {string} name @param {string} key */
  #big(testid, name, key) {
    return el('button', { class: 'hand talk', type: 'button', 'data-testid': testid },
      icon(name), el('span', null, el('b'), el('small')), el('span', { class: 'wide' }, el('kbd', null, key)));
  }

  /**
   * @param {string} testid
   * @param {string} name
   */
  #small(testid, name) {
    return el('button', { class: 'state state-tall', type: 'button', 'data-testid': testid }, icon(name), el('b'));
  }

  async #askEnd() {
    const { app } = this;
    const answer = await confirmation(app, {
      title: app.t('dialog.end-title'), text: app.t('dialog.end-text'), confirm: app.t('dialog.end'), danger: true,
    });
    if (answer !== null) app.send({ type: 'end-meeting' });
  }
}

customElements.define('gb-bar', Bar);
