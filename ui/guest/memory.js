/** What this browser remembers of a person: the name and the picked devices. Nothing of rooms and people. */

/** @typedef {'name' | 'camera' | 'microphone' | 'speaker'} Item */

/**
 * @param {Item} item
 * @returns {string} empty if nothing is kept
 */
export function recall(item) {
  try {
    return localStorage.getItem(`duet.${item}`) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {Item} item
 * @param {string} value
 */
export function remember(item, value) {
  try {
    localStorage.setItem(`duet.${item}`, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
