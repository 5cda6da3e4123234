/** The code of a display: eight characters of Crockford's base32, however they are typed. Pure; the server judges again. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** As it is shown, `XXXX-XXXX`; null if it is no code. */
export function castCode(typed: string): string | null {
  const plain = typed.replace(/[\s\-_\u2010-\u2015\u2212]/gu, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  if (plain.length !== 8 || [...plain].some((character) => !ALPHABET.includes(character))) return null;
  return `${plain.slice(0, 4)}-${plain.slice(4)}`;
}
