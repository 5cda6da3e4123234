/**
 * How names and the call's time are shown, for the window and for the guest page. Plain JavaScript, because that page takes it
 * as it is.
 */

/**
 * `24:18`, `1:08:02`: the call timer.
 *
 * @param {number} durationMs
 */
export function clockTime(durationMs) {
  const total = Math.max(0, Math.floor(durationMs / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/**
 * Up to two letters for an avatar; a Chinese name gives its first character.
 *
 * @param {string} name
 */
export function initials(name) {
  const parts = name.trim().split(/\s+/).filter((part) => part !== '');
  const first = [...(parts[0] ?? '')][0] ?? '';
  if (first === '') return '?';
  if (/\p{Script=Han}/u.test(first) || parts.length === 1) return first.toLocaleUpperCase();
  return (first + ([...(parts.at(-1) ?? '')][0] ?? '')).toLocaleUpperCase();
}

/**
 * The same name has the same tint everywhere.
 *
 * @param {string} name
 * @returns {'' | 'b' | 'c' | 'd'}
 */
export function tint(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return /** @type {const} */ (['', 'b', 'c', 'd'])[sum % 4] ?? '';
}

/**
 * −60 dBFS and less is nothing, 0 is full.
 *
 * @param {number} dbfs
 */
export const levelRatio = (dbfs) => Math.min(1, Math.max(0, (dbfs + 60) / 60));
