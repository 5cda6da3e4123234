import { expect, test } from 'vitest';
import { castCode } from '../src/castCode';

test('what people type is the code they see', () => {
  for (const typed of ['0A1BC10Z', ' oa1b c1oz ', 'OaIb-cLoZ', '0a-1b – c1_0z', '0a1b\tc10z\n']) {
    expect(castCode(typed), typed).toBe('0A1B-C10Z');
  }
});

test('what is no code is none', () => {
  for (const typed of ['', '-', '0A1B-C10', '0A1B-C10ZZ', '0A1B-C10U', '0A1B.C10Z', '0A1B-C10é']) {
    expect(castCode(typed), typed).toBeNull();
  }
});
