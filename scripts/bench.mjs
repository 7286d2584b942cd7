/**
 * `npm run bench -- NAME [CASE] [--json]`: builds what is not built and runs `bench/main.ts` on it. What is
 * measured is what users install: run from source, every inner function would be named again at each call.
 */
import { build } from './build.mjs';
import { run } from './lib/run.mjs';

const built = await build({ ifNeeded: true });
const { code } = built
  ? await run(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2)], {
      inherit: true,
    })
  : { code: 1 };
process.exitCode = code;
