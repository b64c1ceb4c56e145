import { el, icon, list } from '../../kit/dom.js';
import { tiles } from '../../state/layout.js';
import { Tile } from './tile.js';

const SECOND_MS = 1000;

/** The tiles, a page at a time; one's own is the first. After the last page comes the first: a phone has one arrow only. */
export class Filmstrip extends HTMLElement {
  /** @type {import('../../app/app.js').App} */
  app = /** @type {never} */ (undefined);

  #abort = new AbortController();
  #timer = 0;
  #narrow = matchMedia('(max-width: 1180px)');
  #list = el('ul', {});
  #before = el('button', { class: 'btn btn-quiet', type: 'button' }, icon('chevron-left'));
  #after = el('button', { class: 'btn btn-quiet', type: 'button' }, icon('chevron-right'));

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.replaceChildren(this.#before, this.#list, this.#after);
    this.#before.addEventListener('click', () => this.#turn(-1), { signal });
    this.#after.addEventListener('click', () => this.#turn(+1), { signal });
    this.#narrow.addEventListener('change', () => this.#fit(), { signal });
    this.app.subscribe(() => this.#render(), signal);
    this.#timer = setInterval(() => this.#second(), SECOND_MS);
    this.#fit();
    this.#render();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearInterval(this.#timer);
  }

  /** How long a picture has been lost counts on. */
  #second() {
    for (const cell of this.#list.children) /** @type {Tile} */ (cell.firstElementChild).update();
  }

  /** As many tiles on a page as can be recognised on this screen. */
  #fit() {
    this.app.setTilesPerPage(this.#narrow.matches ? 3 : 5);
  }

  /** @param {number} by */
  #turn(by) {
    const { page, pages } = tiles(this.app.state, this.app.state.tilesPerPage);
    this.app.showPage((page + by + pages) % pages);
  }

  #render() {
    const { state, t } = this.app;
    const { page, pages, ids, own } = tiles(state, state.tilesPerPage);
    const me = own ? state.welcome?.participant : undefined;
    list(
      this.#list,
      me ? [me, ...ids] : ids,
      (id) => id,
      (id) => el('li', { class: 'cell' }, this.#tile(id)),
      (item) => /** @type {Tile} */ (item.firstElementChild).update(),
    );
    this.#before.hidden = this.#after.hidden = pages === 1;
    this.#before.setAttribute('aria-label', t('meeting.page-before'));
    this.#after.setAttribute('aria-label', t('meeting.page-after'));
    this.#list.setAttribute('aria-label', t('meeting.tiles', { page: page + 1, pages }));
  }

  /** @param {string} id */
  #tile(id) {
    const tile = new Tile();
    tile.app = this.app;
    tile.participant = id;
    return tile;
  }
}

customElements.define('gb-filmstrip', Filmstrip);
