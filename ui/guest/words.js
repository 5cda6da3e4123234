/** The page's words: the same files as the window's, of which only the one language is loaded. */
import { fill, languageOf, pluralForm } from '../src/words.js';

/** @typedef {keyof typeof import('../src/locales/en.json')} Key */
/** @typedef {import('../src/words.js').Params} Params */

/** @type {import('../src/words.js').Locale} */
let locale = 'en';
/** @type {Partial<Record<Key, string>>} */
let words = {};

/** Loads the language that the browser asks for; the server sends each file as a module. */
export async function loadWords() {
  const wanted = languageOf(navigator.languages);
  const file = await import(`../src/locales/${wanted}.js`);
  useWords(wanted, file.default);
}

/**
 * @param {import('../src/words.js').Locale} language
 * @param {Partial<Record<Key, string>>} file
 */
export function useWords(language, file) {
  locale = language;
  words = file;
}

export const language = () => locale;

/**
 * @param {Key} key
 * @param {Params} [params]
 */
export const t = (key, params = {}) => fill(words[key] ?? key, params);

/**
 * @param {string} base of the keys `BASE.one` and `BASE.other`
 * @param {number} count
 */
export const tn = (base, count) => t(/** @type {Key} */ (`${base}.${pluralForm(locale, count)}`), { count });
