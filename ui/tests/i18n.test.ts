import { afterEach, expect, test } from 'vitest';
import { resolveLocale, setLocale, t, tn } from '../src/i18n.svelte';

afterEach(() => setLocale('en', []));

test('the system decides until the person does', () => {
  expect(resolveLocale('system', ['de-DE', 'zh-TW', 'en'])).toBe('zh-CN');
  expect(resolveLocale('system', ['en-GB', 'zh-CN'])).toBe('en');
  expect(resolveLocale('system', ['de-DE'])).toBe('en');
  expect(resolveLocale('en', ['zh-CN'])).toBe('en');
});

test('placeholders are filled, and a missing value is seen', () => {
  expect(t('server.noAnswer', { host: 'a.example' })).toBe('a.example does not answer.');
  expect(t('server.noAnswer')).toContain('{host}');
});

test('a name with braces or dollars stays what it is', () => {
  expect(t('live.joined', { name: '$& {name}' })).toBe('$& {name} joined');
});

test('plurals follow the language', () => {
  expect(tn('reconnecting.givesUp', 1)).toBe('Gives up after 1 second');
  expect(tn('reconnecting.givesUp', 120)).toBe('Gives up after 120 seconds');
  setLocale('zh-CN', []);
  expect(tn('reconnecting.givesUp', 1)).toBe('1 秒后放弃');
});
