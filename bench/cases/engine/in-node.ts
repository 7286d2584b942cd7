/** An engine of ours in Node, through its port, beside libsignal called directly. Knows no engine by name. */
import type { ProtocolEngine } from '../../../sdk/src/ports/index.js';
import type { BenchCase } from '../../harness.js';
import { engineMakers } from './engine-devices.js';
import { nativeMakers } from './native-devices.js';
import { prepareScript, type ScriptName } from './scripts.js';

/** A case that runs one script on both sides. */
export interface ScriptCase extends Pick<BenchCase, 'name' | 'unit' | 'countPerSlice'> {
  readonly script: ScriptName;
}

/** The comparison. @param makeEngine - called once, when the case is prepared */
export function againstLibsignal(
  { script, ...named }: ScriptCase,
  makeEngine: () => ProtocolEngine,
): BenchCase {
  return {
    ...named,
    peerName: 'libsignal',
    prepare: async () => ({
      ours: await prepareScript(script, engineMakers(makeEngine())),
      peer: await prepareScript(script, nativeMakers),
    }),
  };
}
