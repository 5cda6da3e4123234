/** Both languages say the same things: same keys, same placeholders, nothing empty, the marks of the language. */
import { expect, test } from 'vitest';
import en from '../src/locales/en.json';
import zhCn from '../src/locales/zh-CN.json';

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
const keys = Object.keys(en) as (keyof typeof en)[];

test('the same keys in the same order', () => {
  expect(Object.keys(zhCn)).toEqual(Object.keys(en));
});

test.each(keys)('%s has the same placeholders', (key) => {
  expect(placeholders(zhCn[key])).toEqual(placeholders(en[key]));
  expect(en[key].trim()).not.toBe('');
  expect(zhCn[key].trim()).not.toBe('');
});

test.each(keys)('%s keeps to the rules of writing', (key) => {
  expect(en[key]).not.toMatch(/!|\bplease\b|\boops\b/i);
  // Half-width marks after a Chinese character are mistakes.
  expect(zhCn[key]).not.toMatch(/\p{Script=Han}[,;?!()]|[(]\p{Script=Han}/u);
});

test('every plural has both forms', () => {
  for (const key of keys) if (key.endsWith('.one')) expect(keys).toContain(key.replace(/\.one$/, '.other'));
});
