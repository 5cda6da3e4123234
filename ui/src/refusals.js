/**
 * The words for the `error` codes of the protocol, to a person who wanted to join; a code that is not known is named in its own.
 * Plain JavaScript, because the guest page takes it as it is.
 *
 * @param {string} code
 * @returns {'failed.refusedBusy' | 'failed.refusedHeld' | 'failed.refusedAlone' | 'failed.refusedForeign' | 'failed.refused'}
 */
export function refusalKey(code) {
  switch (code) {
    case 'unavailable':
    case 'server-draining':
      return 'failed.refusedBusy';
    case 'uid-taken':
    case 'uid-mismatch':
    case 'already-in-room':
      return 'failed.refusedHeld';
    case 'not-in-room':
    case 'no-such-peer':
      return 'failed.refusedAlone';
    case 'unknown-command':
    case 'bad-message':
    case 'too-large':
      return 'failed.refusedForeign';
    default:
      return 'failed.refused';
  }
}
