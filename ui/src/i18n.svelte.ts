/** Words: one flat file for each language, typed keys, `{name}` placeholders, plurals by `Intl.PluralRules`. */
import type { LanguageChoice } from './generated/view';
import en from './locales/en.json';
import zhCn from './locales/zh-CN.json';
import { fill, languageOf, pluralForm, type Locale, type Params } from './words';

export type Key = keyof typeof en;
export type { Locale, Params };
/** Keys that exist as `KEY.one` and `KEY.other`. */
type PluralKey = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

const words: Record<Locale, Record<Key, string>> = { en, 'zh-CN': zhCn };

let active = $state<Locale>('en');

export const locale = (): Locale => active;

export function setLocale(choice: LanguageChoice, system: readonly string[]): void {
  active = resolveLocale(choice, system);
}

export function resolveLocale(choice: LanguageChoice, system: readonly string[]): Locale {
  switch (choice) {
    case 'en':
    case 'zh-CN':
      return choice;
    case 'system':
      return languageOf(system);
  }
}

export function t(key: Key, params: Params = {}): string {
  return fill(words[active][key], params);
}

/** One sentence after the other, as the language does it: Chinese leaves no blank after its full stop. What is not there is left out. */
export function sentences(...parts: readonly (string | false | null)[]): string {
  return parts.filter((part) => part !== false && part !== null && part !== '').join(gap());
}

/** What stands between two sentences. */
export const gap = (): string => (active === 'zh-CN' ? '' : ' ');

export function tn(key: PluralKey, count: number, params: Params = {}): string {
  return fill(words[active][`${key}.${pluralForm(active, count)}` as Key], { count, ...params });
}
