/** Words: one flat file for each language, typed keys, `{name}` placeholders, plurals by `Intl.PluralRules`. */
import type { LanguageChoice } from './generated/view';
import en from './locales/en.json';
import zhCn from './locales/zh-CN.json';

export type Key = keyof typeof en;
export type Params = Record<string, string | number>;
export type Locale = 'en' | 'zh-CN';
/** Keys that exist as `KEY.one` and `KEY.other`. */
type PluralKey = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

const words: Record<Locale, Record<Key, string>> = { en, 'zh-CN': zhCn };

let active = $state<Locale>('en');

export const locale = (): Locale => active;

export function setLocale(choice: LanguageChoice, system: readonly string[]): void {
  active = resolveLocale(choice, system);
}

/** Every Chinese of the system gets simplified Chinese: the only one there is; everything unknown gets English. */
export function resolveLocale(choice: LanguageChoice, system: readonly string[]): Locale {
  switch (choice) {
    case 'en':
    case 'zh-CN':
      return choice;
    case 'system': {
      const known = system.find((tag) => /^(en|zh)\b/i.test(tag));
      return known !== undefined && /^zh\b/i.test(known) ? 'zh-CN' : 'en';
    }
  }
}

export function t(key: Key, params: Params = {}): string {
  return fill(words[active][key], params);
}

export function tn(key: PluralKey, count: number, params: Params = {}): string {
  const one = new Intl.PluralRules(active).select(count) === 'one';
  return fill(words[active][`${key}.${one ? 'one' : 'other'}` as Key], { count, ...params });
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const FIRST_STRONG_ISOLATE = String.fromCharCode(0x2068);
const POP_ISOLATE = String.fromCharCode(0x2069);

/** A name of another direction stays in its place in the sentence (first strong isolate). */
function isolated(value: string | number): string {
  return typeof value === 'string' && RIGHT_TO_LEFT.test(value) ? FIRST_STRONG_ISOLATE + value + POP_ISOLATE : String(value);
}

/** A value that is not given leaves its placeholder visible, so that it is noticed. */
function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => isolated(params[name] ?? whole));
}
