import { el } from '../../kit/dom.js';
import { AppElement, withApp } from './element.js';

const LANGUAGES = /** @type {const} */ ([
  ['vi', 'Tiếng Việt'],
  ['en', 'English'],
]);

/** The two languages, each under its own name; the current one is pressed. With `short`: one button for the other one. */
export class Language extends AppElement {
  /** @override */
  build() {
    const now = this.app.state.language;
    const short = this.hasAttribute('short');
    this.className = 'language';
    this.replaceChildren(
      ...LANGUAGES.filter(([code]) => !short || code !== now).map(([code, name]) =>
        el('button', {
          class: 'btn btn-quiet',
          type: 'button',
          lang: code,
          'aria-pressed': short ? null : code === now,
          'data-testid': code === now ? null : 'language-toggle',
          onclick: () => this.app.setLanguage(code),
        }, name),
      ),
    );
  }
}

customElements.define('gb-language', Language);

/**
 * @param {import('../../app/app.js').App} app
 * @param {boolean} [short]
 * @returns {HTMLElement}
 */
export function languageChoice(app, short) {
  const choice = withApp(new Language(), app);
  choice.toggleAttribute('short', Boolean(short));
  return choice;
}
