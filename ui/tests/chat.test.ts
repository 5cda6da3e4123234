import { expect, test } from 'vitest';
import { hostile } from '../dev/hostile';
import { bytesLeft, groups, MAX_BYTES } from '../src/chat';
import type { MessageView } from '../src/generated/view';
import { segments } from '../src/links';

const links = (text: string): string[] => segments(text).filter(({ link }) => link).map((part) => part.text);

test('web addresses become links that show all of themselves', () => {
  expect(links('see https://example.org/a?b=c#d, and http://192.168.1.7:8080/x.')).toEqual(['https://example.org/a?b=c#d', 'http://192.168.1.7:8080/x']);
  expect(links('(HTTPS://EXAMPLE.ORG) http://[::1]:7440/')).toEqual(['HTTPS://EXAMPLE.ORG', 'http://[::1]:7440/']);
  expect(links('看https://example.org/a。谢谢')).toEqual(['https://example.org/a']);
});

test('nothing else becomes a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ftp://example.org', 'www.example.org', 'https://', 'xhttps://example.org', 'https://example.org@evil.example/', 'https://exаmple.org/', 'https://example.org谢谢', 'https://example.org\u202e/x', `https://${'a.'.repeat(2000)}org/`]) {
    expect(links(text), text).toEqual([]);
  }
});

test('a text is shown whole, whatever it holds', () => {
  for (const text of hostile) {
    const parts = segments(text);
    expect(parts.map((part) => part.text).join('')).toBe(text);
    for (const part of parts) if (part.link) expect(part.text).toMatch(/^https?:\/\/[a-z0-9.:[\]-]+(?:[/?#][!-~]*)?$/i);
  }
  expect(hostile.length).toBeGreaterThanOrEqual(500);
});

test('the limit counts bytes, and shows only near it', () => {
  expect(bytesLeft('a'.repeat(3583))).toBeNull();
  expect(bytesLeft('a'.repeat(4096))).toBe(0);
  expect(bytesLeft('長'.repeat(1366))).toBe(MAX_BYTES - 4098);
  expect(bytesLeft('👩'.repeat(1000))).toBe(96);
});

test('messages of one minute stand together', () => {
  const message = (id: number, timeMs: number, kind: 'received' | 'delivered'): MessageView => ({ id, text: 'x', timeMs, state: { kind } });
  const found = groups([message(1, 0, 'received'), message(2, 59_000, 'received'), message(3, 59_500, 'delivered'), message(4, 61_000, 'delivered')]);
  expect(found.map(({ messages }) => messages.length)).toEqual([2, 1, 1]);
});
