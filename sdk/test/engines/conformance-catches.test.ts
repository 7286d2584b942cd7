/** The engine suite against engines that are wrong in one way each: the case meant for it must fail. */
import { describe, expect, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import type { ProtocolEngine } from '../../src/ports/index.js';
import { runEngineConformance, runEngineInterop, type ConformanceRunner } from '@sotto/sdk/testing';
import type { Breakage } from './broken/breakage.js';
import { decryptionErrorBreakages, groupBreakages } from './broken/groups.js';
import { certificateBreakages, sealedBreakages } from './broken/sealed.js';
import { sessionBreakages } from './broken/sessions.js';

interface Case {
  /** With those of the groups it is in. */
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** The cases that a suite declares, instead of running them. */
function casesOf(declare: (runner: ConformanceRunner) => void): readonly Case[] {
  const cases: Case[] = [];
  const groups: string[] = [];
  declare({
    describe: (name, body) => {
      groups.push(name);
      body();
      groups.pop();
    },
    it: (name, body) => cases.push({ name: [...groups, name].join(' > '), body }),
  });
  return cases;
}

const breakages: readonly Breakage[] = [
  ...sessionBreakages,
  ...groupBreakages,
  ...certificateBreakages,
  ...sealedBreakages,
  ...decryptionErrorBreakages,
];

function casesFor(create: () => ProtocolEngine, name: string): readonly Case[] {
  const cases = casesOf((runner) => runEngineConformance(runner, { name: 'broken', create }));
  return cases.filter((one) => one.name.endsWith(` > ${name}`));
}

/** Says under which name a session is started. */
function named(name: string, seen: string[]): () => ProtocolEngine {
  return () => {
    const good = libsignalEngine();
    return { ...good, startSession: (view, input) => (seen.push(name), good.startSession(view, input)) };
  };
}

describe('the engine suite', () => {
  it.each(breakages)('catches an engine that %s', async (_what, caughtBy, breakage) => {
    const [found, ...others] = casesFor(() => {
      const good = libsignalEngine();
      return { ...good, ...breakage(good) };
    }, caughtBy);
    expect(others).toEqual([]);
    await expect((found as Case).body()).rejects.toThrow();
    // The case fails for what is wrong with the engine alone.
    const [same] = casesFor(libsignalEngine, caughtBy);
    await (same as Case).body();
  });

  it.each([
    ['with a peer', ['ours', 'ours', 'theirs']],
    ['of two engines', ['ours', 'theirs']],
  ])('%s runs in both directions', async (which, expected) => {
    const seen: string[] = [];
    const [left, right] = [named('ours', seen), named('theirs', seen)];
    const cases = casesOf((runner) => {
      if (which === 'of two engines') runEngineInterop(runner, { left, right });
      else runEngineConformance(runner, { name: 'ours', create: left, peer: right });
    });
    const name = ' > sessions > carry a first message, an answer and what follows';
    for (const { body } of cases.filter((one) => one.name.endsWith(name))) await body();
    expect(seen).toEqual(expected);
  });
});
