/**
 * The address of a server as people have it: a host, a link to its page, an invite, or the WebSocket address itself. Pure; no request
 * is made for it. As in invites, plain `ws` is for this computer and private networks alone, where no certificate can be had, unless
 * somebody typed `ws://` themselves.
 */

/** Where a server of a private network listens if nothing else is said. */
const LOCAL_PORT = '7440';
const SCHEMES = ['ws:', 'wss:', 'http:', 'https:', 'duet:'];

/** `ws://…` or `wss://…`; empty for the server of this computer; null if it is no address. */
export function serverAddress(typed: string): string | null {
  const text = typed.trim();
  if (text === '') return '';
  if (/\s/.test(text)) return null;
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (scheme !== '' && !SCHEMES.includes(scheme)) return null;
  const rest = text.slice(scheme === '' ? 0 : scheme.length + 2);
  const [authority = ''] = rest.split(/[/?#]/);
  // Read with a scheme that the standard knows, so that the host is judged as one.
  const readable = `https://${rest}`;
  if (!URL.canParse(readable)) return null;
  const url = new URL(readable);
  if (url.username !== '' || url.password !== '') return null;
  if (scheme === 'ws:' || scheme === 'wss:') return `${scheme}//${rest}${rest === authority ? '/ws' : ''}`;
  const port = /:(\d+)$/.exec(authority)?.[1];
  const path = pathOf(url);
  if (scheme !== 'https:' && isLocal(url.hostname)) return `ws://${url.hostname}:${port ?? (scheme === 'http:' ? '80' : LOCAL_PORT)}${path}`;
  // The port of a page without TLS is none for TLS.
  const isUsual = port === undefined || port === '443' || (scheme === 'http:' && port === '80');
  return `wss://${url.hostname}${isUsual ? '' : `:${port}`}${path}`;
}

/** Behind a proxy the socket may lie deeper; all else on the page of a server leads to `/ws`. */
const pathOf = (url: URL): string => (url.pathname.endsWith('/ws') ? url.pathname : '/ws');

function isLocal(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.local') || host.endsWith('.localhost')) return true;
  if (host.startsWith('[')) return host === '[::1]' || /^\[f[cd]/i.test(host) || /^\[fe[89ab]/i.test(host);
  return /^(127|10)\.\d+\.\d+\.\d+$|^192\.168\.\d+\.\d+$|^169\.254\.\d+\.\d+$|^172\.(1[6-9]|2\d|3[01])\.\d+\.\d+$/.test(host);
}
