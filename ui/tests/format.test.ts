import { afterEach, expect, test } from 'vitest';
import { bitrate, clockTime, initials, levelRatio, percent, roughDuration, tint, whenText } from '../src/format';
import { setLocale } from '../src/i18n.svelte';

afterEach(() => setLocale('en', []));

test('the call timer', () => {
  expect([0, 999, 61_000, 1_458_000, 4_082_000, -5].map(clockTime)).toEqual(['0:00', '0:00', '1:01', '24:18', '1:08:02', '0:00']);
});

test('rough durations', () => {
  expect([42_000, 1_458_000, 4_080_000].map(roughDuration)).toEqual(['42 s', '24 min', '1 h 08 min']);
});

test('times of recents', () => {
  const now = new Date(2026, 10, 20, 12, 0).getTime();
  expect(whenText(new Date(2026, 10, 20, 9, 40).getTime(), now)).toBe('Today, 09:40');
  expect(whenText(new Date(2026, 10, 19, 23, 59).getTime(), now)).toBe('Yesterday, 23:59');
  expect(whenText(new Date(2026, 10, 16, 14, 0).getTime(), now)).toBe('Mon, 14:00');
  setLocale('zh-CN', []);
  expect(whenText(new Date(2026, 10, 20, 9, 40).getTime(), now)).toBe('今天 09:40');
});

test('initials of any name', () => {
  expect(['Jonas Weber', 'mira', '陈雨', '  ', 'Ana María López', '👩‍🚀 Zed'].map(initials)).toEqual(['JW', 'M', '陈', '?', 'AL', '👩Z']);
});

test('a name keeps its tint', () => {
  expect(tint('Jonas')).toBe(tint('Jonas'));
});

test('rates, shares and levels', () => {
  expect([bitrate(2_400_000), bitrate(96_400), percent(0.0312)]).toEqual(['2.4 Mbit/s', '96 kbit/s', '3.1 %']);
  expect([-100, -60, -30, 0, 6].map(levelRatio)).toEqual([0, 0, 0.5, 1, 1]);
});
