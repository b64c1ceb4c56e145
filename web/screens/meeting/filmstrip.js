import { el, icon, list } from '../../kit/dom.js';
import { tiles } from '../../state/layout.js';
import { AppElement, withApp } from '../shared/element.js';
import { Tile } from './tile.js';

/** The tiles, a page at a time; the own tile is the first. The first page follows the last: a phone has only one arrow. */
export class Filmstrip extends AppElement {
  #narrow = matchMedia('(max-width: 73.75em)');
  #narrowest = matchMedia('(max-width: 18em)');
  #list = el('ul', {});
  #before = el('button', { class: 'btn btn-quiet', type: 'button' }, icon('chevron-left'));
  #after = el('button', { class: 'btn btn-quiet', type: 'button' }, icon('chevron-right'));

  /** @override */
  build() {
    const { signal } = this;
    this.replaceChildren(this.#before, this.#list, this.#after);
    this.#before.addEventListener('click', () => this.#showOther(-1), { signal });
    this.#after.addEventListener('click', () => this.#showOther(+1), { signal });
    for (const width of [this.#narrow, this.#narrowest]) width.addEventListener('change', () => this.#fit(), { signal });
    this.#fit();
  }

  /** Show as many tiles on a page as can be recognised on this screen. */
  #fit() {
    this.app.setTilesPerPage(this.#narrowest.matches ? 2 : this.#narrow.matches ? 3 : 5);
  }

  /** @param {number} by */
  #showOther(by) {
    const { page, pages } = tiles(this.app.state, this.app.state.tilesPerPage);
    this.app.showPage((page + by + pages) % pages);
  }

  /** @override */
  render() {
    const { state, t } = this.app;
    const { page, pages, ids, own } = tiles(state, state.tilesPerPage);
    const me = own ? state.welcome?.participant : undefined;
    list(
      this.#list,
      me ? [me, ...ids] : ids,
      (id) => id,
      (participant) => el('li', { class: 'cell' }, withApp(new Tile(), this.app, { participant })),
      () => {},
    );
    this.#before.hidden = this.#after.hidden = pages === 1;
    this.#before.setAttribute('aria-label', t('meeting.page-before'));
    this.#after.setAttribute('aria-label', t('meeting.page-after'));
    this.#list.setAttribute('aria-label', t('meeting.tiles', { page: page + 1, pages }));
  }
}

customElements.define('gb-filmstrip', Filmstrip);
