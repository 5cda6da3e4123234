/** What stands behind the `#` of an invite: a secret of the two people, and for a closed server the token that admits. Pure. */

/**
 * The token, if the invite carries one: `#token=…`.
 *
 * @param {string} fragment with its `#`, or empty
 * @returns {string | null}
 */
export function tokenOf(fragment) {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token');
  return token === null || token === '' ? null : token;
}
