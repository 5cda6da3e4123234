import { expect, test } from 'vitest';
import { inviteOf } from '../src/invite';

test('a room of our server is its name', () => {
  expect(inviteOf({ roomId: 'a room', serverUrl: null })).toBe('a room');
});

test('a room elsewhere is an invite that leads there', () => {
  expect(inviteOf({ roomId: 'a room', serverUrl: 'wss://duet.example.org/ws' })).toBe('https://duet.example.org/r/a%20room');
  expect(inviteOf({ roomId: '房间', serverUrl: 'ws://192.168.1.7:7440/ws' })).toBe('duet://192.168.1.7:7440/%E6%88%BF%E9%97%B4');
});
