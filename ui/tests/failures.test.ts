/** The last screen of a failed call names what helps, in words. */
import { afterEach, expect, test } from 'vitest';
import { failureSteps, failureText, failureTitle } from '../src/failures';
import type { Failure } from '../src/generated/view';
import { setLocale } from '../src/i18n.svelte';
import en from '../src/locales/en.json';

afterEach(() => setLocale('en', []));
const server = { host: 'duet.example.org', embedded: false };
const own = { host: '127.0.0.1:7440', embedded: true };
const refused = (serverCode: string, host = server.host): Failure => ({ code: 'refused', serverCode, host });

test('no code of the protocol is shown to people', () => {
  const codes = [
    'unknown-command', 'bad-message', 'uid-mismatch', 'uid-taken', 'already-in-room', 'not-in-room', 'no-such-peer', 'rate-limited', 'too-large', 'unavailable', 'cast-refused', 'not-allowed', 'server-draining',
  ];
  for (const code of codes) expect(failureText(refused(code), server)).not.toContain(code);
  expect(failureText(refused('server-draining'), server)).toBe(failureText(refused('unavailable'), server));
  expect(failureText(refused('of-tomorrow'), server)).toContain('of-tomorrow');
});

test('the title says what failed', () => {
  expect(failureTitle(refused('cast-refused'), { role: 'presenter' })).toBe('Could not connect to the display');
  expect(failureTitle(refused('unavailable'), { role: 'display', code: null })).toBe('No code for this display');
  expect(failureTitle(refused('unavailable'), null)).toBe('Call failed');
});

test('what the text names can be done', () => {
  expect(failureSteps({ code: 'noRelay' }, server, null)).toEqual(['network', 'retry']);
  expect(failureSteps({ code: 'noRelay' }, server, { role: 'presenter' })).toEqual(['network', 'other-code']);
  expect(failureSteps({ code: 'wrongCertificate' }, server, null)).toEqual(['server', 'retry']);
  expect(failureSteps(refused('not-allowed', 'other.example'), server, null)).toEqual(['home']);
  expect(failureSteps(refused('not-allowed'), server, null)).toEqual(['token', 'retry']);
  expect(failureSteps(refused('not-allowed'), server, { role: 'presenter' })).toEqual(['token']);
  expect(failureSteps(refused('cast-refused'), server, { role: 'presenter' })).toEqual(['other-code', 'server']);
  expect(failureSteps({ code: 'serverUnreachable', host: server.host }, server, null)).toEqual(['retry', 'server']);
});

test('the server of this computer has no address in sentences', () => {
  expect(failureText({ code: 'serverUnreachable', host: own.host }, own)).toBe(en['server.noAnswerHere']);
  expect(failureText({ code: 'serverUnreachable', host: server.host }, own)).toContain(server.host);
});
