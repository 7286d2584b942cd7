/**
 * How fast is the portable engine in a browser? In headless Chromium, through the engine port with serialised
 * records, against libsignal in Node on the same machine, in turns; in portable code alone; and in one page
 * against the library that browsers had until now.
 */
import type { BenchCase, Side } from '../harness.js';
import { openBenchPage, type BenchPage } from './browser/bench-page.js';
import { nativeMakers } from './engine/native-devices.js';
import { prepareScript, type ScriptName } from './engine/scripts.js';

/** Sides of which one at least is in a page, which is closed with them. */
async function inPage(file: string, sides: (page: BenchPage) => Promise<{ ours: Side; peer: Side }>) {
  const page = await openBenchPage(file);
  try {
    return { ...(await sides(page)), close: page.close };
  } catch (error) {
    await page.close();
    throw error;
  }
}

function againstNative(
  script: ScriptName,
  unit: string,
  countPerSlice: number,
  side: 'portable' | 'noble' = 'portable',
): BenchCase {
  return {
    name: side === 'noble' ? `noble-${script}` : script,
    unit,
    peerName: 'libsignal-in-node',
    countPerSlice,
    prepare: () =>
      inPage('page.ts', async (page) => ({
        ours: await page.side(script, side),
        peer: await prepareScript(script, nativeMakers),
      })),
  };
}

/**
 * Both in one page. The peer is slow: few at a time, or a slice would take seconds; but ours long enough to be
 * more than the start of it.
 */
function againstPrivacyResearch(script: ScriptName, unit: string, countPerSlice: number): BenchCase {
  return {
    name: `same-page-${script}`,
    unit,
    peerName: 'privacyresearch',
    countPerSlice,
    rounds: 15,
    prepare: () =>
      inPage('rival-page.ts', async (page) => ({
        ours: await page.side(script, 'portable'),
        peer: await page.side(script, 'privacyresearch'),
      })),
  };
}

/** The cases of `npm run bench -- browser`. */
export const cases: readonly BenchCase[] = [
  againstNative('ping-pong-256', 'messages', 60),
  againstNative('ping-pong-4096', 'messages', 60),
  againstNative('one-way-256', 'messages', 120),
  againstNative('one-way-4096', 'messages', 120),
  againstNative('one-way-256-2000-skipped', 'messages', 40),
  againstNative('session-setup', 'sessions', 30),
  againstNative('first-decrypt', 'sessions', 20),
  againstNative('group-encrypt', 'messages', 200),
  againstNative('group-decrypt', 'messages', 120),
  againstNative('sealed-encrypt', 'messages', 80),
  againstNative('sealed-decrypt', 'messages', 80),
  againstNative('100-pre-keys', 'batches', 4),
  againstNative('ping-pong-256', 'messages', 40, 'noble'),
  againstPrivacyResearch('ping-pong-256', 'messages', 40),
  againstPrivacyResearch('session-setup', 'sessions', 4),
  againstPrivacyResearch('one-way-256', 'messages', 120),
];
