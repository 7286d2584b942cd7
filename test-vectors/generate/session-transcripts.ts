/**
 * Conversations between the portable engine and libsignal, written down as the portable one had them. Its
 * randomness is a seed's; libsignal's is not, so that each recording is another one: they are made only
 * when asked for.
 */
import { libsignalEngine } from '../../sdk/src/engines/libsignal/index.js';
import { portableEngine } from '../../sdk/src/engines/portable/index.js';
import { startTime, testAddress } from '../../sdk/src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../sdk/src/testing/index.js';
import { recordedEngine } from '../../sdk/test/engines/interop/recorded-engine.js';
import { calm, happenings, type Weather } from '../../sdk/test/engines/interop/schedule.js';
import type { TranscriptDevices } from '../../sdk/test/engines/interop/transcript.js';
import { InteropWorld } from '../../sdk/test/engines/interop/world.js';
import { hex, type VectorFile, type VectorTest } from './vector-file.js';

const rough: Weather = { ...calm, name: 'rough', loss: 0.1, duplication: 0.1, disorder: 0.3, maxBurst: 4 };
const renewed: Weather = { ...rough, name: 'renewed', renewal: 0.08 };

interface Recording {
  readonly id: string;
  readonly weather: Weather;
  readonly messages: number;
  readonly starts: 'portable' | 'libsignal';
}

const recordings: readonly Recording[] = [
  { id: 'portable-starts', weather: rough, messages: 240, starts: 'portable' },
  { id: 'libsignal-starts', weather: rough, messages: 240, starts: 'libsignal' },
  { id: 'sessions-come-and-go', weather: renewed, messages: 120, starts: 'portable' },
];

/** Records all of them anew. */
export async function sessionTranscripts(): Promise<VectorFile> {
  const tests: VectorTest[] = [];
  for (const recording of recordings) tests.push(await record(recording));
  return {
    operation: 'session-transcript',
    schemaVersion: 1,
    about:
      'Conversations with libsignal in which messages are lost, doubled and out of order, as the other device ' +
      'had them. Its randomness is a stream named by `seed`, of which an implementation draws in its own ' +
      'order: they show that one implementation does the same in every runtime.',
    hex: ['identityKey', 'publicKey', 'signature', 'ciphertext', 'digest'],
    tests,
  };
}

async function record({ id, weather, messages, starts }: Recording): Promise<VectorTest> {
  const { engine, steps } = recordedEngine(portableEngine({ random: seededRandom(id) }));
  const [alice, bob] = starts === 'portable' ? [engine, libsignalEngine()] : [libsignalEngine(), engine];
  const world = await InteropWorld.create(id, alice, bob);
  await world.run([
    { kind: 'send', from: 'alice' },
    { kind: 'drain', to: 'bob' },
  ]);
  const tally = await world.run(happenings(weather, messages, id));
  const [ours, theirs] = starts === 'portable' ? [1, 2] : [2, 1];
  const devices: TranscriptDevices = {
    our: { address: testAddress(ours, 1), registrationId: 1000 + ours * 128 + 1 },
    their: testAddress(theirs, 1),
    now: startTime,
  };
  return {
    id,
    comment: `${tally.sent} messages, ${tally.epochs} epochs of the post-quantum ratchet`,
    flags: [`${starts}-starts`, weather.name],
    source: '@signalapp/libsignal-client 0.103.0 was the other device',
    input: { seed: id, devices, steps: steps.map(spelled) },
    result: 'valid',
  };
}

/** Bytes as text, wherever they are. */
function spelled(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, spelled(member)]));
}
