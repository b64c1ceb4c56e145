import { el, fill, icon } from '../../kit/dom.js';
import { WORDS } from '../../protocol/words.js';
import { AppElement, changed } from '../shared/element.js';
import { count, draftOf } from './draft.js';
import { header } from './header.js';
import { lineCard } from './line-card.js';
import { ownView } from './own-view.js';
import { speechField } from './speech-field.js';

const MAX_HEADCOUNT = 9999;
/** Refusals of a knock for which this screen has a longer text. */
const OWN_WORDS = new Set(['unit-missing', 'name-missing', 'name-is-a-role', 'bad-headcount']);

/** Before the lobby: the own picture, unit, name and headcount, and one big button. */
export class GreenRoom extends AppElement {
  #sent = false;
  #draft = /** @type {import('./draft.js').Draft} */ ({});
  #unit = /** @type {HTMLInputElement | HTMLSelectElement} */ (el('input', {}));
  #name = el('input', {});
  #present = el('input', {});
  #total = el('input', {});
  #sum = el('output', {});
  #error = el('div', {});
  #enter = el('button', {});

  /** @override */
  build() {
    const { state } = this.app;
    this.#draft = draftOf(state);
    this.#draft.unit ||= state.welcome?.unit ?? '';
    this.#draft.name ||= state.welcome?.name ?? '';
    this.className = 'green on-stage';
    const view = ownView(this.app, this.#draft.unit);
    this.replaceChildren(header(this.app, this.signal), view, this.#side());
    this.#unit.addEventListener('change', () => view.showUnit(this.#unit.value), { signal: this.signal });
    this.#count();
  }

  /** @override @type {AppElement['render']} */
  render(state, before) {
    if (before && state.refusal && state.refusal !== before.refusal) this.#refused(state.refusal);
    if (changed(state, before, 'online')) this.#update();
  }

  #side() {
    const { t } = this.app;
    this.#error = el('div', { class: 'alert', role: 'alert', 'data-testid': 'green-error', hidden: true });
    this.#enter = el('button', { class: 'btn btn-main btn-big btn-wide', type: 'submit', 'data-testid': 'green-enter' });
    const form = el('form', { class: 'side sheet on-paper', novalidate: true, 'aria-labelledby': 'green-title' },
      el('div', { class: 'panel-body scroll' },
        el('div', { class: 'row between out' }, el('h1', { class: 'title h2', id: 'green-title' }, t('green.title')),
          el('button', { class: 'btn btn-quiet', type: 'button', onclick: () => void this.app.signOut() }, t('green.sign-out'))),
        lineCard(this.app, this.signal),
        el('div', { class: 'two' }, this.#unitField(), this.#nameField()),
        el('hr', { class: 'rule' }),
        this.#headcount(),
        speechField(this.app, this.signal)),
      el('div', { class: 'panel-foot' }, this.#error, this.#enter));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#knock();
    }, { signal: this.signal });
    return form;
  }

  /** Fixed if the account belongs to a unit, otherwise a choice grouped by kind. */
  #unitField() {
    const { t, state } = this.app;
    const units = state.welcome?.units ?? [];
    const own = units.find((unit) => unit.id === state.welcome?.unit);
    if (own) {
      this.#draft.unit = own.id;
      this.#unit = el('input', { class: 'input', readonly: true, 'data-testid': 'green-unit', 'data-unit': own.id });
      this.#unit.value = own.name;
    } else {
      const select = el('select', { class: 'input select', required: true, 'data-testid': 'green-unit' },
        el('option', { value: '' }, t('green.unit-choose')),
        WORDS.UnitKind.map((kind) => {
          const of = units.filter((unit) => unit.kind === kind);
          return of.length > 0 && el('optgroup', { label: t(`unit-kind.${kind}`) }, of.map((unit) => el('option', { value: unit.id }, unit.name)));
        }));
      select.value = this.#draft.unit;
      select.addEventListener('change', () => {
        this.#draft.unit = select.value;
        this.#mended(select);
      }, { signal: this.signal });
      this.#unit = select;
    }
    return el('label', { class: 'field' }, el('span', null, t('green.unit')), this.#unit,
      own ? el('span', { class: 'fieldnote' }, t('green.unit-fixed')) : null);
  }

  #nameField() {
    const { t } = this.app;
    this.#name = el('input', { class: 'input', maxlength: 120, required: true, autocomplete: 'name', 'data-testid': 'green-name',
      'aria-describedby': 'green-name-note', oninput: () => {
        this.#draft.name = this.#name.value;
        this.#mended(this.#name);
      } });
    this.#name.value = this.#draft.name;
    return el('label', { class: 'field' }, el('span', null, t('green.name')), this.#name,
      el('span', { class: 'fieldnote', id: 'green-name-note' }, t('green.name-note')));
  }

  #headcount() {
    const { t } = this.app;
    this.#present = this.#number('present');
    this.#total = this.#number('total');
    this.#sum = el('output', { 'aria-live': 'polite' });
    /** @param {number} by @param {string} label @param {string} sign */
    const step = (by, label, sign) =>
      el('button', { class: 'btn btn-icon', type: 'button', 'aria-label': t(label), onclick: () => this.#step(by) }, icon(sign));
    return el('div', { class: 'headcount', role: 'group', 'aria-labelledby': 'green-headcount' },
      el('div', null, el('b', { id: 'green-headcount' }, t('green.headcount')), el('br'), el('span', { class: 'soft note' }, t('green.headcount-note'))),
      el('div', { class: 'stepper' }, step(-1, 'green.fewer', 'minus'), this.#present, step(+1, 'green.one-more', 'plus')),
      el('span', { class: 'soft', 'aria-hidden': true }, t('green.of')),
      this.#total,
      this.#sum);
  }

  /** @param {'present' | 'total'} name */
  #number(name) {
    const input = el('input', { class: `input num ${name}`, inputmode: 'numeric', maxlength: 4, autocomplete: 'off',
      'aria-label': this.app.t(`green.${name}`), 'data-testid': `green-${name}`, oninput: () => {
        this.#draft[name] = input.value;
        this.#mended(input);
        this.#count();
      } });
    input.value = this.#draft[name];
    return input;
  }

  /** @param {number} by */
  #step(by) {
    const now = count(this.#draft.present) ?? 0;
    this.#draft.present = this.#present.value = String(Math.min(MAX_HEADCOUNT, Math.max(0, now + by)));
    this.#mended(this.#present);
    this.#count();
  }

  /** What the two numbers amount to, shown while they are typed. */
  #count() {
    const { t } = this.app;
    const [present, total] = [count(this.#draft.present), count(this.#draft.total)];
    const wrong = present === undefined || total === undefined ? 'not-a-number' : this.#tooMany() ? 'bad-headcount' : null;
    this.#sum.className = wrong ? 'q-bad' : 'q-good';
    if (wrong) fill(this.#sum, icon('alert', 'icon-s'), t(`green.error.${wrong}`));
    else if (typeof present !== 'number' || typeof total !== 'number') fill(this.#sum);
    else {
      const words = present === total ? t('green.all-here', { present }) : t('green.some-absent', { present, absent: total - present });
      fill(this.#sum, icon('check', 'icon-s'), words);
    }
  }

  #tooMany() {
    const [present, total] = [count(this.#draft.present), count(this.#draft.total)];
    return typeof present === 'number' && typeof total === 'number' && present > total;
  }

  #knock() {
    const { app } = this;
    const [present, total] = [count(this.#draft.present), count(this.#draft.total)];
    const name = this.#draft.name.trim();
    if (!this.#draft.unit) return this.#say('unit-missing', this.#unit);
    if (!name) return this.#say('name-missing', this.#name);
    if (present === undefined) return this.#say('not-a-number', this.#present);
    if (total === undefined) return this.#say('not-a-number', this.#total);
    if (this.#tooMany()) return this.#say('bad-headcount', this.#present);
    if (app.state.online !== 'online') return this.#say('offline', null);
    this.#error.hidden = true;
    this.#sent = true;
    this.#update();
    app.knock({ unit: this.#draft.unit, name, present, total });
  }

  /** @param {{re: string, code: string}} refusal */
  #refused({ re, code }) {
    if (re !== 'knock' && re !== '') return;
    const fields = { 'unit-missing': this.#unit, 'name-missing': this.#name, 'name-is-a-role': this.#name, 'bad-headcount': this.#present };
    this.#say(code, code in fields ? fields[/** @type {keyof typeof fields} */ (code)] : null, OWN_WORDS.has(code) ? undefined : code);
  }

  /**
   * @param {string} what key of the text
   * @param {HTMLElement | null} field what must be corrected
   * @param {string} [code] one with a text of its own under `why.`
   */
  #say(what, field, code) {
    const { t } = this.app;
    this.#sent = false;
    fill(this.#error, icon('alert'), el('span', null, code ? t(`why.${code}`) : t(`green.error.${what}`)));
    this.#error.hidden = false;
    field?.setAttribute('aria-invalid', 'true');
    field?.focus();
    this.#update();
  }

  /** @param {HTMLElement} field */
  #mended(field) {
    field.removeAttribute('aria-invalid');
    this.#error.hidden = true;
  }

  #update() {
    const { t, state } = this.app;
    if (state.online !== 'online') this.#sent = false;
    fill(this.#enter, t(this.#sent ? 'green.entering' : 'green.enter'), this.#sent ? null : icon('chevron-right'));
    this.#enter.setAttribute('aria-busy', String(this.#sent));
  }
}

customElements.define('gb-green-room', GreenRoom);
