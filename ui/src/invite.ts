/** The text that opens a remembered room again: its name, or an invite when it was on another server. */
import type { Recent } from './generated/view';

export function inviteOf(room: Pick<Recent, 'roomId' | 'serverUrl'>): string {
  if (room.serverUrl === null) return room.roomId;
  const host = /^wss?:\/\/([^/]+)/i.exec(room.serverUrl)?.[1];
  if (host === undefined) return room.roomId;
  const name = encodeURIComponent(room.roomId);
  return /^wss:/i.test(room.serverUrl) ? `https://${host}/r/${name}` : `duet://${host}/${name}`;
}
