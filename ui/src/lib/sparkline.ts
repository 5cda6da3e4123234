/** Paths for a 120 × 28 drawing: the highest value reaches the top, zero is the floor, unknown values are left out. */
export function sparkline(values: readonly (number | null)[]): { line: string; area: string } {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  if (known.length < 2) return { line: '', area: '' };
  const highest = Math.max(...known.map(({ value }) => value), Number.EPSILON);
  const step = 120 / Math.max(1, values.length - 1);
  const points = known.map(({ value, index }) => `${round(index * step)} ${round(26 - (value / highest) * 22)}`);
  const line = `M${points.join('L')}`;
  const first = known[0]?.index ?? 0;
  const last = known.at(-1)?.index ?? 0;
  return { line, area: `${line}L${round(last * step)} 28L${round(first * step)} 28z` };
}

const round = (value: number): number => Math.round(value * 10) / 10;
