/**
 * Choosing a language and filling words in, for the window and for the guest page. Plain JavaScript, because that page takes it
 * as it is.
 */

/** @typedef {'en' | 'zh-CN'} Locale */
/** @typedef {Record<string, string | number>} Params */

/**
 * Every Chinese of the system gets simplified Chinese: the only one there is; everything unknown gets English.
 *
 * @param {readonly string[]} system language tags, the best first
 * @returns {Locale}
 */
export function languageOf(system) {
  const known = system.find((tag) => /^(en|zh)\b/i.test(tag));
  return known !== undefined && /^zh\b/i.test(known) ? 'zh-CN' : 'en';
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const FIRST_STRONG_ISOLATE = String.fromCharCode(0x2068);
const POP_ISOLATE = String.fromCharCode(0x2069);

/**
 * A name of another direction stays in its place in the sentence.
 *
 * @param {string | number} value
 */
function isolated(value) {
  return typeof value === 'string' && RIGHT_TO_LEFT.test(value) ? FIRST_STRONG_ISOLATE + value + POP_ISOLATE : String(value);
}

/**
 * A value that is not given leaves its placeholder visible, so that it is noticed.
 *
 * @param {string} text
 * @param {Params} params
 */
export function fill(text, params) {
  return text.replace(/\{(\w+)\}/g, (whole, /** @type {string} */ name) => isolated(params[name] ?? whole));
}

/**
 * The form of a plural: `KEY.one` and `KEY.other` exist.
 *
 * @param {Locale} locale
 * @param {number} count
 * @returns {'one' | 'other'}
 */
export function pluralForm(locale, count) {
  return new Intl.PluralRules(locale).select(count) === 'one' ? 'one' : 'other';
}
