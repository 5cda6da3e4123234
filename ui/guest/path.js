/** Which way the media goes, in the words of the application. */

/** @typedef {'unknown' | 'local' | 'direct' | 'relay'} PathKind */

/**
 * @param {Pick<RTCPeerConnection, 'getStats'>} pc
 * @returns {Promise<PathKind>}
 */
export async function pathKind(pc) {
  const stats = await pc.getStats();
  /** @type {any[]} */
  const all = [...stats.values()];
  const transport = all.find(({ type }) => type === 'transport');
  const isSelected = (/** @type {any} */ pair) => (transport?.selectedCandidatePairId ? pair.id === transport.selectedCandidatePairId : pair.selected || (pair.nominated && pair.state === 'succeeded'));
  const pair = all.find((entry) => entry.type === 'candidate-pair' && isSelected(entry));
  return kindOf(stats.get(pair?.localCandidateId)?.candidateType, stats.get(pair?.remoteCandidateId)?.candidateType);
}

/**
 * @param {string | undefined} local type of a candidate
 * @param {string | undefined} remote
 * @returns {PathKind}
 */
export function kindOf(local, remote) {
  if (local === undefined || remote === undefined) return 'unknown';
  if (local === 'relay' || remote === 'relay') return 'relay';
  return local === 'host' && remote === 'host' ? 'local' : 'direct';
}
