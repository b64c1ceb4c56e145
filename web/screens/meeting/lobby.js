import { el, icon, list, setIcon, setText } from '../../kit/dom.js';
import { duration } from '../../kit/format.js';
import { remember, remembered } from '../../kit/storage.js';
import { headcount, ownRole, unitOf } from '../../state/people.js';
import { confirmation } from '../shared/dialog.js';
import { AppElement, changed } from '../shared/element.js';
import { openTalk, unseen } from '../shared/talk.js';
import { ban } from './ban.js';
import { bannedList } from './banned-list.js';

/** @typedef {import('../../protocol/views.js').KnockView} KnockView */

/** The bell rings when somebody comes, and again after this time until nobody waits. */
const RING_EVERY_MS = 12_000;
const SECOND_MS = 1000;
const COUNTED = /^\(\d+\) /;

/** The people in the lobby. Operator and chair let them in, or send them away with a reason. */
export class Lobby extends AppElement {
  #rung = 0;
  #refocus = false;
  #title = el('span');
  #count = el('span', { class: 'count count-new', role: 'status' });
  #locked = el('span', { class: 'badge badge-warn' });
  #bell = el('button', { class: 'btn btn-quiet btn-icon', type: 'button', 'data-testid': 'lobby-bell' });
  #all = el('button', { class: 'btn btn-main btn-wide', type: 'button', 'data-testid': 'lobby-admit-all' });
  #act = el('div', { class: 'panel-act' }, this.#all);
  #list = el('ul', { class: 'panel-list scroll', tabindex: 0 });
  #banned = bannedList((participant) => this.app.send({ type: 'lift', participant }));

  /** @override */
  build() {
    const { signal } = this;
    const { app } = this;
    this.replaceChildren(
      el('div', { class: 'panel-head' }, el('h2', null, this.#title, this.#count), this.#locked, this.#bell),
      this.#act, this.#list, this.#banned.element);
    this.#all.addEventListener('click', () => app.send({ type: 'admit-all' }), { signal });
    this.#bell.addEventListener('click', () => this.#toggleBell(), { signal });
    document.addEventListener('talk-read', () => this.#show(), { signal });
    this.every(SECOND_MS, () => this.#second());
    this.whenLeaving(() => count(0));
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (before && state.talks !== before.talks) this.#rung = 0; // a new message rings at once
    if (changed(state, before, 'lobby', 'talks', 'floor', 'roster')) this.#show();
  }

  get #rings() {
    // By default it rings for the operator, who admits; the chair has a meeting to lead.
    const usual = this.app.state.welcome?.role === 'operator' ? 'on' : 'off';
    return (remembered('bell') ?? usual) === 'on';
  }

  #toggleBell() {
    remember('bell', this.#rings ? 'off' : 'on');
    this.#show();
  }

  #show() {
    const { app } = this;
    const { knocks, banned } = app.state.lobby;
    const { locked } = app.state.floor;
    this.hidden = knocks.length === 0 && banned.length === 0 && !locked;
    this.#list.hidden = this.#bell.hidden = knocks.length === 0;
    setText(this.#title, app.t('lobby.title'));
    setText(this.#count, String(knocks.length));
    this.#locked.hidden = !locked;
    this.#locked.replaceChildren(icon('lock'), app.t('lobby.locked'));
    const bell = app.t(this.#rings ? 'lobby.bell-on' : 'lobby.bell-off');
    this.#bell.replaceChildren(icon(this.#rings ? 'bell' : 'bell-off'));
    this.#bell.setAttribute('aria-label', bell);
    this.#bell.setAttribute('aria-pressed', String(this.#rings));
    this.#bell.title = bell;
    const expected = knocks.filter((knock) => knock.expected && !knock.outsider).length;
    this.#act.hidden = expected < 2;
    setText(this.#all, app.t('lobby.admit-all', { count: expected }));
    this.#list.setAttribute('aria-label', app.t('lobby.title'));
    list(this.#list, knocks, (k) => k.id, (k) => this.#make(k), (card, k) => this.#update(card, k));
    this.#banned.show(app, banned);
    count(knocks.length);
    this.#second();
    if (this.#refocus && document.activeElement === document.body) {
      // The pressed button is gone with its card: focus the next one.
      this.#refocus = false;
      /** @type {HTMLElement | null} */ (this.#list.querySelector('[data-testid=lobby-admit]'))?.focus();
    }
  }

  /** @param {KnockView} knock */
  #make(knock) {
    const { app } = this;
    const button = (/** @type {string} */ look, /** @type {string} */ testid, /** @type {() => void} */ act, /** @type {Node[]} */ ...inside) =>
      el('button', { class: `btn ${look}`, type: 'button', 'data-testid': testid, onclick: act }, ...inside);
    return el('li', { class: 'knock', 'data-testid': 'lobby-card', 'data-knock': knock.id },
      el('div', { class: 'row between' }, el('b'), el('span', { class: 'row knock-more' },
        button('btn-quiet btn-icon', 'lobby-talk', () => openTalk(app, knock.id, this.#name(knock)),
          icon('message'), el('span', { class: 'count count-new unread' })),
        button('btn-quiet btn-icon', 'lobby-ban', () => void ban(this.app, knock.id, this.#name(knock)), icon('ban')))),
      el('div', { class: 'row between' }, el('span', { class: 'who' }), el('span', { class: 'soft note nw waited' })),
      el('span', { class: 'fit' }, icon('check'), el('span')),
      el('div', { class: 'btns' },
        button('', 'lobby-refuse', () => void this.#refuse(knock)),
        button('btn-main', 'lobby-admit', () => this.#admit(knock.id))));
  }

  /** @param {KnockView} knock */
  #name(knock) {
    return unitOf(this.app.state, knock)?.name || knock.name;
  }

  /**
   * @param {HTMLElement} card
   * @param {KnockView} knock
   */
  #update(card, knock) {
    const { app } = this;
    const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (card.querySelector(css));
    const name = this.#name(knock);
    setText(find('b'), name);
    const role = knock.role === 'delegate' ? '' : ` · ${app.t(`role.${knock.role}`)}`;
    setText(find('.who'), knock.name + role);
    const present = headcount(knock);
    const odd = knock.outsider || !knock.expected;
    const parts = [app.t(`lobby.${knock.outsider ? 'outsider' : knock.expected ? 'expected' : 'other-unit'}`)];
    if (present) parts.push(app.t('meeting.present', { count: present }));
    if (!knock.online) parts.push(app.t('lobby.offline'));
    card.classList.toggle('is-odd', odd);
    card.dataset.outsider = String(knock.outsider);
    const sign = /** @type {SVGSVGElement} */ (card.querySelector('.fit > svg'));
    setIcon(sign, odd ? 'alert' : 'check');
    setText(find('.fit > span'), parts.join('. '));
    find('.waited').dataset.since = String(knock.since);
    this.#buttons(find, knock, name);
  }

  /**
   * @param {(css: string) => HTMLElement} find
   * @param {KnockView} knock
   * @param {string} name
   */
  #buttons(find, knock, name) {
    const { app } = this;
    const needsChair = this.#needsChair(knock);
    const fresh = unseen(app, knock.id, true);
    const badge = find('.unread');
    badge.hidden = fresh === 0;
    setText(badge, String(fresh));
    const admit = find('[data-testid=lobby-admit]');
    setText(find('[data-testid=lobby-refuse]'), app.t('lobby.refuse'));
    setText(admit, app.t(needsChair ? 'lobby.needs-chair' : 'lobby.admit'));
    admit.setAttribute('aria-disabled', String(needsChair));
    const named = /** @type {const} */ ([
      ['admit', needsChair ? app.t('lobby.needs-chair-name', { name }) : app.t('lobby.admit-name', { name })],
      ['refuse', app.t('lobby.refuse-name', { name })],
      ['ban', app.t('lobby.ban-name', { name })],
      ['talk', fresh ? app.t('lobby.talk-new', { name, count: fresh }) : app.t('lobby.talk-name', { name })],
    ]);
    for (const [act, label] of named) {
      const button = find(`[data-testid=lobby-${act}]`);
      button.setAttribute('aria-label', label);
      if (act === 'ban' || act === 'talk') button.title = label;
    }
  }

  /** Only the chair may let in somebody whose account belongs to no unit of the meeting. @param {KnockView} knock */
  #needsChair(knock) {
    return knock.outsider && ownRole(this.app.state) !== 'chair';
  }

  /** @param {string} id */
  #admit(id) {
    const knock = this.app.state.lobby.knocks.find((one) => one.id === id);
    if (!knock || this.#needsChair(knock)) return;
    this.app.send({ type: 'admit', knock: id });
    this.#refocus = true;
  }

  /** Update the waiting times, and ring. */
  #second() {
    const { app } = this;
    const { knocks } = app.state.lobby;
    const now = Date.now() + app.state.clockMs;
    for (const waited of this.#list.querySelectorAll('.waited')) {
      const since = Number(/** @type {HTMLElement} */ (waited).dataset.since);
      setText(waited, app.t('lobby.waited', { time: duration(now - since) }));
    }
    if (knocks.length === 0) this.#rung = 0;
    else if (this.#rings && (this.#rung === 0 || performance.now() - this.#rung >= RING_EVERY_MS)) {
      this.#rung = performance.now();
      app.ring();
    }
  }

  /** Send somebody away for now. @param {KnockView} knock */
  async #refuse(knock) {
    const { app } = this;
    const reason = await confirmation(app, {
      title: app.t('dialog.refuse-title', { name: this.#name(knock) }), text: app.t('dialog.refuse-text'),
      confirm: app.t('lobby.refuse'), reason: true, danger: true,
    });
    if (reason !== null) app.send({ type: 'refuse', knock: knock.id, reason });
  }
}

/** Show how many wait in the page's title, which is visible while another page is in front. @param {number} waiting */
function count(waiting) {
  const title = document.title.replace(COUNTED, '');
  document.title = waiting ? `(${waiting}) ${title}` : title;
}

customElements.define('gb-lobby', Lobby);
