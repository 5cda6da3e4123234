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

/** A value that is not given leaves its placeholder visible, so that it is noticed. */
function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
