/** What stands behind the `#` of an invite: a secret of the two people, and for a closed server the token that admits. Pure. */

/** What tells a token from a secret. */
const PREFIX = '#t=';

/**
 * The token, if the invite carries one: `#t=TOKEN` or `#t=TOKEN&SECRET`. It is all that ever goes to the server.
 *
 * @param {string} fragment with its `#`, or empty
 * @returns {string | null}
 */
export function tokenOf(fragment) {
  const token = fragment.startsWith(PREFIX) ? fragment.slice(PREFIX.length).split('&')[0] : '';
  return token === undefined || token === '' ? null : token;
}
