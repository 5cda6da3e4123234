/**
 * What the page's own address says: the room, the server, and the links to hand on. Pure.
 *
 * The page has no settings: it joins on the server that sent it, which its CSP admits alone.
 */

/** The part of `Location` that counts. @typedef {Pick<Location, 'protocol' | 'hostname' | 'port' | 'host' | 'origin'>} Place */

/** As the protocol's limits say. */
export const MAX_ID_CHARS = 64;

/** A server on a local network listens here when an invite names no port. */
const LOCAL_SERVER_PORT = '7440';

/**
 * The room that a path names: `/r/ROOM`, percent-decoded. The server has checked it; a path it would not serve gives null.
 *
 * @param {string} pathname
 * @returns {string | null}
 */
export function roomOf(pathname) {
  const segment = /^\/r\/([^/]+)$/.exec(pathname)?.[1];
  if (segment === undefined) return null;
  try {
    return checkedId(decodeURIComponent(segment));
  } catch {
    return null;
  }
}

/**
 * A room id or a name as the protocol takes it: trimmed, 1–64 characters, no control characters, no line or paragraph
 * separators, nothing that turns the direction of the text beside it. Null if it is none.
 *
 * @param {string} text
 * @returns {string | null}
 */
export function checkedId(text) {
  const trimmed = text.trim();
  const length = [...trimmed].length;
  const isAllowed = !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(trimmed);
  return length >= 1 && length <= MAX_ID_CHARS && isAllowed ? trimmed : null;
}

/**
 * What a person typed, in the form in which the application sends it: lower case, runs of spaces and hyphens one hyphen. Null
 * if it is no room id, or one that cannot stand in a link.
 *
 * @param {string} text
 * @returns {string | null}
 */
export function typedRoom(text) {
  const spaced = checkedId(text.split(/\s+/u).join(' '));
  if (spaced === null) return null;
  const words = spaced.split(/[\s-]+/u).filter((word) => word !== '');
  const room = words.length === 0 ? spaced : words.join('-').toLowerCase();
  return room === '.' || room === '..' ? null : checkedId(room);
}

/** @param {string} room */
export const pathOf = (room) => `/r/${segmentOf(room)}`;

/**
 * The server's WebSocket, on the page's own host.
 *
 * @param {Place} place
 */
export const signalingUrl = (place) => `${place.protocol === 'https:' ? 'wss' : 'ws'}://${place.host}/ws`;

/**
 * The invite to hand on: this page's own address, with what stood behind its `#`.
 *
 * @param {Place} place
 * @param {string} room
 * @param {string} fragment with its `#`, or empty
 */
export const inviteLink = (place, room, fragment) => `${place.origin}${pathOf(room)}${fragment}`;

/**
 * The same invite for the application. Null where `duet://` would lead it to another place than this page's server: it means
 * plain `ws` on the addresses of a local network, and `wss` everywhere else.
 *
 * @param {Place} place
 * @param {string} room
 * @param {string} fragment with its `#`, or empty
 * @returns {string | null}
 */
export function duetLink(place, room, fragment) {
  const isTls = place.protocol === 'https:';
  if (isTls === isLocal(place.hostname)) return null;
  const port = place.port === '' && !isTls ? '80' : place.port;
  const host = port === '' || (!isTls && port === LOCAL_SERVER_PORT) ? place.host : `${place.hostname}:${port}`;
  return `duet://${host}/${segmentOf(room)}${fragment}`;
}

/**
 * An address of a home or office network, or this machine; as the protocol's invites tell them.
 *
 * @param {string} hostname
 */
function isLocal(hostname) {
  if (hostname === 'localhost' || hostname.endsWith('.local')) return true;
  if (/^\[(::1|f[cd]|fe[89ab])/i.test(hostname)) return true;
  const parts = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(hostname)?.slice(1).map(Number);
  if (parts === undefined) return false;
  const [first = -1, second = -1] = parts;
  return first === 10 || first === 127 || (first === 192 && second === 168) || (first === 169 && second === 254) || (first === 172 && second >= 16 && second < 32);
}

/** More than URLs demand, so that messengers do not cut the link. @param {string} room */
function segmentOf(room) {
  return encodeURIComponent(room).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
