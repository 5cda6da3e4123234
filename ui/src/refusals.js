/**
 * What the `error` codes of the protocol mean to a person who wanted to join: a code that is not known has no word. Plain
 * JavaScript, because the guest page takes it as it is.
 *
 * @param {string} code
 * @returns {'busy' | 'held' | 'alone' | 'foreign' | null}
 */
export function refusalKind(code) {
  switch (code) {
    case 'unavailable':
    case 'server-draining':
      return 'busy';
    case 'uid-taken':
    case 'uid-mismatch':
    case 'already-in-room':
      return 'held';
    case 'not-in-room':
    case 'no-such-peer':
      return 'alone';
    case 'unknown-command':
    case 'bad-message':
    case 'too-large':
      return 'foreign';
    default:
      return null;
  }
}
