/** The four corners of the stage, where the small picture can stand. Pure. */
export type Corner = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

/** The corner nearest to a point of the stage. */
export function nearestCorner(x: number, y: number, width: number, height: number): Corner {
  return cornerOf(y < height / 2, x < width / 2);
}

/** Where an arrow key leads; the same corner when it is at that edge. */
export function moveCorner(corner: Corner, key: string): Corner {
  const top = key === 'ArrowUp' || (key !== 'ArrowDown' && corner.startsWith('top'));
  const left = key === 'ArrowLeft' || (key !== 'ArrowRight' && corner.endsWith('left'));
  return cornerOf(top, left);
}

function cornerOf(top: boolean, left: boolean): Corner {
  if (top) return left ? 'top-left' : 'top-right';
  return left ? 'bottom-left' : 'bottom-right';
}
