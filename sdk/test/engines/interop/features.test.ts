/** What two engines do for each other, feature by feature and in both directions, and one table of it. */
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/testing/index.js';
import { engineNamed, type EngineName } from '../../support/engines.js';
import { features } from './features.js';

const directions = [
  ['portable', 'libsignal'],
  ['libsignal', 'portable'],
  ['portable', 'portable'],
] as const;

const nameOf = ([left, right]: readonly [EngineName, EngineName]) => `${left} → ${right}`;
const results = new Map<string, Map<string, string>>();

function note(feature: string, direction: string, result: string): void {
  const row = results.get(feature) ?? new Map<string, string>();
  results.set(feature, row.set(direction, result));
}

describe.each(Object.entries(features))('%s', (feature, play) => {
  it.each(directions)('%s to %s', { timeout: 120_000 }, async (...direction) => {
    note(feature, nameOf(direction), 'fails');
    const [left, right] = direction.map((name, index) =>
      engineNamed(name, seededRandom(`${feature}/${index}`)),
    );
    await play({ left: left!, right: right! });
    note(feature, nameOf(direction), 'works');
  });
});

afterAll(() => {
  const columns = directions.map(nameOf);
  const width = Math.max(...Object.keys(features).map((name) => name.length));
  const lines = Object.keys(features).map((feature) => {
    const cells = columns.map((name) => (results.get(feature)?.get(name) ?? '–').padEnd(name.length));
    return `${feature.padEnd(width)}  ${cells.join('  ')}`;
  });
  console.log([`${''.padEnd(width)}  ${columns.join('  ')}`, ...lines].join('\n'));
  expect(results.size).toBe(Object.keys(features).length);
});
