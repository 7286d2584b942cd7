/** The two relays of the bench, each a process of its own: ours embedded, and a bare one that keeps nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A relay that can be reached. */
export interface RelayProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `bare-relay.ts` or `embedded-relay.ts`; the first line a child prints is its URL. */
export async function startRelay(
  file: 'bare-relay.ts' | 'embedded-relay.ts',
  dataFolder: string,
): Promise<RelayProcess> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstLine(child);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the relay has no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the relay ended before it said where it is');
}
