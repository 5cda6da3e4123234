/**
 * Links in a text, by allow-list: `https://` and `http://` in plain ASCII, shown whole. Everything else stays text. Pure.
 * A host that runs on into letters of another script is no link: what is underlined would not be what the eye reads.
 */
export interface Segment {
  text: string;
  /** Opens this, which is what it shows. */
  link: boolean;
}

const CANDIDATE = /https?:\/\/[!-~]+/giu;
/** Marks that end a sentence or a bracket rather than an address. */
const TRAILING = /[.,;:!?'"`)\]}>*_~]+$/u;
/** Nothing that ends the host early, names a person or quotes markup. */
const ADDRESS = /^https?:\/\/(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#][^"'<>\\^`{|}]*)?$/iu;
const HOST_ONLY = /^https?:\/\/[^/?#]*$/iu;
const MAX_LINK = 2048;

export function segments(text: string): Segment[] {
  const found: Segment[] = [];
  let done = 0;
  const add = (part: string, link: boolean): void => {
    if (part !== '') found.push({ text: part, link });
  };
  for (const match of text.matchAll(CANDIDATE)) {
    const candidate = match[0].replace(/["'<>].*$/su, '').replace(TRAILING, '');
    const before = text.slice(0, match.index);
    const after = text.slice(match.index + match[0].length);
    const grows = match[0] === candidate && HOST_ONLY.test(candidate) && /^[\p{L}\p{N}\p{M}\p{Cf}]/u.test(after);
    const sticks = /[\p{Script=Latin}\p{Nd}_]$/u.test(before);
    if (sticks || grows || candidate.length > MAX_LINK || !ADDRESS.test(candidate)) continue;
    add(text.slice(done, match.index), false);
    add(candidate, true);
    done = match.index + candidate.length;
  }
  add(text.slice(done), false);
  return found;
}
