/** The simulation finds what it is there to find: engines and networks that break one promise each, and it says which. */
import { describe, expect, it } from 'vitest';
import { SottoError } from '../../src/errors.js';
import { portableEngine } from '../../src/engines/portable/index.js';
import type { ProtocolEngine } from '../../src/ports/index.js';
import type { SimulationAction } from '../../src/testing/simulation/actions.js';
import {
  simulate,
  SimulationFailure,
  type SimulationOptions,
  type SimulationReport,
} from '../../src/testing/simulation/simulate.js';
import { Ledger } from '../../src/testing/simulation/ledger.js';
import { Trace } from '../../src/testing/simulation/trace.js';
import { WireWatch } from '../../src/testing/simulation/wire-watch.js';
import type { TestEngine } from '../../src/testing/network/test-engines.js';

type Break = (engine: ProtocolEngine) => Partial<ProtocolEngine>;

/** Portable engines that are broken once everybody knows everybody. */
function broken(change: Break): TestEngine {
  return ({ random }) => {
    const engine = portableEngine({ random });
    return { ...engine, ...change(engine) };
  };
}

const orderly: SimulationAction = { kind: 'quiet', orderly: true };
const say = (...texts: string[]): SimulationAction => ({ kind: 'send', who: 'alice', peer: 'bob', texts });
const conversation: readonly SimulationAction[] = [
  say('one'),
  { kind: 'pass', durationMs: 1_000 },
  say('two', 'three'),
  { kind: 'pass', durationMs: 1_000 },
  orderly,
];

async function failureOf(options: Partial<SimulationOptions>): Promise<SimulationFailure> {
  const report = simulate({ seed: 'catches', accounts: 2, schedule: conversation, ...options });
  const failure = await report.then(
    (held: SimulationReport) => held,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(SimulationFailure);
  return failure as SimulationFailure;
}

describe('the simulation', () => {
  it('holds for what is not broken', async () => {
    const report = await simulate({ seed: 'catches', accounts: 2, schedule: conversation });
    // The last two are said to see whether both use one session.
    expect(report).toMatchObject({ steps: 4, written: 5, delivered: 5, failed: {}, undecryptable: {} });
  });

  it('holds where what came while its sender was blocked is shown again when it is not any more', async () => {
    const pass: SimulationAction = { kind: 'pass', durationMs: 30_000 };
    const cut: SimulationAction = { kind: 'cut', who: 'bob' };
    const schedule: readonly SimulationAction[] = [
      say('one'),
      pass,
      // Kept back once: its mark might be gone by now, and is not.
      { kind: 'pages', how: 'drop', times: 1 },
      say('two'),
      { kind: 'block', who: 'bob', peer: 'alice' },
      { kind: 'lose', part: 'request', operation: 'acknowledge', loss: 'disconnect', times: 50 },
      cut,
      pass,
      { kind: 'unplug', who: 'bob' },
      { kind: 'unblock', who: 'bob', peer: 'alice' },
      { kind: 'plug', who: 'bob' },
      pass,
      orderly,
    ];
    const report = await simulate({ seed: 'catches', accounts: 2, schedule });
    expect(report).toMatchObject({ failed: {}, undecryptable: {} });
  });

  it('finds an engine that uses a message key twice', async () => {
    const engine = broken((sound) => ({
      encrypt: async (view, input) => ({ ...(await sound.encrypt(view, input)), changes: [] }),
    }));
    expect((await failureOf({ engine })).message).toMatch(/message key .* used twice/);
  });

  it('finds a message whose ratchet step is not in its commit', async () => {
    const engine = broken((sound) => ({
      decrypt: async (view, input) => {
        const { result, changes } = await sound.decrypt(view, input);
        return { result, changes: changes.filter(({ key }) => !key.startsWith('session/')) };
      },
    }));
    expect((await failureOf({ engine })).message).toMatch(/took effect without its ratchet step/);
  });

  it('finds a message that is lost though its reason is told', async () => {
    const engine = broken((sound) => ({
      decrypt: async (view, input) => {
        const step = await sound.decrypt(view, input);
        // Also when it comes again.
        if (Buffer.from(step.result.plaintext).includes('"two"')) throw new SottoError('invalid-message');
        return step;
      },
    }));
    // Long before the check that finds it, and between those who have nothing to do with it much happens.
    const chatter = Array.from({ length: 60 }, (_, n): SimulationAction[] => [
      { kind: 'send', who: 'carol', peer: 'bob', texts: [`by the way ${n}`] },
      { kind: 'pass', durationMs: 1_000 },
    ]);
    const schedule = [...conversation.slice(0, -1), ...chatter.flat(), orderly];
    const { message, around } = await failureOf({ engine, accounts: 3, schedule });
    expect(message).toMatch(/text two of alice ended at bob in invalid-message/);
    const told = around.join('\n');
    expect(told).toMatch(/alice encrypts message .*: text two \(with bob\)/);
    expect(told).toMatch(/bob is done with text two: invalid-message/);
    expect(told).not.toMatch(/carol encrypts message .*: text by the way 5 /);
  });

  it('finds a reason that is told of no envelope', async () => {
    const trace = new Trace();
    const ledger = new Ledger('bob', trace, new WireWatch(trace), new Map());
    const entry = { v: 1, d: { type: 'undecryptable', reason: 'no-session' } };
    ledger.written([{ key: 'journal/1', value: new TextEncoder().encode(JSON.stringify(entry)) }]);
    expect(() => trace.assertInnocent()).toThrow('bob told no-session of no one envelope');
  });

  it('finds a reason that is not counted in the commit that tells it, or counted twice', async () => {
    const trace = new Trace();
    const ledger = new Ledger('bob', trace, new WireWatch(trace), new Map());
    const record = (value: unknown) => new TextEncoder().encode(JSON.stringify({ v: 1, d: value }));
    const told = (seq: number) => [
      { key: `seen/${seq}`, value: new Uint8Array(32) },
      { key: `journal/${seq}`, value: record({ type: 'undecryptable', reason: 'no-session' }) },
    ];
    const counted = (count: number) => ({ key: 'counters', value: record([{ name: 'no-session', count }]) });
    ledger.written([...told(1), counted(1)]);
    trace.assertInnocent();
    ledger.written(told(2));
    expect(() => trace.assertInnocent()).toThrow('bob told and counted: nothing is counted');
    const again = new Trace();
    const other = new Ledger('bob', again, new WireWatch(again), new Map());
    other.written([...told(1), counted(2)]);
    expect(() => again.assertInnocent()).toThrow('bob told and counted: no-session 1 and 2');
  });

  it.each([
    ['where the network kept the order', conversation],
    [
      'where it did not, and the envelope was not late',
      [...conversation.slice(0, -1), { ...orderly, orderly: false }],
    ],
  ])('finds a message that could not be read at first and came again, %s', async (_, schedule) => {
    let spoilt: string | undefined;
    const engine = broken((sound) => ({
      decrypt: async (view, input) => {
        const step = await sound.decrypt(view, input);
        const tag = input.ciphertext.join();
        if (Buffer.from(step.result.plaintext).includes('"two"')) spoilt ??= tag;
        if (tag === spoilt) throw new SottoError('invalid-message');
        return step;
      },
    }));
    const { message, around } = await failureOf({ engine, schedule });
    expect(message).toMatch(/text two of alice ended at bob in invalid-message, and nothing explains it/);
    expect(around.join('\n')).toMatch(/bob is done with text two: effect/);
  });

  it('finds a reason that what the users did does not lead to', async () => {
    const engine = broken((sound) => ({
      decrypt: async (view, input) => {
        const step = await sound.decrypt(view, input);
        if (Buffer.from(step.result.plaintext).includes('"four"')) throw new SottoError('invalid-message');
        return step;
      },
    }));
    const block: SimulationAction = { kind: 'block', who: 'alice', peer: 'bob' };
    const schedule = [...conversation.slice(0, -1), say('four'), block, orderly];
    const { message } = await failureOf({ engine, schedule });
    expect(message).toMatch(/text four of alice ended at bob in invalid-message, and nothing explains it/);
  });

  it('finds a message that is dropped without a word', async () => {
    let decrypts = 0;
    const engine = broken((sound) => ({
      decrypt: async (view, input) => {
        if ((decrypts += 1) === 3) throw new SottoError('duplicate-message');
        return sound.decrypt(view, input);
      },
    }));
    expect((await failureOf({ engine })).message).toMatch(/was dropped at .* without a reason/);
  });

  it('finds messages that come out of order where the network kept it', async () => {
    const schedule: SimulationAction[] = [
      { kind: 'unplug', who: 'bob' },
      say('one', 'two'),
      { kind: 'pages', how: 'reorder', times: 1 },
      orderly,
    ];
    // The weather clears before everybody comes back: in order. Plugged in before, it comes reversed.
    await simulate({ seed: 'catches', accounts: 2, schedule });
    schedule.splice(3, 0, { kind: 'plug', who: 'bob' }, { kind: 'pass', durationMs: 60_000 });
    const { message, around, step } = await failureOf({ schedule });
    expect(message).toMatch(/out of order: two \| one/);
    expect(step).toBe(schedule.length - 1);
    expect(around.join('\n')).toContain('a page of 2 envelopes: reorder');
  });

  it('plays a seed again to the byte, and a failure from its own schedule', async () => {
    const options = { seed: 'again', accounts: 3, steps: 120 };
    expect(await simulate(options)).toEqual(await simulate(options));
    let encrypts = 0;
    const engine = broken((sound) => ({
      encrypt: async (view, input) => {
        const step = await sound.encrypt(view, input);
        return (encrypts += 1) % 40 === 0 ? { ...step, changes: [] } : step;
      },
    }));
    const first = await failureOf({ ...options, schedule: undefined, engine });
    encrypts = 0;
    const again = await failureOf({ ...options, schedule: first.schedule, engine });
    expect([again.step, again.message, again.around]).toEqual([first.step, first.message, first.around]);
  });

  it('refuses numbers that are none', async () => {
    await expect(simulate({ seed: 1, accounts: 1 })).rejects.toThrow(RangeError);
    await expect(simulate({ seed: 1, steps: 0 })).rejects.toThrow(RangeError);
  });
});
