/** `npm run chat -- --name alice`: builds what is not built and runs the terminal chat. */
import { build } from './build.mjs';

if (!(await build({ ifNeeded: true }))) process.exit(1);
await import('../examples/terminal-chat/dist/main.js');
