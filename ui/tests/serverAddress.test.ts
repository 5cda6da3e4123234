/** What people paste as a server. */
import { expect, test } from 'vitest';
import { serverAddress } from '../src/serverAddress';

test.each([
  ['duet.example.org', 'wss://duet.example.org/ws'],
  ['duet.example.org:8443', 'wss://duet.example.org:8443/ws'],
  ['https://duet.example.org', 'wss://duet.example.org/ws'],
  ['https://duet.example.org:443/', 'wss://duet.example.org/ws'],
  ['HTTPS://Duet.Example.org/r/amber-river#t=secret', 'wss://duet.example.org/ws'],
  ['https://example.org/duet/ws', 'wss://example.org/duet/ws'],
  ['http://duet.example.org', 'wss://duet.example.org/ws'],
  ['http://duet.example.org:8080/', 'wss://duet.example.org:8080/ws'],
  ['duet://duet.example.org/amber', 'wss://duet.example.org/ws'],
  [' wss://duet.example.org/ws ', 'wss://duet.example.org/ws'],
  ['wss://duet.example.org', 'wss://duet.example.org/ws'],
  ['wss://example.org/deeper/', 'wss://example.org/deeper/'],
])('%s is reached with TLS', (typed, address) => expect(serverAddress(typed)).toBe(address));

test.each([
  ['192.168.1.20', 'ws://192.168.1.20:7440/ws'],
  ['192.168.178.42:7440', 'ws://192.168.178.42:7440/ws'],
  ['10.0.0.5:80', 'ws://10.0.0.5:80/ws'],
  ['http://172.16.0.9/', 'ws://172.16.0.9:80/ws'],
  ['duet://192.168.1.20:9000/amber', 'ws://192.168.1.20:9000/ws'],
  ['localhost:7440', 'ws://localhost:7440/ws'],
  ['studio.local', 'ws://studio.local:7440/ws'],
  ['[::1]:7440', 'ws://[::1]:7440/ws'],
  ['[fe80::1]', 'ws://[fe80::1]:7440/ws'],
])('%s is private: no certificate can be had', (typed, address) => expect(serverAddress(typed)).toBe(address));

test.each([['172.32.0.1', 'wss://172.32.0.1/ws'], ['10.example.org', 'wss://10.example.org/ws'], ['[2001:db8::1]:7440', 'wss://[2001:db8::1]:7440/ws'], ['https://192.168.1.20', 'wss://192.168.1.20/ws'], ['192.168.1.20.evil.example', 'wss://192.168.1.20.evil.example/ws']])(
  '%s is not private, or was asked for with TLS',
  (typed, address) => expect(serverAddress(typed)).toBe(address),
);

test('plain ws is kept where somebody typed it', () => {
  expect(serverAddress('ws://duet.example.org:7440/ws')).toBe('ws://duet.example.org:7440/ws');
  expect(serverAddress('ws://duet.example.org')).toBe('ws://duet.example.org/ws');
});

test('nothing is the server of this computer', () => expect(serverAddress('  ')).toBe(''));

test.each(['not a server', 'ftp://duet.example.org', 'javascript:alert(1)', 'turn:relay.example.net', 'https://', 'wss://user:word@duet.example.org/ws', 'duet.example.org:99999', 'http://[', '://x'])(
  '%s is no server',
  (typed) => expect(serverAddress(typed)).toBeNull(),
);
