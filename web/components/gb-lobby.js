import { el, icon, list, setText } from '../js/dom.js';
import { duration } from '../js/format.js';
import { keep, kept } from '../js/kept.js';
import { headcount, unitOf } from '../js/people.js';
import { ask } from './gb-dialog.js';

/** @typedef {import('../js/protocol.js').KnockView} KnockView */

/** The bell rings when somebody comes, and again at this distance until nobody waits. */
const RING_EVERY_MS = 12_000;

/** Who waits outside: the operator and the chair let them in or send them away with a reason. */
export class Lobby extends HTMLElement {
  /** @type {import('../js/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #timer = 0;
  #rung = 0;
  #refocus = false;
  #title = el('span');
  #count = el('span', { class: 'count count-new', role: 'status' });
  #bell = el('button', { class: 'btn btn-quiet btn-icon', type: 'button' });
  #all = el('button', { class: 'btn btn-main btn-wide', type: 'button', 'data-testid': 'lobby-admit-all' });
  #act = el('div', { class: 'panel-act' }, this.#all);
  #list = el('ul', { class: 'panel-list scroll', tabindex: 0 });

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const { app } = this;
    this.replaceChildren(
      el('div', { class: 'panel-head' }, el('h2', null, this.#title, this.#count), this.#bell),
      this.#act, this.#list);
    this.#all.addEventListener('click', () => app.send({ type: 'admit-all' }), { signal });
    this.#bell.addEventListener('click', () => this.#toggleBell(), { signal });
    app.subscribe((state, before) => {
      if (state.lobby !== before.lobby) this.#render();
    }, signal);
    this.#timer = setInterval(() => this.#second(), 1000);
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearInterval(this.#timer);
  }

  get #rings() {
    // The one who admits is called; the chair has a meeting to lead.
    const usual = this.app.state.welcome?.role === 'operator' ? 'on' : 'off';
    return (kept('bell') ?? usual) === 'on';
  }

  #toggleBell() {
    keep('bell', this.#rings ? 'off' : 'on');
    this.#render();
  }

  #render() {
    const { app } = this;
    const { knocks } = app.state.lobby;
    this.hidden = knocks.length === 0;
    setText(this.#title, app.t('lobby.title'));
    setText(this.#count, String(knocks.length));
    const bell = app.t(this.#rings ? 'lobby.bell-on' : 'lobby.bell-off');
    this.#bell.replaceChildren(icon(this.#rings ? 'bell' : 'bell-off'));
    this.#bell.setAttribute('aria-label', bell);
    this.#bell.setAttribute('aria-pressed', String(this.#rings));
    this.#bell.title = bell;
    const expected = knocks.filter((knock) => knock.expected).length;
    this.#act.hidden = expected < 2;
    setText(this.#all, app.t('lobby.admit-all', { count: expected }));
    this.#list.setAttribute('aria-label', app.t('lobby.title'));
    list(this.#list, knocks, (k) => k.id, (k) => this.#make(k), (card, k) => this.#update(card, k));
    this.#second();
    if (this.#refocus && document.activeElement === document.body) {
      // The pressed button has gone with its card: the keyboard goes on with the next.
      this.#refocus = false;
      /** @type {HTMLElement | null} */ (this.#list.querySelector('[data-testid=lobby-admit]'))?.focus();
    }
  }

  /** @param {KnockView} knock */
  #make(knock) {
    const { app } = this;
    const { signal } = this.#abort;
    const refuse = el('button', { class: 'btn', type: 'button', 'data-testid': 'lobby-refuse' });
    const admit = el('button', { class: 'btn btn-main', type: 'button', 'data-testid': 'lobby-admit' });
    admit.addEventListener('click', () => {
      app.send({ type: 'admit', knock: knock.id });
      this.#refocus = true;
    }, { signal });
    refuse.addEventListener('click', () => this.#refuse(knock), { signal });
    return el('li', { class: 'knock', 'data-testid': 'lobby-card', 'data-knock': knock.id },
      el('div', { class: 'row between' }, el('b'), el('span', { class: 'soft note nw waited' })),
      el('span', { class: 'who' }),
      el('span', { class: 'fit' }, icon('check'), el('span')),
      el('div', { class: 'btns' }, refuse, admit));
  }

  /**
   * @param {HTMLElement} card
   * @param {KnockView} knock
   */
  #update(card, knock) {
    const { app } = this;
    const find = (/** @type {string} */ css) => /** @type {HTMLElement} */ (card.querySelector(css));
    const name = unitOf(app.state, knock)?.name || knock.name;
    setText(find('b'), name);
    const role = knock.role === 'delegate' ? '' : ` · ${app.t(`role.${knock.role}`)}`;
    setText(find('.who'), knock.name + role);
    const count = headcount(knock);
    const parts = [app.t(knock.expected ? 'lobby.expected' : 'lobby.outsider')];
    if (count) parts.push(app.t('meeting.present', { count }));
    if (!knock.online) parts.push(app.t('lobby.offline'));
    card.classList.toggle('is-odd', !knock.expected);
    find('.fit').replaceChildren(icon(knock.expected ? 'check' : 'alert'), el('span', null, parts.join('. ')));
    find('.waited').dataset.since = String(knock.since);
    setText(find('[data-testid=lobby-refuse]'), app.t('lobby.refuse'));
    setText(find('[data-testid=lobby-admit]'), app.t('lobby.admit'));
    find('[data-testid=lobby-admit]').setAttribute('aria-label', app.t('lobby.admit-name', { name }));
    find('[data-testid=lobby-refuse]').setAttribute('aria-label', app.t('lobby.refuse-name', { name }));
  }

  /** Count the waiting time on, and ring. */
  #second() {
    const { app } = this;
    const now = Date.now() + app.state.clockMs;
    for (const waited of this.#list.querySelectorAll('.waited')) {
      const since = Number(/** @type {HTMLElement} */ (waited).dataset.since);
      setText(waited, app.t('lobby.waited', { time: duration(now - since) }));
    }
    if (this.hidden) this.#rung = 0;
    else if (this.#rings && performance.now() - this.#rung >= RING_EVERY_MS) {
      this.#rung = performance.now();
      app.sound.bell();
    }
  }

  /** @param {KnockView} knock */
  async #refuse(knock) {
    const { app } = this;
    const name = unitOf(app.state, knock)?.name || knock.name;
    const reason = await ask(app, {
      title: app.t('dialog.refuse-title', { name }), text: app.t('dialog.refuse-text'),
      confirm: app.t('lobby.refuse'), reason: true, danger: true,
    });
    if (reason !== null) app.send({ type: 'refuse', knock: knock.id, reason });
  }
}

customElements.define('gb-lobby', Lobby);
